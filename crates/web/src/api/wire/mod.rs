//! The JSON of the API, for the server and for clients written in Rust. It lives at the edge: nothing
//! inside is built on these types.

mod app;
mod build_place;
mod cluster;
mod deletion;
mod exec;
mod remotes;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use towpath_cluster::AppStatus;
use towpath_model::{Artifact, Project, Status, Timestamp, Trigger};
use towpath_pipeline::Collected;
use towpath_pipeline::view::{ActionView, ExecutionView, StageView};
use towpath_store::{Phase, Release};
use utoipa::ToSchema;

use crate::{WebConfig, query};
pub use app::{
    AppDocument, ContainerDocument, ContainerStateDocument, DeploymentDocument, NotRunDocument,
    PodDocument, PortDocument, ServiceDocument,
};
pub use build_place::BuildPlaceDocument;
pub use cluster::{ClusterCheckDocument, ClusterDocument, ClusterList, NewCluster, NewConnection};
pub use deletion::DeletionDocument;
pub use exec::{ExecControl, ExecEnd, ExecStart, ExecTerminal};
pub use remotes::{
    AllowDocument, AllowList, DeliveryDocument, DeliveryList, NewAllowDocument, NewRemoteDocument,
    RemoteDocument, WebhookDocument,
};

/// A project and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProjectDocument {
    #[schema(example = "hello")]
    pub name: String,
    /// The branch whose pushes start the pipeline.
    #[schema(example = "main")]
    pub branch: String,
    #[schema(example = "local")]
    pub cluster: String,
    pub namespace: String,
    /// RFC 3339, as all times here.
    pub created_at: String,
    /// For `git clone` and `git remote add`.
    pub clone_url: String,
    /// The project's page.
    pub url: String,
    /// Where the application answers: on this machine, or at the addresses that its cluster gave it.
    pub app_urls: Vec<String>,
    /// healthy, progressing, degraded, missing, or unknown when the cluster cannot say.
    #[schema(example = "healthy")]
    pub app_health: String,
    /// One sentence when it is not healthy.
    pub app_reason: Option<String>,
    pub latest_execution: Option<ExecutionSummary>,
    /// Where its repository lives, when that is not here.
    pub remote: Option<RemoteDocument>,
    pub build_place: BuildPlaceDocument,
    /// It is being deleted, and how far that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<DeletionDocument>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProjectList {
    pub projects: Vec<ProjectDocument>,
}

/// What to make a project of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProject {
    /// 1 to 63 of a-z, 0-9 and `-`.
    #[schema(example = "hello")]
    pub name: String,
    /// `main` unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// `local` unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The project's name unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Where its repository lives; here unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<NewRemoteDocument>,
}

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

/// What one pass of retention removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CollectedDocument {
    pub executions: u64,
    /// Of images.
    pub manifests: u64,
    pub blobs: u64,
    /// Of the blobs.
    pub bytes: u64,
    /// Unpacked image layers.
    pub layers: u64,
    /// Of failed builds, in which nobody was.
    #[serde(default)]
    pub sandboxes: u64,
}

impl From<&Collected> for CollectedDocument {
    fn from(collected: &Collected) -> Self {
        Self {
            executions: collected.executions,
            manifests: collected.manifests,
            blobs: collected.blobs,
            bytes: collected.bytes,
            layers: collected.layers,
            sandboxes: 0,
        }
    }
}

impl ProjectDocument {
    pub(crate) fn new(
        config: &WebConfig,
        project: &Project,
        app: &AppStatus,
        latest: Option<&ExecutionView>,
        remote: Option<RemoteDocument>,
        build_place: BuildPlaceDocument,
    ) -> Self {
        Self {
            name: project.name.to_string(),
            branch: branch(project).to_owned(),
            cluster: project.cluster.to_string(),
            namespace: project.namespace.to_string(),
            created_at: project.created_at.to_string(),
            clone_url: config.clone_url(&project.name),
            url: format!("{}/projects/{}", config.base_url(), project.name),
            app_urls: query::urls(app),
            app_health: app::health(app.health),
            app_reason: app.reason.clone(),
            latest_execution: latest.map(|view| ExecutionSummary::new(config, view)),
            remote,
            build_place,
            deletion: None,
        }
    }
}

/// The branch's short name.
pub(crate) fn branch(project: &Project) -> &str {
    let name = &project.branch;
    name.branch_name().unwrap_or(name.as_str())
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
