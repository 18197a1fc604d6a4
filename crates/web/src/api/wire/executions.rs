use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use towpath_model::{Artifact, Status, Timestamp, Trigger};
use towpath_pipeline::view::{ActionView, ExecutionView, StageView};
use towpath_store::{Phase, Release};
use utoipa::ToSchema;

use crate::WebConfig;

/// One execution in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExecutionSummary {
    pub project: String,
    pub number: i64,
    /// queued, running, waiting, succeeded, failed, cancelled or superseded.
    #[schema(value_type = String, example = "succeeded")]
    pub status: Status,
    #[schema(value_type = String, example = "push")]
    pub trigger: Trigger,
    /// The full ref name.
    #[schema(example = "refs/heads/main")]
    pub ref_name: String,
    pub commit: String,
    /// First line of the commit's message.
    pub title: String,
    pub author: String,
    pub triggered_at: String,
    pub started_at: Option<String>,
    pub finished_at: Option<String>,
    /// One sentence when it failed.
    pub reason: Option<String>,
    /// The execution's page.
    pub url: String,
}

/// A page of executions, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExecutionList {
    pub executions: Vec<ExecutionSummary>,
    /// The `before` of the next page; none on the last one.
    pub next: Option<i64>,
}

/// One execution with all that it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExecutionDocument {
    #[serde(flatten)]
    pub summary: ExecutionSummary,
    /// Why the pipeline is what it is, a sentence each.
    pub explanation: Vec<String>,
    pub stages: Vec<StageDocument>,
    pub artifacts: Vec<ArtifactDocument>,
    pub release: Option<ReleaseDocument>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StageDocument {
    pub name: String,
    #[schema(value_type = String)]
    pub status: Status,
    pub actions: Vec<ActionDocument>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ActionDocument {
    pub name: String,
    #[schema(example = "Build")]
    pub category: String,
    pub provider: String,
    pub run_order: u16,
    #[schema(value_type = String)]
    pub status: Status,
    /// The latest attempt; 0 before the first.
    pub attempt: i64,
    pub started_at: Option<String>,
    pub finished_at: Option<String>,
    /// Why it failed, in one sentence.
    pub reason: Option<String>,
    pub variables: BTreeMap<String, String>,
    pub phases: Vec<PhaseDocument>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PhaseDocument {
    pub name: String,
    #[schema(value_type = String)]
    pub status: Status,
    pub started_at: String,
    pub finished_at: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArtifactDocument {
    pub name: String,
    pub digest: String,
    /// In bytes.
    pub size: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseDocument {
    pub cluster: String,
    pub namespace: String,
    /// The project's image, pinned to its digest.
    pub image: Option<String>,
    pub created_at: String,
}

/// How to start an execution.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartExecution {
    /// The same token starts one execution, however often it is sent. 1 to 128 of A-Z, a-z, 0-9, `-` and `_`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

/// What was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StartedExecution {
    pub request: String,
    /// The branch's commit.
    pub commit: String,
    /// False when this request token had started one before.
    pub new: bool,
}

impl ExecutionSummary {
    pub(crate) fn new(config: &WebConfig, view: &ExecutionView) -> Self {
        let execution = &view.execution;
        let key = &execution.key;
        Self {
            project: key.project.to_string(),
            number: key.number.0,
            status: view.status,
            trigger: execution.trigger,
            ref_name: execution.ref_name.to_string(),
            commit: execution.commit.to_string(),
            title: execution.title.clone(),
            author: execution.author.clone(),
            triggered_at: execution.triggered_at.to_string(),
            started_at: text(execution.started_at),
            finished_at: text(execution.finished_at),
            reason: execution.reason.clone(),
            url: format!(
                "{}/projects/{}/executions/{}",
                config.base_url(),
                key.project,
                key.number
            ),
        }
    }
}

impl From<&StageView> for StageDocument {
    fn from(stage: &StageView) -> Self {
        Self {
            name: stage.name.to_string(),
            status: stage.status,
            actions: stage.actions.iter().map(ActionDocument::from).collect(),
        }
    }
}

impl From<&ActionView> for ActionDocument {
    fn from(action: &ActionView) -> Self {
        Self {
            name: action.name.to_string(),
            category: format!("{:?}", action.category),
            provider: action.provider.clone(),
            run_order: action.run_order,
            status: action.status,
            attempt: action.attempt,
            started_at: text(action.started_at),
            finished_at: text(action.finished_at),
            reason: action.reason.clone(),
            variables: action.variables.clone(),
            phases: action.phases.iter().map(PhaseDocument::from).collect(),
        }
    }
}

impl From<&Phase> for PhaseDocument {
    fn from(phase: &Phase) -> Self {
        Self {
            name: phase.name.clone(),
            status: phase.status,
            started_at: phase.started_at.to_string(),
            finished_at: text(phase.finished_at),
        }
    }
}

impl ArtifactDocument {
    pub(crate) fn new(name: impl ToString, artifact: &Artifact) -> Self {
        Self {
            name: name.to_string(),
            digest: artifact.digest.to_string(),
            size: artifact.size,
        }
    }
}

impl From<&Release> for ReleaseDocument {
    fn from(release: &Release) -> Self {
        Self {
            cluster: release.cluster.to_string(),
            namespace: release.namespace.to_string(),
            image: release.image.clone(),
            created_at: release.created_at.to_string(),
        }
    }
}

fn text(time: Option<Timestamp>) -> Option<String> {
    time.map(|time| time.to_string())
}
