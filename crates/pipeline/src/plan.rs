//! The universal pipeline (article 000): what a repository holds decides what happens to it.

use std::collections::{BTreeMap, BTreeSet};

use towpath_archive::EntryPath;
use towpath_git::Repositories;
use towpath_model::pipeline::{
    Action, ActionTypeId, ArtifactRef, Category, Pipeline, PipelineNameError, Stage, StructureError,
};
use towpath_model::{CommitId, Project, ProjectName};
use towpath_runner::detect::{BuildFile, detect};

use crate::PipelineError;

/// The zip of the commit.
pub(crate) const SOURCE_ARTIFACT: &str = "SourceArtifact";
/// What the build kept.
pub(crate) const BUILD_ARTIFACT: &str = "BuildArtifact";
/// Where article 000 puts the manifests.
pub(crate) const MANIFESTS: &str = "k8s/";
const DOCKERFILE: &str = "Dockerfile";
const MAKEFILE: &str = "Makefile";
/// A Makefile above this size is not looked into for targets.
const MAKEFILE_LIMIT: u64 = 1 << 20;

/// A pipeline and why it is what it is, a sentence for each decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub pipeline: Pipeline,
    pub explanation: Vec<String>,
}

/// What of a commit the plan depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Paths of all files.
    pub files: BTreeSet<String>,
    /// The Makefile's text, when there is one.
    pub makefile: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error(
        "the repository holds nothing to build, package or deploy: add a buildspec.yml (or ci/build.sh and \
         ci/test.sh, or a Makefile with the targets build and test), a Dockerfile, or manifests under k8s/"
    )]
    NothingToDo,
    #[error(transparent)]
    Structure(#[from] StructureError),
    #[error(transparent)]
    Name(#[from] PipelineNameError),
}

impl Held {
    /// Reads what the plan needs from the repository.
    pub async fn read(
        repositories: &Repositories,
        project: &ProjectName,
        commit: &CommitId,
    ) -> Result<Self, PipelineError> {
        let files: BTreeSet<String> = repositories
            .list_files(project, commit)
            .await?
            .into_iter()
            .map(|entry| entry.path.to_string())
            .collect();
        let makefile = match EntryPath::parse(MAKEFILE.as_bytes()) {
            Ok(path) if files.contains(MAKEFILE) => {
                repositories
                    .read_file(project, commit, &path, MAKEFILE_LIMIT)
                    .await?
            }
            _ => None,
        };
        Ok(Self {
            files,
            makefile: makefile.map(|content| String::from_utf8_lossy(&content).into_owned()),
        })
    }

    fn has_manifests(&self) -> bool {
        self.files.iter().any(|path| is_manifest(path))
    }
}

/// A file that the Deploy action applies: YAML or JSON anywhere under `k8s/`.
pub(crate) fn is_manifest(path: &str) -> bool {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension);
    path.starts_with(MANIFESTS) && matches!(extension, Some("yml" | "yaml" | "json"))
}

/// The pipeline that follows from what the repository holds.
pub fn universal(project: &Project, held: &Held) -> Result<Plan, PlanError> {
    let mut stages = vec![stage("Source", source()?)?];
    let mut explanation = Vec::new();
    match detect(&held.files, held.makefile.as_deref()) {
        Some(found) => {
            stages.push(stage("Build", build(&found)?)?);
            explanation.push(found.explanation());
        }
        None => explanation
            .push("No Build: no buildspec.yml, ci/ scripts or Makefile targets.".to_owned()),
    }
    let built = stages.len() == 2;
    if held.files.contains(DOCKERFILE) {
        stages.push(stage("Image", image(built)?)?);
        explanation.push("Image from Dockerfile.".to_owned());
    } else {
        explanation.push("No Image: no Dockerfile at the root.".to_owned());
    }
    if held.has_manifests() {
        stages.push(stage("Deploy", deploy(project)?)?);
        explanation.push(format!(
            "Deploy the manifests under k8s/ to cluster {}, namespace {}.",
            project.cluster, project.namespace
        ));
    } else {
        explanation.push("No Deploy: no .yml, .yaml or .json under k8s/.".to_owned());
    }
    if stages.len() < 2 {
        return Err(PlanError::NothingToDo);
    }
    let pipeline = Pipeline {
        name: project.name.to_string(),
        stages,
    };
    pipeline.validate()?;
    Ok(Plan {
        pipeline,
        explanation,
    })
}

fn stage(name: &str, action: Action) -> Result<Stage, PipelineNameError> {
    Ok(Stage {
        name: name.parse()?,
        actions: vec![action],
    })
}

fn source() -> Result<Action, PipelineNameError> {
    let kind = action_type(Category::Source, "Towpath", "Git");
    action("Source", kind, [], &[], &[SOURCE_ARTIFACT])
}

fn build(found: &BuildFile) -> Result<Action, PipelineNameError> {
    let (owner, provider) = match found {
        BuildFile::Buildspec { .. } => ("AWS", "CodeBuild"),
        BuildFile::Scripts | BuildFile::Makefile => ("Towpath", "Shell"),
    };
    let kind = action_type(Category::Build, owner, provider);
    action("Build", kind, [], &[SOURCE_ARTIFACT], &[BUILD_ARTIFACT])
}

fn image(built: bool) -> Result<Action, PipelineNameError> {
    let inputs: &[&str] = match built {
        true => &[SOURCE_ARTIFACT, BUILD_ARTIFACT],
        false => &[SOURCE_ARTIFACT],
    };
    let kind = action_type(Category::Build, "Towpath", "Dockerfile");
    action("Image", kind, [("DockerFilePath", DOCKERFILE)], inputs, &[])
}

fn deploy(project: &Project) -> Result<Action, PipelineNameError> {
    let configuration = [
        ("ClusterName", project.cluster.as_str()),
        ("ManifestFiles", MANIFESTS),
        ("Namespace", project.namespace.as_str()),
    ];
    let kind = action_type(Category::Deploy, "Towpath", "Kubernetes");
    action("Deploy", kind, configuration, &[SOURCE_ARTIFACT], &[])
}

fn action_type(category: Category, owner: &str, provider: &str) -> ActionTypeId {
    ActionTypeId {
        category,
        owner: owner.to_owned(),
        provider: provider.to_owned(),
        version: "1".to_owned(),
    }
}

fn action<const N: usize>(
    name: &str,
    action_type_id: ActionTypeId,
    configuration: [(&str, &str); N],
    inputs: &[&str],
    outputs: &[&str],
) -> Result<Action, PipelineNameError> {
    Ok(Action {
        name: name.parse()?,
        action_type_id,
        run_order: 1,
        configuration: configuration
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
        commands: Vec::new(),
        input_artifacts: artifacts(inputs)?,
        output_artifacts: artifacts(outputs)?,
    })
}

fn artifacts(names: &[&str]) -> Result<Vec<ArtifactRef>, PipelineNameError> {
    names
        .iter()
        .map(|name| {
            Ok(ArtifactRef {
                name: name.parse()?,
            })
        })
        .collect()
}
