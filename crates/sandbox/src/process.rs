use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::unix::pipe;
use tokio::sync::watch;
use towpath_model::workspace::Exit;

use crate::SandboxError;
use crate::link::Link;
use crate::wire::{ExecId, Request};

/// A running command: its output is read from it. Dropping it kills the command and everything it started.
pub struct Process {
    pub(crate) link: Arc<Link>,
    pub(crate) id: ExecId,
    pub(crate) output: pipe::Receiver,
    pub(crate) exit: watch::Receiver<Option<Exit>>,
}

impl Process {
    /// Waits for the command itself; what it left running in the background goes on until `self` is dropped.
    /// Gives the same answer when asked again.
    ///
    /// Output may still wait to be read then, and ends only when nobody holds it open any more.
    ///
    /// The future does not borrow the process: its output can be read meanwhile.
    pub fn wait(&self) -> impl Future<Output = Result<Exit, SandboxError>> + Send + use<> {
        self.waiter().wait()
    }

    /// Something to wait with while the output is read.
    pub(crate) fn waiter(&self) -> Waiter {
        Waiter::new(self.exit.clone())
    }

    /// Sends the command itself a signal, such as 15 (SIGTERM). Nothing happens when it has ended.
    pub fn signal(&self, signal: i32) {
        self.ask(&Request::Signal {
            id: self.id,
            signal,
        });
    }

    /// Kills the command and everything it started.
    pub fn kill(&self) {
        self.ask(&Request::Kill { id: self.id });
    }

    fn ask(&self, request: &Request) {
        if let Err(error) = self.link.send(request, Vec::new()) {
            tracing::debug!(%error, "a command of a sandbox that has ended");
        }
    }
}

pub(crate) struct Waiter(watch::Receiver<Option<Exit>>);

impl Waiter {
    pub(crate) fn new(exit: watch::Receiver<Option<Exit>>) -> Self {
        Self(exit)
    }

    pub(crate) async fn wait(mut self) -> Result<Exit, SandboxError> {
        let exit = self
            .0
            .wait_for(Option::is_some)
            .await
            .map_err(|_| SandboxError::Ended)?;
        exit.ok_or(SandboxError::Ended)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// stdout and stderr, in the order in which they were written.
impl AsyncRead for Process {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.output).poll_read(context, buffer)
    }
}
