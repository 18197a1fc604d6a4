use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a sandbox or a command in it could not be had. How a command ended is never an error, see
/// [`Exit`](towpath_model::workspace::Exit).
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("cannot start the init program {}: {source}", program.display())]
    Spawn { program: PathBuf, source: io::Error },
    /// The kernel refused a step of the set-up.
    #[error("cannot set up the sandbox: {0}")]
    SetUp(String),
    /// The machine allows no namespaces at all.
    #[error("{0}")]
    NoNamespaces(crate::Lack),
    #[error("a sandbox did not start and run a shell within {} s", .0.as_secs())]
    TimedOut(Duration),
    #[error("the sandbox has ended")]
    Ended,
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
    /// The two ends do not understand each other: a defect, or two different versions.
    #[error("the init program gave an answer that does not fit: {0}")]
    Protocol(String),
}

impl SandboxError {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            what: what.into(),
            source,
        }
    }
}
