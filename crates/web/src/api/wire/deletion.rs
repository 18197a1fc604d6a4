use serde::{Deserialize, Serialize};
use towpath_store::ProjectDeletion;
use utoipa::ToSchema;

/// How far a project's deletion is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeletionDocument {
    /// None when it is done already.
    pub requested_at: Option<String>,
    /// Its objects and images stay where they are.
    pub leave_app: bool,
    /// Why it does not go on; tried again.
    pub error: Option<String>,
    /// Only in the answer to the request: why its webhook is still at the git host, for you to remove.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_left: Option<String>,
}

impl DeletionDocument {
    pub(crate) fn new(deletion: Option<&ProjectDeletion>) -> Self {
        deletion.map_or_else(Self::default, |deletion| Self {
            requested_at: Some(deletion.requested_at.to_string()),
            leave_app: deletion.leave_app,
            error: deletion.error.clone(),
            webhook_left: None,
        })
    }
}
