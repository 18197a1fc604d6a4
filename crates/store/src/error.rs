use std::path::PathBuf;

use towpath_model::{ClusterName, Digest, ProjectName};

/// Why rows, blobs or logs could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot open the database {path}: {source}; check that the folder exists, is writable and not on a network share", path = .path.display())]
    Open { path: PathBuf, source: sqlx::Error },
    #[error(
        "the database's schema cannot be brought up to date: {0}; it may be of a newer Towpath"
    )]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("database: {0}")]
    Sql(#[from] sqlx::Error),
    #[error("the database holds {what} that cannot be read: {reason}")]
    Corrupt { what: &'static str, reason: String },
    #[error("blob store: {0}")]
    Blob(#[from] object_store::Error),
    #[error("blob {0} does not exist")]
    NoBlob(Digest),
    #[error("the content's digest is {actual}, not {expected}")]
    WrongDigest { expected: Digest, actual: Digest },
    #[error("{0} is larger than the limit of {1} bytes")]
    TooLarge(Digest, u64),
    #[error("{path}: {source}", path = .path.display())]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the key of the secrets, {file}, is damaged: put it back from a backup, or remove it and enter all secrets again", file = .file.display())]
    BadSecretKey { file: PathBuf },
    #[error("the secret of {of} was sealed with another key than the one in {file}: put the key file back from a backup, or enter the secret again", file = .file.display())]
    WrongSecretKey { file: PathBuf, of: String },
    #[error("there is no cluster {0}")]
    NoCluster(ClusterName),
    #[error("project {0} is being deleted")]
    BeingDeleted(ProjectName),
    #[error("{0} already exists")]
    Exists(String),
}

impl StoreError {
    pub(crate) fn corrupt(what: &'static str, reason: impl ToString) -> Self {
        Self::Corrupt {
            what,
            reason: reason.to_string(),
        }
    }

    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    /// The disk (or the quota) is full: a message of its own, since the remedy is the operator's.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Sql(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| code == "13")
            }
            Self::Io { source, .. } => source.kind() == std::io::ErrorKind::StorageFull,
            Self::Blob(error) => has_storage_full(error),
            _ => false,
        }
    }
}

fn has_storage_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == std::io::ErrorKind::StorageFull) {
            return true;
        }
        next = error.source();
    }
    false
}
