//! Commands at a terminal, for people who look into a place.

use std::path::PathBuf;

use tokio::sync::{mpsc, watch};
use towpath_model::workspace::{Command, WorkspaceError};
use towpath_sandbox::{SandboxError, Terminal, TerminalSize};

use super::place::Place;
use crate::message::{Order, Report, RequestId, encode};

const CHUNK: usize = 16 << 10;

/// A way to type at a terminal.
pub(super) struct Typing {
    keys: mpsc::Sender<Vec<u8>>,
    size: watch::Sender<TerminalSize>,
}

/// Where it comes out.
pub(super) struct Typed {
    keys: mpsc::Receiver<Vec<u8>>,
    size: watch::Receiver<TerminalSize>,
}

pub(super) fn typing(size: TerminalSize) -> (Typing, Typed) {
    // The server sends no more before it was told that this has been typed.
    let (keys, typed) = mpsc::channel(1);
    let (resize, resized) = watch::channel(size);
    let typing = Typing { keys, size: resize };
    let typed = Typed {
        keys: typed,
        size: resized,
    };
    (typing, typed)
}

impl Typing {
    pub(super) fn keys(&self, keys: &[u8]) {
        if let Err(error) = self.keys.try_send(keys.to_vec()) {
            tracing::debug!(%error, "keys that nobody takes");
        }
    }

    pub(super) fn resize(&self, size: TerminalSize) {
        self.size.send_replace(size);
    }
}

impl Place {
    pub(super) async fn open(
        &self,
        order: Order,
        mut typed: Typed,
    ) -> Result<Report, WorkspaceError> {
        let Order::Open {
            id,
            argv,
            env,
            working_dir,
            size,
        } = order
        else {
            return Err(WorkspaceError::Failed("not a terminal".to_owned()));
        };
        let command = Command {
            argv,
            env,
            working_dir: working_dir.map(PathBuf::from),
            timeout: None,
        };
        let opened = self.workspace.open_terminal(&command, size).await;
        let terminal = opened.map_err(failed)?;
        self.sit_at(id, &terminal, &mut typed).await?;
        let exit = terminal.wait().await.map_err(failed)?.into();
        Ok(Report::Exited { id, exit })
    }

    /// Until the command has ended.
    async fn sit_at(
        &self,
        id: RequestId,
        terminal: &Terminal,
        typed: &mut Typed,
    ) -> Result<(), WorkspaceError> {
        let mut offset = 0;
        let mut keys: Vec<u8> = Vec::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            tokio::select! {
                read = terminal.read(&mut chunk) => match read.map_err(io_failed)? {
                    0 => return Ok(()),
                    count => {
                        self.tell(&Report::Output { id, offset }, &chunk[..count]).await?;
                        offset += count as u64;
                    }
                },
                written = terminal.write(&keys), if !keys.is_empty() => {
                    drop(keys.drain(..written.map_err(io_failed)?));
                    if keys.is_empty() {
                        self.tell(&Report::Typed { id }, b"").await?;
                    }
                },
                Some(more) = typed.keys.recv(), if keys.is_empty() => keys = more,
                Ok(()) = typed.size.changed() => {
                    let size = *typed.size.borrow_and_update();
                    terminal.resize(size).map_err(failed)?;
                }
            }
        }
    }

    async fn tell(&self, report: &Report, beside: &[u8]) -> Result<(), WorkspaceError> {
        let sent = self.link.send(encode(report, beside)).await;
        sent.map_err(|ended| WorkspaceError::Failed(ended.to_string()))
    }
}

fn failed(error: SandboxError) -> WorkspaceError {
    WorkspaceError::Failed(error.to_string())
}

fn io_failed(source: std::io::Error) -> WorkspaceError {
    WorkspaceError::Io {
        context: "the terminal".to_owned(),
        source,
    }
}
