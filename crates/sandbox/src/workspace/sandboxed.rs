use std::path::{Path, PathBuf};

use towpath_model::workspace::{
    Command, Exit, Output, Packed, Selection, Workspace, WorkspaceError,
};

use super::{Folders, Local};
use crate::{
    Host, HostRoot, Limits, Mount, Network, Process, RootFs, Sandbox, SandboxError, Spec, Terminal,
    TerminalSize,
};

/// As in CodeBuild, where scripts rely on it (`CODEBUILD_SRC_DIR`).
const SOURCE: &str = "/codebuild/output/src";
const PRIVATE: &str = "/codebuild/private";

/// A build's sandbox over the machine's tools.
#[derive(Clone, Debug)]
pub struct WorkspaceSpec {
    /// A folder for this workspace alone, best on a disk that can hold a build; made, and removed with it.
    pub work: PathBuf,
    /// The caller's home.
    pub home: PathBuf,
    /// What no build may see: at least the server's data folder, which may hold `work`.
    pub hide: Vec<PathBuf>,
    pub limits: Limits,
    pub network: Network,
}

/// A workspace in which the machine's tools are at hand, writes are thrown away, and neither credentials nor
/// the server's data can be seen.
pub struct SandboxWorkspace(Local);

impl SandboxWorkspace {
    /// Makes the work folder, and removes it again when the sandbox cannot be set up.
    pub async fn start(host: &Host, spec: WorkspaceSpec) -> Result<Self, SandboxError> {
        let machine_folders = host.machine_folders().cloned();
        let folders = Folders::make(&spec.work).await?;
        let spec = sandbox_spec(&folders, spec);
        match Sandbox::start_over(host, spec, machine_folders).await {
            Ok(sandbox) => Ok(Self(Local::new(sandbox, folders, host))),
            Err(error) => {
                folders.remove(host).await?;
                Err(error)
            }
        }
    }

    /// What is lacking, for the log: see [`Sandbox::notes`] and [`Host::notes`].
    pub fn notes(&self) -> &[String] {
        self.0.notes()
    }

    /// Starts a command whose output is read as it suits the reader: see [`Sandbox::exec`].
    pub async fn start_command(&self, command: &Command) -> Result<Process, SandboxError> {
        self.0.start_command(command).await
    }

    /// Starts a command at a terminal, beside or after others: see [`Sandbox::open_terminal`].
    pub async fn open_terminal(
        &self,
        command: &Command,
        size: TerminalSize,
    ) -> Result<Terminal, SandboxError> {
        self.0.open_terminal(command, size).await
    }

    /// Ends what runs and says when that has been done; the files are removed behind one's back. Dropping does
    /// all of it behind one's back.
    pub async fn close(self) -> Result<(), SandboxError> {
        self.0.close().await
    }
}

fn sandbox_spec(folders: &Folders, spec: WorkspaceSpec) -> Spec {
    let root = HostRoot {
        home: spec.home,
        hide: spec.hide,
        scratch: Some(folders.scratch()),
    };
    Spec {
        mounts: vec![
            Mount::bind(folders.source(), SOURCE),
            Mount::bind(folders.private(), PRIVATE),
        ],
        network: spec.network,
        limits: spec.limits,
        working_dir: SOURCE.into(),
        ..Spec::new(RootFs::Host(root))
    }
}

impl Workspace for SandboxWorkspace {
    fn source_dir(&self) -> &Path {
        Path::new(SOURCE)
    }

    async fn exec(
        &self,
        command: &Command,
        output: &mut (dyn Output + Send),
    ) -> Result<Exit, WorkspaceError> {
        self.0.exec(command, output).await
    }

    async fn write(
        &self,
        path: &str,
        mode: u32,
        content: &[u8],
    ) -> Result<PathBuf, WorkspaceError> {
        let entry = self.0.write(path, mode, content).await?;
        Ok(Path::new(PRIVATE).join(entry))
    }

    async fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, WorkspaceError> {
        self.0.read(path, limit).await
    }

    async fn unpack(&self, archive: &Path) -> Result<(), WorkspaceError> {
        self.0.unpack(archive).await
    }

    async fn pack(&self, selection: &Selection, archive: &Path) -> Result<Packed, WorkspaceError> {
        self.0.pack(selection, archive).await
    }
}
