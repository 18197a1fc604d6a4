use std::io;
use std::path::{Path, PathBuf};

use towpath_model::workspace::WorkspaceError;

/// What went wrong with an archive, or with the files that were to become one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot {action} {path}: {source}", path = path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("not a zip archive that can be read: {0}")]
    Format(String),
    /// Refused because of one entry, named as in the archive.
    #[error("`{entry}`: {reason}")]
    Entry { entry: String, reason: Refusal },
    #[error("the archive {0}")]
    Limit(#[from] Exceeded),
    #[error("`{glob}` in `{key}` is not a glob: {reason}")]
    Glob {
        key: &'static str,
        glob: String,
        reason: String,
    },
    #[error("no folder matches base-directory `{0}`")]
    NoBaseDirectory(String),
    #[error("no file matches {0}; a folder's files are `folder/**/*`")]
    NothingMatches(String),
    #[error("`{name}` would be in the artifact twice: from `{first}` and from `{second}`")]
    Twice {
        name: String,
        first: String,
        second: String,
    },
}

/// Why an entry of an archive or a file of a folder is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the path is empty")]
    Empty,
    #[error("the path is absolute")]
    Absolute,
    #[error("the path leaves the folder with `..`")]
    Leaves,
    #[error("the path contains a NUL byte")]
    Nul,
    #[error("the path is longer than 4095 bytes or a name in it longer than 255")]
    TooLong,
    #[error("appears twice")]
    Duplicate,
    #[error("is there already")]
    Exists,
    #[error("a folder on its path is a link")]
    ThroughLink,
    #[error("a folder on its path is a file")]
    UnderFile,
    #[error("is a link to `{0}`, which leaves the folder")]
    LinkLeaves(String),
    #[error("is a link without a target, or with a NUL byte in it")]
    NoTarget,
    #[error("is a link that leads to itself or nowhere")]
    LinkNowhere,
    #[error("is neither a file nor a folder nor a link but a device, pipe or socket")]
    Special,
    #[error("is a folder")]
    Folder,
    #[error("changed while it was read")]
    Changed,
    #[error("cannot be unpacked: {0}")]
    Damaged(String),
}

/// A limit of [`crate::Limits`] that an archive breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    #[error("holds more than {0} files and folders, the limit")]
    Files(u64),
    #[error("unpacks to more than {0} bytes, the limit")]
    Bytes(u64),
    #[error("unpacks to more than {0} times its size, the limit")]
    Ratio(u64),
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn entry(entry: impl ToString, reason: Refusal) -> Self {
        Self::Entry {
            entry: entry.to_string(),
            reason,
        }
    }
}

impl From<Error> for WorkspaceError {
    /// What is in the files is the user's doing; that they cannot be read or written is not.
    fn from(error: Error) -> Self {
        match error {
            Error::Io {
                action,
                path,
                source,
            } => Self::Io {
                context: format!("cannot {action} {}", path.display()),
                source,
            },
            error => Self::Refused(error.to_string()),
        }
    }
}
