//! The universal pipeline (article 000): what a repository holds decides what happens to it.

use std::collections::{BTreeMap, BTreeSet};

use towpath_archive::EntryPath;
use towpath_cluster::manifest::is_kustomization;
use towpath_git::{GitError, Repositories};
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
pub(crate) const MAKEFILE: &str = "Makefile";
/// A Makefile above this size is not looked into for targets.
pub(crate) const MAKEFILE_LIMIT: u64 = 1 << 20;

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
            .iter()
            .map(|entry| entry.path.to_string())
            .collect();
        let makefile = match needs_makefile(&files) {
            true => makefile(repositories, project, commit).await?,
            false => None,
        };
        Ok(Self { files, makefile })
    }

    fn has_manifests(&self) -> bool {
        self.files.iter().any(|path| is_manifest(path))
    }
}

/// Whether the Makefile decides about the Build: it comes after everything else.
pub(crate) fn needs_makefile(files: &BTreeSet<String>) -> bool {
    files.contains(MAKEFILE) && detect(files, None).is_none()
}

/// The Makefile's text; none when it is too large to be looked into for targets.
async fn makefile(
    repositories: &Repositories,
    project: &ProjectName,
    commit: &CommitId,
) -> Result<Option<String>, GitError> {
    let Ok(path) = EntryPath::parse(MAKEFILE.as_bytes()) else {
        return Ok(None);
    };
    match repositories
        .read_file(project, commit, &path, MAKEFILE_LIMIT)
        .await
    {
        Ok(content) => Ok(content.map(|content| String::from_utf8_lossy(&content).into_owned())),
        Err(GitError::FileTooLarge { .. } | GitError::NotAFile { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A file that the Deploy action reads: YAML or JSON anywhere under `k8s/`, and a kustomization.
pub(crate) fn is_manifest(path: &str) -> bool {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension);
    let readable = matches!(extension, Some("yml" | "yaml" | "json"));
    path.starts_with(MANIFESTS) && (readable || is_kustomization(path))
}

/// The pipeline that follows from what the repository holds.
pub fn universal(project: &Project, held: &Held) -> Result<Plan, PlanError> {
    let found = detect(&held.files, held.makefile.as_deref());
    let choices = [
        (Some(source()?), String::new()),
        match &found {
            Some(found) => (Some(build(found)?), found.explanation()),
            None => (
                None,
                "No Build: no buildspec.yml, ci/ scripts or Makefile targets.".to_owned(),
            ),
        },
        match held.files.contains(DOCKERFILE) {
            true => (
                Some(image(found.is_some())?),
                "Image from Dockerfile.".to_owned(),
            ),
            false => (None, "No Image: no Dockerfile at the root.".to_owned()),
        },
        match held.has_manifests() {
            true => (Some(deploy(project)?), deploy_explanation(project)),
            false => (
                None,
                "No Deploy: no .yml, .yaml or .json under k8s/.".to_owned(),
            ),
        },
    ];
    plan(project, choices)
}

/// A stage for each action, of the same name.
fn plan<const N: usize>(
    project: &Project,
    choices: [(Option<Action>, String); N],
) -> Result<Plan, PlanError> {
    let (actions, explanation): (Vec<_>, Vec<_>) = choices.into_iter().unzip();
    let stages: Vec<Stage> = actions
        .into_iter()
        .flatten()
        .map(|action| {
            Ok(Stage {
                name: action.name.as_str().parse()?,
                actions: vec![action],
            })
        })
        .collect::<Result<_, PipelineNameError>>()?;
    if stages.len() < 2 {
        return Err(PlanError::NothingToDo);
    }
    let pipeline = Pipeline {
        name: project.name.to_string(),
        stages,
    };
    pipeline.validate()?;
    let explanation = explanation
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect();
    Ok(Plan {
        pipeline,
        explanation,
    })
}

fn deploy_explanation(project: &Project) -> String {
    let (cluster, namespace) = (&project.cluster, &project.namespace);
    format!("Deploy the manifests under k8s/ to cluster {cluster}, namespace {namespace}.")
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

#[cfg(test)]
mod tests {
    use towpath_model::{ClusterName, Timestamp};

    use super::*;

    fn project() -> Project {
        let name: ProjectName = "hello".parse().unwrap();
        Project {
            branch: "refs/heads/main".parse().unwrap(),
            cluster: ClusterName::local(),
            namespace: name.default_namespace(),
            created_at: Timestamp(0),
            name,
        }
    }

    fn held(files: &[&str], makefile: Option<&str>) -> Held {
        Held {
            files: files.iter().map(|path| (*path).to_owned()).collect(),
            makefile: makefile.map(str::to_owned),
        }
    }

    #[track_caller]
    fn check(files: &[&str], makefile: Option<&str>, expected: &[&str]) {
        let plan = universal(&project(), &held(files, makefile)).unwrap();
        let stages: Vec<&str> = plan
            .pipeline
            .stages
            .iter()
            .map(|stage| stage.name.as_str())
            .collect();
        assert_eq!(stages, expected);
        assert_eq!(plan.explanation.len(), 3, "{:?}", plan.explanation);
    }

    #[test]
    fn what_the_repository_holds_decides() {
        let all = ["buildspec.yml", "Dockerfile", "k8s/app.yml"];
        check(&all, None, &["Source", "Build", "Image", "Deploy"]);
        check(&["buildspec.yml"], None, &["Source", "Build"]);
        check(&["ci/build.sh", "ci/test.sh"], None, &["Source", "Build"]);
        check(&["Makefile"], Some("build:\ntest:\n"), &["Source", "Build"]);
        check(&["Dockerfile"], None, &["Source", "Image"]);
        check(&["k8s/deep/app.json"], None, &["Source", "Deploy"]);
        check(&["k8s/Kustomization"], None, &["Source", "Deploy"]);
    }

    #[test]
    fn nothing_to_do_says_what_would_be_something() {
        for files in [&["README.md"][..], &["k8s/README.md", "app/Dockerfile"]] {
            let error = universal(&project(), &held(files, None)).unwrap_err();
            assert!(error.to_string().contains("add a buildspec.yml"), "{error}");
        }
    }

    #[test]
    fn the_makefile_is_looked_into_last() {
        let needs = |files: &[&str]| needs_makefile(&held(files, None).files);
        assert!(needs(&["Makefile"]));
        assert!(!needs(&["Makefile", "buildspec.yml"]));
        assert!(!needs(&["Makefile", "ci/build.sh", "ci/test.sh"]));
        assert!(!needs(&["src/Makefile"]));
    }
}
