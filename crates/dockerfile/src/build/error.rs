use std::path::PathBuf;

use towpath_model::{Diagnostic, Diagnostics};
use towpath_sandbox::SandboxError;
use towpath_store::StoreError;

/// Why there is no image. What the user's files did is a [`Built::Failed`](super::Built), not one of these.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error("{what} {path}: {source}", path = .path.display())]
    Io {
        what: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    /// A task of ours was ended from outside.
    #[error("the build was stopped: {0}")]
    Stopped(#[from] tokio::task::JoinError),
}

impl BuildError {
    pub(crate) fn io(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }
}

/// Inside of a build, both kinds end it.
#[derive(Debug)]
pub(crate) enum Stop {
    User(Diagnostics),
    Ours(BuildError),
}

impl From<Diagnostics> for Stop {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::User(diagnostics)
    }
}

impl From<Diagnostic> for Stop {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::User(diagnostic.into())
    }
}

impl<E: Into<BuildError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Ours(error.into())
    }
}
