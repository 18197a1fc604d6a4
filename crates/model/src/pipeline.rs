//! The one pipeline model: CodePipeline's structure (AWS CodePipeline user guide, "Pipeline structure
//! reference"), with the same names in JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Stages in order. The first holds the Source actions and only those.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pipeline {
    pub name: String,
    pub stages: Vec<Stage>,
}

/// Actions that must all succeed before the next stage begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stage {
    pub name: StageName,
    pub actions: Vec<Action>,
}

/// One step of a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Action {
    pub name: ActionName,
    pub action_type_id: ActionTypeId,
    /// Actions of a stage with the same number run in parallel, lower numbers first.
    #[serde(default = "first")]
    pub run_order: u16,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub configuration: BTreeMap<String, String>,
    /// Shell lines, for the provider `Commands`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub input_artifacts: Vec<ArtifactRef>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output_artifacts: Vec<ArtifactRef>,
}

/// What an action does and who provides it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActionTypeId {
    pub category: Category,
    pub owner: String,
    pub provider: String,
    pub version: String,
}

/// CodePipeline's categories of actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Category {
    Source,
    Build,
    Test,
    Compute,
    Deploy,
    Approval,
    Invoke,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactRef {
    pub name: ArtifactName,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is not a valid {what}: expected 1 to 100 of A-Z, a-z, 0-9 and .@-_")]
pub struct PipelineNameError {
    what: &'static str,
    name: String,
}

/// A rule of CodePipeline's structure that a definition breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StructureError {
    #[error("a pipeline needs at least two stages, this one has {0}")]
    TooFewStages(usize),
    #[error("stage `{0}` appears twice: stage names are unique")]
    StageTwice(StageName),
    #[error("stage `{0}` has no actions")]
    EmptyStage(StageName),
    #[error("action `{1}` appears twice in stage `{0}`: action names are unique within a stage")]
    ActionTwice(StageName, ActionName),
    #[error(
        "action `{1}` in stage `{0}`: the first stage holds Source actions and no other stage does"
    )]
    SourcePlacement(StageName, ActionName),
    #[error("artifact `{0}` is put out twice: output artifact names are unique in the pipeline")]
    OutputTwice(ArtifactName),
    #[error("action `{1}` in stage `{0}` reads artifact `{2}`, which no earlier action puts out")]
    InputBeforeOutput(StageName, ActionName, ArtifactName),
}

fn first() -> u16 {
    1
}

crate::checked_text!(
    /// Unique within the pipeline.
    pub StageName,
    PipelineNameError,
    |name| check("stage name", name)
);

crate::checked_text!(
    /// Unique within its stage.
    pub ActionName,
    PipelineNameError,
    |name| check("action name", name)
);

crate::checked_text!(
    /// What one action puts out and others take in; unique among all outputs of the pipeline.
    pub ArtifactName,
    PipelineNameError,
    |name| check("artifact name", name)
);

/// CodePipeline's rule; names are also names of files.
fn check(what: &'static str, name: &str) -> Result<(), PipelineNameError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b".@-_".contains(&b);
    let path_safe = !matches!(name, "." | "..");
    match (1..=100).contains(&name.len()) && name.bytes().all(allowed) && path_safe {
        true => Ok(()),
        false => Err(PipelineNameError {
            what,
            name: name.chars().take(120).collect(),
        }),
    }
}

impl Pipeline {
    /// Checks what CodePipeline checks when a pipeline is created.
    pub fn validate(&self) -> Result<(), StructureError> {
        if self.stages.len() < 2 {
            return Err(StructureError::TooFewStages(self.stages.len()));
        }
        let mut stages = BTreeSet::new();
        let mut available = BTreeSet::new();
        for (index, stage) in self.stages.iter().enumerate() {
            if !stages.insert(&stage.name) {
                return Err(StructureError::StageTwice(stage.name.clone()));
            }
            stage.validate(index == 0)?;
            stage.flow_artifacts(&mut available)?;
        }
        Ok(())
    }
}

impl Stage {
    fn validate(&self, first: bool) -> Result<(), StructureError> {
        if self.actions.is_empty() {
            return Err(StructureError::EmptyStage(self.name.clone()));
        }
        let mut names = BTreeSet::new();
        for action in &self.actions {
            let (stage, name) = (self.name.clone(), action.name.clone());
            if !names.insert(&action.name) {
                return Err(StructureError::ActionTwice(stage, name));
            }
            if first != (action.action_type_id.category == Category::Source) {
                return Err(StructureError::SourcePlacement(stage, name));
            }
        }
        Ok(())
    }

    /// Checks the stage's inputs against what is `available` so far and adds its outputs, group by runOrder.
    fn flow_artifacts<'a>(
        &'a self,
        available: &mut BTreeSet<&'a ArtifactName>,
    ) -> Result<(), StructureError> {
        for group in self.groups() {
            for (action, input) in group
                .iter()
                .flat_map(|a| a.input_artifacts.iter().map(move |i| (a, i)))
            {
                if !available.contains(&input.name) {
                    return Err(StructureError::InputBeforeOutput(
                        self.name.clone(),
                        action.name.clone(),
                        input.name.clone(),
                    ));
                }
            }
            for output in group.iter().flat_map(|a| &a.output_artifacts) {
                if !available.insert(&output.name) {
                    return Err(StructureError::OutputTwice(output.name.clone()));
                }
            }
        }
        Ok(())
    }

    /// The actions that run together, in the order in which the groups run.
    pub fn groups(&self) -> Vec<Vec<&Action>> {
        let mut groups: BTreeMap<u16, Vec<&Action>> = BTreeMap::new();
        for action in &self.actions {
            groups.entry(action.run_order).or_default().push(action);
        }
        groups.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(name: &str, category: Category, inputs: &[&str], outputs: &[&str]) -> Action {
        let artifacts = |names: &[&str]| {
            names
                .iter()
                .map(|name| ArtifactRef {
                    name: name.parse().unwrap(),
                })
                .collect()
        };
        Action {
            name: name.parse().unwrap(),
            action_type_id: ActionTypeId {
                category,
                owner: "Towpath".into(),
                provider: "Test".into(),
                version: "1".into(),
            },
            run_order: 1,
            configuration: BTreeMap::new(),
            commands: Vec::new(),
            input_artifacts: artifacts(inputs),
            output_artifacts: artifacts(outputs),
        }
    }

    fn pipeline(stages: Vec<(&str, Vec<Action>)>) -> Pipeline {
        Pipeline {
            name: "p".into(),
            stages: stages
                .into_iter()
                .map(|(name, actions)| Stage {
                    name: name.parse().unwrap(),
                    actions,
                })
                .collect(),
        }
    }

    fn source() -> (&'static str, Vec<Action>) {
        (
            "Source",
            vec![action("Source", Category::Source, &[], &["Src"])],
        )
    }

    #[test]
    fn accepts_a_source_and_a_build() {
        let build = action("Build", Category::Build, &["Src"], &["Out"]);
        assert_eq!(
            pipeline(vec![source(), ("Build", vec![build])]).validate(),
            Ok(())
        );
    }

    #[test]
    fn refuses_what_codepipeline_refuses() {
        let build = || action("Build", Category::Build, &["Src"], &["Out"]);
        let cases = [
            (pipeline(vec![source()]), "at least two stages"),
            (pipeline(vec![source(), source()]), "appears twice"),
            (pipeline(vec![source(), ("B", vec![])]), "no actions"),
            (
                pipeline(vec![source(), ("B", vec![build(), build()])]),
                "appears twice in stage",
            ),
            (
                pipeline(vec![("B", vec![build()]), source()]),
                "first stage holds Source",
            ),
            (
                pipeline(vec![
                    source(),
                    ("B", vec![action("B", Category::Build, &["No"], &[])]),
                ]),
                "reads artifact `No`",
            ),
            (
                pipeline(vec![
                    source(),
                    ("B", vec![action("B", Category::Build, &[], &["Src"])]),
                ]),
                "put out twice",
            ),
        ];
        for (pipeline, message) in cases {
            let error = pipeline.validate().unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn an_input_may_come_from_a_lower_run_order_of_the_same_stage() {
        let first = action("A", Category::Build, &["Src"], &["Out"]);
        let mut second = action("B", Category::Build, &["Out"], &[]);
        second.run_order = 2;
        let stages = vec![source(), ("B", vec![second.clone(), first.clone()])];
        assert_eq!(pipeline(stages).validate(), Ok(()));
        second.run_order = 1;
        assert!(
            pipeline(vec![source(), ("B", vec![first, second])])
                .validate()
                .is_err()
        );
    }
}
