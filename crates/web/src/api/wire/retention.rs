use serde::{Deserialize, Serialize};
use towpath_pipeline::Collected;
use utoipa::ToSchema;

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
