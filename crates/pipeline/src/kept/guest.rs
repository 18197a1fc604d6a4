use std::io;
use std::sync::Arc;

use tokio::io::AsyncReadExt;
use towpath_model::workspace::{Exit, WorkspaceError};
use towpath_remote::{RemoteProcess, RemoteTerminal};
use towpath_sandbox::{Process, SandboxError, Terminal, TerminalSize};

use super::Sandbox;
use super::place::Place;

/// Somebody in a kept sandbox.
pub struct Guest(pub(super) Arc<Sandbox>);

/// A command at a terminal. Dropping it kills the command and everything it started.
pub enum GuestTerminal {
    Here(Terminal),
    /// In a pod.
    Elsewhere(RemoteTerminal),
}

/// A command without a terminal. Dropping it kills the command and everything it started.
pub enum GuestProcess {
    Here(Process),
    /// In a pod.
    Elsewhere(RemoteProcess),
}

#[derive(Debug, thiserror::Error)]
pub enum VisitError {
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    #[error("the terminal: {0}")]
    Terminal(#[from] io::Error),
}

impl Guest {
    /// A shell, or a command, at a terminal of this kind (`TERM`).
    pub async fn open_terminal(
        &self,
        argv: &[String],
        kind: &str,
        size: TerminalSize,
    ) -> Result<GuestTerminal, VisitError> {
        use GuestTerminal::{Elsewhere, Here};
        let command = match argv {
            [] => self.0.visit.shell(kind),
            argv => self.0.visit.command(argv, Some(kind)),
        };
        Ok(match &self.0.place {
            Place::Sandboxed(workspace) => Here(workspace.open_terminal(&command, size).await?),
            Place::Plain(workspace) => Here(workspace.open_terminal(&command, size).await?),
            Place::InPod(place) => Elsewhere(place.workspace.open_terminal(&command, size).await?),
        })
    }

    /// Starts a command without a terminal.
    pub async fn start(&self, argv: &[String]) -> Result<GuestProcess, VisitError> {
        use GuestProcess::{Elsewhere, Here};
        let command = self.0.visit.command(argv, None);
        Ok(match &self.0.place {
            Place::Sandboxed(workspace) => Here(workspace.start_command(&command).await?),
            Place::Plain(workspace) => Here(workspace.start_command(&command).await?),
            Place::InPod(place) => Elsewhere(place.workspace.start_command(&command).await?),
        })
    }
}

impl GuestTerminal {
    /// Reads what is to be seen; 0 when the command has ended. Cancel safe.
    pub async fn read(&self, buffer: &mut [u8]) -> Result<usize, VisitError> {
        Ok(match self {
            GuestTerminal::Here(terminal) => terminal.read(buffer).await?,
            GuestTerminal::Elsewhere(terminal) => terminal.read(buffer).await?,
        })
    }

    /// Types as much as fits now, which may take that somebody reads. Cancel safe.
    pub async fn write(&self, typed: &[u8]) -> Result<usize, VisitError> {
        Ok(match self {
            GuestTerminal::Here(terminal) => terminal.write(typed).await?,
            GuestTerminal::Elsewhere(terminal) => terminal.write(typed).await?,
        })
    }

    /// The window has another size now.
    pub fn resize(&self, size: TerminalSize) -> Result<(), VisitError> {
        match self {
            GuestTerminal::Here(terminal) => terminal.resize(size)?,
            GuestTerminal::Elsewhere(terminal) => terminal.resize(size)?,
        }
        Ok(())
    }

    /// Waits for the command's end, after all was read.
    pub async fn wait(&self) -> Result<Exit, VisitError> {
        Ok(match self {
            GuestTerminal::Here(terminal) => terminal.wait().await?,
            GuestTerminal::Elsewhere(terminal) => terminal.wait().await?,
        })
    }
}

impl GuestProcess {
    /// Reads what it prints; 0 at the end of that. Cancel safe.
    pub async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, VisitError> {
        Ok(match self {
            GuestProcess::Here(process) => process.read(buffer).await?,
            GuestProcess::Elsewhere(process) => process.read(buffer).await?,
        })
    }

    /// Waits for the command's end, after all was read.
    pub async fn wait(&self) -> Result<Exit, VisitError> {
        Ok(match self {
            GuestProcess::Here(process) => process.wait().await?,
            GuestProcess::Elsewhere(process) => process.wait().await?,
        })
    }
}
