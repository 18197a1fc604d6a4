use serde::{Deserialize, Serialize};
use towpath_store::LeftApp;
use utoipa::ToSchema;

/// What a project that was deleted has left in a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeftAppDocument {
    pub project: String,
    pub cluster: String,
    pub namespace: String,
    pub left_at: String,
    /// It has a token that still pulls its images.
    pub pulls: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeftAppList {
    pub left_apps: Vec<LeftAppDocument>,
}

impl LeftAppDocument {
    pub(crate) fn new(left: &LeftApp) -> Self {
        Self {
            project: left.project.to_string(),
            cluster: left.cluster.to_string(),
            namespace: left.namespace.to_string(),
            left_at: left.left_at.to_string(),
            pulls: left.pulls,
        }
    }
}
