use std::path::PathBuf;

use towpath_model::{Diagnostic, Diagnostics, Location};
use towpath_oci::{ImageError, LayerError, RegistryError, UnpackError, UnpackErrorKind};
use towpath_sandbox::SandboxError;
use towpath_store::StoreError;

use crate::copy::CopyError;

/// Why there is no image. What the user's files did is a [`Built::Failed`](super::Built), not one of these.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error(transparent)]
    Image(#[from] ImageError),
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    #[error(transparent)]
    Layer(#[from] LayerError),
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error("cannot {what}: {source}")]
    Io {
        what: String,
        source: std::io::Error,
    },
    /// A task of ours was ended from outside.
    #[error("the build was stopped: {0}")]
    Stopped(#[from] tokio::task::JoinError),
}

impl BuildError {
    /// `what` goes on from "cannot".
    pub(crate) fn io(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let what = format!("{what} {}", path.into().display());
        move |source| Self::Io { what, source }
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

impl From<BuildError> for Stop {
    fn from(error: BuildError) -> Self {
        Self::Ours(error)
    }
}

impl From<CopyError> for Stop {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::User(diagnostic) => diagnostic.into(),
            CopyError::Io(path, source) => Self::Ours(BuildError::Io {
                what: format!("read {path}"),
                source,
            }),
        }
    }
}

impl Stop {
    /// Layers that are broken or of a kind we do not know are the image's doing, not ours.
    pub(crate) fn unpacking(error: UnpackError, location: &Location) -> Self {
        match error.kind {
            UnpackErrorKind::Blob(_) | UnpackErrorKind::Io(_, _) => Self::Ours(error.into()),
            _ => Diagnostic::new(location.clone(), error.to_string())
                .help("use another image, or push this one again")
                .into(),
        }
    }

    /// Files that an image cannot hold are their maker's doing, not ours.
    pub(crate) fn writing(error: LayerError, location: &Location) -> Self {
        match error {
            LayerError::Store(_) | LayerError::Write(_) | LayerError::Interrupted(_) => {
                Self::Ours(error.into())
            }
            LayerError::Read { path, source }
                if source.kind() == std::io::ErrorKind::PermissionDenied =>
            {
                let name = path.file_name().unwrap_or_default().display();
                let message = format!(
                    "`{name}` belongs to another user of the image, and only that one may read it"
                );
                Diagnostic::new(location.clone(), message)
                    .help("a server that runs as a plain user cannot keep it: make it readable, or run the server as root")
                    .into()
            }
            LayerError::Read { .. } => Self::Ours(error.into()),
            _ => Diagnostic::new(location.clone(), error.to_string())
                .help("have the instruction remove it again")
                .into(),
        }
    }
}

macro_rules! ours {
    ($($error:ty),*) => {$(
        impl From<$error> for Stop {
            fn from(error: $error) -> Self {
                Self::Ours(error.into())
            }
        }
    )*};
}
ours!(
    StoreError,
    RegistryError,
    SandboxError,
    tokio::task::JoinError
);
