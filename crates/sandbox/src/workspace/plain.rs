use std::path::{Path, PathBuf};

use towpath_model::workspace::{
    Command, Exit, Output, Packed, Selection, Workspace, WorkspaceError,
};

use super::{Folders, Local};
use crate::{Host, Limits, Process, Sandbox, SandboxError, Terminal, TerminalSize};

/// A workspace of plain processes, for machines without namespaces and builds that are trusted.
///
/// Commands see and may change all that the server's user may, its data and credentials included. They end
/// together all the same: they run below a process of their own, a subreaper, which outlives the server by as
/// long as it takes to kill them. What it cannot do is outrun a command that starts processes faster than
/// they can be listed, or end those that a command hands to others (cron, a systemd user service).
pub struct PlainWorkspace {
    local: Local,
    source: PathBuf,
    notes: Vec<String>,
}

impl PlainWorkspace {
    /// `work` is a folder for this workspace alone; made, and removed with it. Limits hold where control
    /// groups may be made.
    pub async fn start(host: &Host, work: &Path, limits: &Limits) -> Result<Self, SandboxError> {
        let folders = Folders::make(work).await?;
        let source = folders.source();
        match Sandbox::start_plain(host, limits, source.clone()).await {
            Ok(sandbox) => Ok(Self::new(Local::new(sandbox, folders, host), source)),
            Err(error) => {
                folders.remove(host).await?;
                Err(error)
            }
        }
    }

    fn new(local: Local, source: PathBuf) -> Self {
        let mut notes = local.notes().to_vec();
        notes.push("not isolated: commands see and may change what the server may".into());
        Self {
            local,
            source,
            notes,
        }
    }

    /// What is lacking, for the log.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Starts a command whose output is read as it suits the reader: see [`Sandbox::exec`].
    pub async fn start_command(&self, command: &Command) -> Result<Process, SandboxError> {
        self.local.start_command(command).await
    }

    /// Starts a command at a terminal, beside or after others: see [`Sandbox::open_terminal`].
    pub async fn open_terminal(
        &self,
        command: &Command,
        size: TerminalSize,
    ) -> Result<Terminal, SandboxError> {
        self.local.open_terminal(command, size).await
    }

    /// Ends what runs and says when that has been done; the files are removed behind one's back. Dropping does
    /// all of it behind one's back.
    pub async fn close(self) -> Result<(), SandboxError> {
        self.local.close().await
    }
}

impl Workspace for PlainWorkspace {
    fn source_dir(&self) -> &Path {
        &self.source
    }

    async fn exec(
        &self,
        command: &Command,
        output: &mut (dyn Output + Send),
    ) -> Result<Exit, WorkspaceError> {
        self.local.exec(command, output).await
    }

    async fn write(
        &self,
        path: &str,
        mode: u32,
        content: &[u8],
    ) -> Result<PathBuf, WorkspaceError> {
        let entry = self.local.write(path, mode, content).await?;
        Ok(self.local.folders.private().join(entry))
    }

    async fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, WorkspaceError> {
        self.local.read(path, limit).await
    }

    async fn unpack(&self, archive: &Path) -> Result<(), WorkspaceError> {
        self.local.unpack(archive).await
    }

    async fn pack(&self, selection: &Selection, archive: &Path) -> Result<Packed, WorkspaceError> {
        self.local.pack(selection, archive).await
    }
}
