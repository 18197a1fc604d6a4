use std::io;
use std::path::{Path, PathBuf};

use towpath_archive::EntryPath;
use towpath_model::{CommitId, ProjectName};
use towpath_store::StoreError;

/// Why git could not do it.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("the program git cannot be used: {0}; install git 2.31 or newer")]
    Program(String),
    #[error("project {0} has no repository")]
    NoRepository(ProjectName),
    #[error("project {0} has a repository already")]
    Exists(ProjectName),
    #[error("commit {0} is not in the repository")]
    NoCommit(CommitId),
    /// git said no, in its own words.
    #[error("git {command} failed ({status}): {message}")]
    Failed {
        command: String,
        status: String,
        message: String,
    },
    /// A remote could not be fetched; says why and what to do.
    #[error("{0}")]
    Remote(String),
    #[error("git {command} answered something unexpected: {answer:?}")]
    Unexpected {
        command: &'static str,
        answer: String,
    },
    #[error("git {command} answered more than {limit} bytes")]
    TooMuch { command: String, limit: usize },
    #[error("git {command} did not end within {seconds} s")]
    TimedOut { command: String, seconds: u64 },
    #[error("`{path}` is larger than the limit of {limit} bytes")]
    FileTooLarge { path: EntryPath, limit: u64 },
    #[error("`{path}` is not a file")]
    NotAFile { path: EntryPath },
    #[error("the commit's tree: {0}")]
    Archive(#[from] towpath_archive::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot {action} {path}: {source}", path = path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

impl GitError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn unexpected(command: &'static str, answer: &[u8]) -> Self {
        Self::Unexpected {
            command,
            answer: String::from_utf8_lossy(answer).chars().take(200).collect(),
        }
    }
}
