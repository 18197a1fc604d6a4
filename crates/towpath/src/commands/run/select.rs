//! Which actions of the pipeline run here.

use towpath_model::pipeline::{Action, ActionName, ArtifactRef, Category, Pipeline, StageName};

/// What was asked for.
#[derive(Debug, Default)]
pub struct Wanted {
    /// All unless named.
    pub stage: Option<StageName>,
    /// All unless named.
    pub action: Option<ActionName>,
    pub deploy: bool,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    #[error("there is no {what} here; there are {there}")]
    Unknown { what: String, there: String },
    #[error("{0} deploys, which happens here only with --deploy")]
    Deploys(String),
}

/// The wanted actions and, before them, those whose output they use.
pub fn select(pipeline: &Pipeline, wanted: &Wanted) -> Result<Pipeline, SelectError> {
    let all: Vec<(&StageName, &Action)> = pipeline
        .stages
        .iter()
        .flat_map(|stage| {
            stage
                .actions
                .iter()
                .map(move |action| (&stage.name, action))
        })
        .collect();
    let mut chosen: Vec<bool> = all.iter().map(|at| wanted.names(at)).collect();
    if !chosen.contains(&true) {
        return Err(wanted.unknown(pipeline));
    }
    for (at, chosen) in all.iter().zip(&mut chosen) {
        if *chosen && deploys(at.1) && !wanted.deploy {
            if wanted.is_explicit() {
                return Err(SelectError::Deploys(format!("{}/{}", at.0, at.1.name)));
            }
            *chosen = false;
        }
    }
    // Whatever is used comes earlier, so one pass backwards finds all of it.
    for later in (0..all.len()).rev() {
        if chosen[later] {
            for earlier in 0..later {
                chosen[earlier] |= uses(all[later].1, all[earlier].1);
            }
        }
    }
    Ok(keep(pipeline, &chosen))
}

impl Wanted {
    fn is_explicit(&self) -> bool {
        self.stage.is_some() || self.action.is_some()
    }

    fn names(&self, (stage, action): &(&StageName, &Action)) -> bool {
        self.stage.as_ref().is_none_or(|name| name == *stage)
            && self.action.as_ref().is_none_or(|name| *name == action.name)
    }

    fn unknown(&self, pipeline: &Pipeline) -> SelectError {
        let of_stage = |stage: &&towpath_model::pipeline::Stage| {
            self.stage.as_ref().is_none_or(|name| *name == stage.name)
        };
        let stage_is_there = pipeline.stages.iter().any(|stage| of_stage(&stage));
        let (what, there): (String, Vec<String>) = match (&self.action, &self.stage) {
            (Some(action), _) if stage_is_there => (
                format!("action {action}"),
                pipeline
                    .stages
                    .iter()
                    .filter(of_stage)
                    .flat_map(|stage| &stage.actions)
                    .map(|action| action.name.to_string())
                    .collect(),
            ),
            (_, Some(stage)) => (
                format!("stage {stage}"),
                pipeline
                    .stages
                    .iter()
                    .map(|stage| stage.name.to_string())
                    .collect(),
            ),
            (_, None) => ("action".to_owned(), Vec::new()),
        };
        SelectError::Unknown {
            what,
            there: there.join(", "),
        }
    }
}

pub fn deploys(action: &Action) -> bool {
    action.action_type_id.category == Category::Deploy
}

/// An artifact that the earlier one puts out, or, for a deployment, the image that it builds.
fn uses(later: &Action, earlier: &Action) -> bool {
    let put_out = |input: &ArtifactRef| earlier.output_artifacts.contains(input);
    let image = earlier.action_type_id.provider == "Dockerfile";
    later.input_artifacts.iter().any(put_out) || (deploys(later) && image)
}

fn keep(pipeline: &Pipeline, chosen: &[bool]) -> Pipeline {
    let mut chosen = chosen.iter();
    let mut kept = pipeline.clone();
    for stage in &mut kept.stages {
        stage.actions.retain(|_| chosen.next() == Some(&true));
    }
    kept.stages.retain(|stage| !stage.actions.is_empty());
    kept
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use towpath_model::{ClusterName, Project, ProjectName, Timestamp};
    use towpath_pipeline::plan::{Held, universal};

    use super::*;

    fn pipeline(files: &[&str]) -> Pipeline {
        let name: ProjectName = "hello".parse().unwrap();
        let project = Project {
            branch: "refs/heads/main".parse().unwrap(),
            cluster: ClusterName::local(),
            namespace: name.default_namespace(),
            created_at: Timestamp(0),
            name,
        };
        let files: BTreeSet<String> = files.iter().map(|path| (*path).to_owned()).collect();
        let held = Held {
            files,
            makefile: None,
        };
        universal(&project, &held).unwrap().pipeline
    }

    /// `options` as on the command line; what runs, or why nothing does.
    #[track_caller]
    fn check(options: &str, expected: &str) {
        let words: Vec<&str> = options.split_whitespace().collect();
        let after = |name| Some(words[words.iter().position(|word| *word == name)? + 1]);
        let wanted = Wanted {
            stage: after("--stage").map(|name| name.parse().unwrap()),
            action: after("--action").map(|name| name.parse().unwrap()),
            deploy: words.contains(&"--deploy"),
        };
        let all = pipeline(&["buildspec.yml", "Dockerfile", "k8s/app.yml"]);
        let got = match select(&all, &wanted) {
            Ok(kept) => kept
                .stages
                .iter()
                .map(|stage| stage.name.as_str())
                .collect::<Vec<_>>()
                .join(" "),
            Err(error) => error.to_string(),
        };
        assert_eq!(got, expected, "{options}");
    }

    #[test]
    fn what_is_wanted_runs_with_what_it_needs() {
        check("", "Source Build Image");
        check("--deploy", "Source Build Image Deploy");
        check("--stage Source", "Source");
        check("--stage Build", "Source Build");
        check("--action Image", "Source Build Image");
        check("--stage Deploy --deploy", "Source Build Image Deploy");
    }

    #[test]
    fn what_is_not_there_is_named_with_what_is() {
        check(
            "--stage Test",
            "there is no stage Test here; there are Source, Build, Image, Deploy",
        );
        check(
            "--stage Build --action Test",
            "there is no action Test here; there are Build",
        );
        check(
            "--stage Deploy",
            "Deploy/Deploy deploys, which happens here only with --deploy",
        );
    }
}
