use serde::{Deserialize, Serialize};
use towpath_cluster::AppStatus;
use towpath_model::Project;
use towpath_pipeline::view::ExecutionView;
use utoipa::ToSchema;

use super::{
    BuildPlaceDocument, DeletionDocument, ExecutionSummary, NewRemoteDocument, RemoteDocument, app,
};
use crate::{WebConfig, query};

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
