/// A failure of Towpath or the machine; a user's failure is an outcome of an action.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    #[error(transparent)]
    Store(#[from] towpath_store::StoreError),
    #[error(transparent)]
    Git(#[from] towpath_git::GitError),
    #[error(transparent)]
    Registry(#[from] towpath_oci::registry::RegistryError),
    #[error(transparent)]
    Reference(#[from] towpath_oci::reference::ReferenceError),
    #[error(transparent)]
    Cluster(#[from] towpath_cluster::ClusterError),
    #[error("{context}: {source}")]
    Io {
        context: String,
        source: std::io::Error,
    },
}
