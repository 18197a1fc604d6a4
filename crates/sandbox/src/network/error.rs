use std::io;
use std::path::PathBuf;

/// Why the network could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    #[error("cannot start the network helper {}: {source}", program.display())]
    Start { program: PathBuf, source: io::Error },
    /// The kernel said no, inside the namespace.
    #[error("{what}: {source}")]
    Refused { what: String, source: io::Error },
    /// It cannot be, inside the namespace.
    #[error("{0}")]
    Failed(String),
    #[error("the network helper has ended; the cluster's network has to be started again")]
    Ended,
    #[error("the network helper gave an answer that does not fit: {0}")]
    Protocol(String),
}

impl NetworkError {
    /// For handing to [`Result::map_err`]: what was being done when the kernel refused.
    pub(super) fn refused<E: Into<io::Error>>(what: impl Into<String>) -> impl FnOnce(E) -> Self {
        move |source| NetworkError::Refused {
            what: what.into(),
            source: source.into(),
        }
    }
}
