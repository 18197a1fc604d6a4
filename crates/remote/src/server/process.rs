//! Commands whose output is read as it suits the reader, as people do who sit before them.

use bytes::{Buf, Bytes};
use tokio::sync::{Mutex, watch};
use towpath_model::workspace::{Exit, WorkspaceError};
use towpath_sandbox::TerminalSize;

use super::request::{Orders, Request, unexpected};
use crate::CHUNK;
use crate::message::{Order, Report, RequestId};

/// A running command. Dropping it kills the command and everything it started.
pub struct RemoteProcess {
    id: RequestId,
    reading: Mutex<Reading>,
    /// Whether the worker takes more to be typed.
    takes_keys: watch::Sender<bool>,
}

struct Reading {
    request: Request,
    unread: Bytes,
    printed: u64,
    exit: Option<Exit>,
}

impl RemoteProcess {
    pub(super) fn new(request: Request) -> Self {
        Self {
            id: request.id,
            reading: Mutex::new(Reading {
                request,
                unread: Bytes::new(),
                printed: 0,
                exit: None,
            }),
            takes_keys: watch::Sender::new(true),
        }
    }

    /// Reads what it prints; 0 when it has ended. Cancel safe.
    pub async fn read(&self, buffer: &mut [u8]) -> Result<usize, WorkspaceError> {
        let mut reading = self.reading.lock().await;
        while reading.unread.is_empty() {
            if reading.exit.is_some() {
                return Ok(0);
            }
            self.hear(&mut reading).await?;
        }
        let count = reading.unread.len().min(buffer.len());
        reading.unread.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }

    /// Waits for its end; what was not read is dropped.
    pub async fn wait(&self) -> Result<Exit, WorkspaceError> {
        let mut reading = self.reading.lock().await;
        loop {
            if let Some(exit) = reading.exit {
                return Ok(exit);
            }
            self.hear(&mut reading).await?;
        }
    }

    async fn hear(&self, reading: &mut Reading) -> Result<(), WorkspaceError> {
        match reading.request.report().await? {
            (Report::Output { offset, .. }, bytes) if offset == reading.printed => {
                reading.printed += bytes.len() as u64;
                reading.unread = bytes;
            }
            (Report::Typed { .. }, _) => drop(self.takes_keys.send_replace(true)),
            (Report::Exited { exit, .. }, _) => reading.exit = Some(exit.into()),
            (report, _) => return Err(unexpected(&report)),
        }
        Ok(())
    }
}

/// A command at a terminal. Dropping it kills the command and everything it started.
pub struct RemoteTerminal {
    process: RemoteProcess,
    orders: Orders,
}

impl RemoteTerminal {
    pub(super) fn new(request: Request) -> Self {
        Self {
            orders: request.orders(),
            process: RemoteProcess::new(request),
        }
    }

    /// Reads what is to be seen; 0 when the command has ended. Cancel safe.
    pub async fn read(&self, buffer: &mut [u8]) -> Result<usize, WorkspaceError> {
        self.process.read(buffer).await
    }

    /// Types as much as the worker takes now. Cancel safe. Its word that it takes more comes with what is to be
    /// seen: so this goes on only while somebody reads.
    pub async fn write(&self, typed: &[u8]) -> Result<usize, WorkspaceError> {
        let count = typed.len().min(CHUNK);
        if count == 0 {
            return Ok(0);
        }
        let mut takes_keys = self.process.takes_keys.subscribe();
        // The sender is ours, so there is no error.
        drop(takes_keys.wait_for(|takes| *takes).await);
        self.process.takes_keys.send_replace(false);
        let order = Order::Type {
            id: self.process.id,
        };
        self.orders.send_now(&order, &typed[..count])?;
        Ok(count)
    }

    /// The window has another size now.
    pub fn resize(&self, size: TerminalSize) -> Result<(), WorkspaceError> {
        let id = self.process.id;
        self.orders.send_now(&Order::Resize { id, size }, b"")
    }

    /// Waits for the command's end; what was not read is dropped.
    pub async fn wait(&self) -> Result<Exit, WorkspaceError> {
        self.process.wait().await
    }
}
