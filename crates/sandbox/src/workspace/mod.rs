//! Two places for a build to run in: a [`SandboxWorkspace`] and a [`PlainWorkspace`].

mod exec;
mod folders;
mod plain;
mod private_files;
mod sandboxed;

pub use plain::PlainWorkspace;
pub use sandboxed::{SandboxWorkspace, WorkspaceSpec};

use std::path::{Path, PathBuf};

use towpath_model::workspace::{Command, Exit, Output, Packed, Selection, WorkspaceError};

use self::folders::Folders;
use crate::{Host, Process, Sandbox, SandboxError, Terminal, TerminalSize};

/// What both have in common: folders on the server, and something that runs commands over them.
struct Local {
    /// `None` only while it is being taken down.
    running: Option<Running>,
    folders: Folders,
}

struct Running {
    sandbox: Sandbox,
    host: Host,
}

impl Local {
    fn new(sandbox: Sandbox, folders: Folders, host: &Host) -> Self {
        let running = Running {
            sandbox,
            host: host.clone(),
        };
        Self {
            running: Some(running),
            folders,
        }
    }

    fn notes(&self) -> &[String] {
        self.running
            .as_ref()
            .map_or(&[], |running| running.sandbox.notes())
    }

    async fn exec(
        &self,
        command: &Command,
        output: &mut (dyn Output + Send),
    ) -> Result<Exit, WorkspaceError> {
        let ended = || WorkspaceError::Failed(SandboxError::Ended.to_string());
        let running = self.running.as_ref().ok_or_else(ended)?;
        exec::run(&running.sandbox, command, output).await
    }

    async fn start_command(&self, command: &Command) -> Result<Process, SandboxError> {
        let running = self.running.as_ref().ok_or(SandboxError::Ended)?;
        running.sandbox.exec(command).await
    }

    async fn open_terminal(
        &self,
        command: &Command,
        size: TerminalSize,
    ) -> Result<Terminal, SandboxError> {
        let running = self.running.as_ref().ok_or(SandboxError::Ended)?;
        running.sandbox.open_terminal(command, size).await
    }

    /// Returns the path relative to the private folder.
    async fn write(
        &self,
        path: &str,
        mode: u32,
        content: &[u8],
    ) -> Result<PathBuf, WorkspaceError> {
        let (folder, path, content) = (self.folders.private(), path.to_owned(), content.to_vec());
        blocking(move || private_files::write(&folder, &path, mode, &content)).await
    }

    async fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, WorkspaceError> {
        let (folder, path) = (self.folders.private(), path.to_owned());
        blocking(move || private_files::read(&folder, &path, limit)).await
    }

    async fn unpack(&self, archive: &Path) -> Result<(), WorkspaceError> {
        let (archive, source) = (archive.to_owned(), self.folders.source());
        blocking(move || {
            towpath_archive::zip::unpack(&archive, &source, &towpath_archive::Limits::default())
                .map(drop)
                .map_err(WorkspaceError::from)
        })
        .await
    }

    async fn pack(&self, selection: &Selection, archive: &Path) -> Result<Packed, WorkspaceError> {
        let (selection, archive) = (selection.clone(), archive.to_owned());
        let source = self.folders.source();
        blocking(move || {
            let packed = towpath_archive::zip::pack(&source, &selection, &archive)?;
            Ok(Packed {
                files: packed.files,
                bytes: packed.bytes,
            })
        })
        .await
    }

    /// Nobody has to wait for the files, whose removal may take a disk longer than the build took.
    async fn close(mut self) -> Result<(), SandboxError> {
        match self.running.take() {
            Some(Running { sandbox, host }) => {
                let stopped = sandbox.stop().await;
                let folders = self.folders.clone();
                tokio::spawn(async move { remove(&host, &folders).await });
                stopped
            }
            None => Ok(()),
        }
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let Some(Running { sandbox, host }) = self.running.take() else {
            return;
        };
        let folders = self.folders.clone();
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(async move {
                if let Err(error) = sandbox.stop().await {
                    tracing::error!(%error, "a dropped workspace");
                }
                remove(&host, &folders).await;
            })),
            // The sandbox ends by itself; its folders, the server's next start removes.
            Err(_) => tracing::debug!("a workspace was dropped after its runtime"),
        }
    }
}

/// What is left, the server's next start removes.
async fn remove(host: &Host, folders: &Folders) {
    if let Err(error) = folders.remove(host).await {
        tracing::error!(%error, "a workspace's files are left");
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WorkspaceError> + Send + 'static,
) -> Result<T, WorkspaceError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(WorkspaceError::Failed(format!(
            "a task in the background: {error}"
        ))),
    }
}
