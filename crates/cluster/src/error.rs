use towpath_model::Diagnostics;

use crate::ObjectId;

#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The user's doing: manifests that cannot be run as they are. Nothing was changed.
    #[error("{0}")]
    Refused(#[from] Diagnostics),
    /// The user's doing: the object belongs to somebody else.
    #[error("{} belongs to project {owner}; rename it, or remove it there", .object.for_people())]
    Owned { object: ObjectId, owner: String },
    #[error(transparent)]
    Store(#[from] towpath_store::StoreError),
    #[error("{context}: {source}")]
    Io {
        context: String,
        source: std::io::Error,
    },
    /// The machine does not allow what a pod needs.
    #[error("the local cluster cannot run: {0}")]
    Unavailable(String),
    #[error("there is no {0}")]
    NotFound(String),
}

impl ClusterError {
    /// Whether the user has to act, rather than whoever runs the server.
    pub fn is_users(&self) -> bool {
        matches!(
            self,
            ClusterError::Refused(_) | ClusterError::Owned { .. } | ClusterError::NotFound(_)
        )
    }
}
