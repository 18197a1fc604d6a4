//! Where a build's commands run. Build files drive a [`Workspace`]; they never start a process themselves.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::time::Duration;

/// A place with a source folder in which commands run one after another: a plain process, a sandbox,
/// later a pod or a machine elsewhere.
///
/// Dropping a workspace ends whatever still runs in it and removes its files.
pub trait Workspace: Send + Sync {
    /// Where commands see the source folder; their working directory unless they say otherwise.
    fn source_dir(&self) -> &Path;

    /// Runs one command to its end and passes on what it prints, stdout and stderr in the order in which
    /// they were written. Dropping the future kills the command and everything it started.
    fn exec(
        &self,
        command: &Command,
        output: &mut (dyn Output + Send),
    ) -> impl Future<Output = Result<Exit, WorkspaceError>> + Send;

    /// Writes a file that commands can read, at a path relative to the workspace's private folder, and
    /// returns the path under which commands see it. The private folder is not part of the source.
    fn write(
        &self,
        path: &str,
        mode: u32,
        content: &[u8],
    ) -> impl Future<Output = Result<std::path::PathBuf, WorkspaceError>> + Send;

    /// Reads a file of the private folder, at most `limit` bytes of it; `None` when there is none.
    fn read(
        &self,
        path: &str,
        limit: u64,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, WorkspaceError>> + Send;

    /// Fills the source folder from the zip at `archive` (a path on the server).
    fn unpack(&self, archive: &Path) -> impl Future<Output = Result<(), WorkspaceError>> + Send;

    /// Zips files of the source folder into `archive` (a path on the server).
    fn pack(
        &self,
        selection: &Selection,
        archive: &Path,
    ) -> impl Future<Output = Result<Packed, WorkspaceError>> + Send;
}

/// Receives what a command prints, as it prints it.
pub trait Output {
    fn write(&mut self, chunk: &[u8]);
}

impl<F: FnMut(&[u8])> Output for F {
    fn write(&mut self, chunk: &[u8]) {
        self(chunk);
    }
}

/// A program, its arguments and its whole environment: nothing is inherited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub argv: Vec<String>,
    pub env: BTreeMap<String, String>,
    /// Absolute, as the command sees it; `None` is the source folder.
    pub working_dir: Option<std::path::PathBuf>,
    /// After this long the whole process tree is killed.
    pub timeout: Option<Duration>,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Code(i32),
    Signal(i32),
    /// Killed at its [`Command::timeout`].
    TimedOut,
    /// Killed by the memory limit.
    OutOfMemory,
}

impl Exit {
    pub fn success(self) -> bool {
        self == Exit::Code(0)
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Exit::Code(code) => write!(f, "exit code {code}"),
            Exit::Signal(signal) => write!(f, "killed by signal {signal}"),
            Exit::TimedOut => f.write_str("timed out"),
            Exit::OutOfMemory => f.write_str("killed: out of memory"),
        }
    }
}

/// Which files an artifact holds (buildspec reference, `artifacts`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Globs relative to `base_dir`; `**/*` is everything. A file that no glob matches is not an error
    /// as long as one matches.
    pub files: Vec<String>,
    /// Relative to the source folder, may be a glob; the folder itself is not part of the paths in the zip.
    pub base_dir: Option<String>,
    /// Globs that take files out again.
    pub exclude: Vec<String>,
    /// Only file names, no folders.
    pub discard_paths: bool,
}

/// What an artifact came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed {
    pub files: u64,
    /// Bytes before compression.
    pub bytes: u64,
}

/// Why a workspace could not do what it was asked to. A command that fails is no such error: see [`Exit`].
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The user's doing, in words for the log.
    #[error("{0}")]
    Refused(String),
    #[error("{context}: {source}")]
    Io {
        context: String,
        source: std::io::Error,
    },
    /// Towpath's or the machine's doing.
    #[error("{0}")]
    Failed(String),
    /// The place is gone, and what ran in it; another attempt may have more luck elsewhere.
    #[error("{0}")]
    Lost(String),
}
