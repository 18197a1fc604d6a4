use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use rustix::termios::{Winsize, tcsetwinsize};
use serde::{Deserialize, Serialize};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::UnixStream;
use tokio::sync::watch;
use towpath_model::workspace::{Command, Exit};

use crate::link::Link;
use crate::oom::OomCount;
use crate::process::Waiter;
use crate::wire::{self, ExecId, Request};
use crate::{Sandbox, SandboxError};

/// As much as is read of why there is no terminal.
const COMPLAINT: usize = 4096;

/// The kernel takes a moment to hand over what a command has printed before its end.
const LAST_WORDS: Duration = Duration::from_millis(50);

/// In characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalSize {
    pub rows: u16,
    pub columns: u16,
}

impl Default for TerminalSize {
    fn default() -> Self {
        Self {
            rows: 24,
            columns: 80,
        }
    }
}

/// A command at a terminal: what is typed is written to it, what is to be seen is read from it, both at once if need be. Dropping it
/// kills the command and everything it started.
pub struct Terminal {
    link: Arc<Link>,
    id: ExecId,
    controller: AsyncFd<OwnedFd>,
    exit: watch::Receiver<Option<Exit>>,
}

impl Sandbox {
    /// Starts a command at a terminal of its own, whose session it leads: job control works.
    ///
    /// As with [`Sandbox::exec`], a program that cannot be run says so and exits with 127 or 126.
    pub async fn open_terminal(
        &self,
        command: &Command,
        size: TerminalSize,
    ) -> Result<Terminal, SandboxError> {
        let failed = || SandboxError::io("cannot ask for a terminal");
        let (ours, theirs) = StdUnixStream::pair().map_err(failed())?;
        ours.set_nonblocking(true).map_err(failed())?;
        let ours = UnixStream::from_std(ours).map_err(failed())?;
        let (id, exit) = self.link().register(OomCount::now(self.groups()))?;
        let request = Request::Exec {
            id,
            command: self.program(command),
            terminal: Some(size),
        };
        self.link().send(&request, vec![Arc::new(theirs.into())])?;
        let controller = handed_out(&ours).await?;
        rustix::io::ioctl_fionbio(&controller, true).map_err(|errno| failed()(errno.into()))?;
        Ok(Terminal {
            link: self.link().clone(),
            id,
            controller: register(controller)?,
            exit,
        })
    }
}

/// The terminal that the command has made for itself, or its complaint.
async fn handed_out(socket: &UnixStream) -> Result<OwnedFd, SandboxError> {
    let mut said = [0; COMPLAINT];
    loop {
        let failed = || SandboxError::io("cannot receive a terminal");
        socket.readable().await.map_err(failed())?;
        let received = socket.try_io(Interest::READABLE, || {
            wire::receive_first(socket, &mut said)
        });
        match received {
            Ok((count, fds)) => {
                let complaint = String::from_utf8_lossy(&said[..count]);
                return fds.into_iter().next().ok_or_else(|| {
                    SandboxError::SetUp(format!("there is no terminal: {}", complaint.trim()))
                });
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(failed()(error)),
        }
    }
}

fn register(controller: OwnedFd) -> Result<AsyncFd<OwnedFd>, SandboxError> {
    // SAFETY: an owned descriptor is the same, and open, for as long as the value lives.
    #[allow(unsafe_code)]
    let registered = unsafe { AsyncFd::register(controller) };
    registered.map_err(|error| SandboxError::io("cannot wait for a terminal")(error.into()))
}

impl Terminal {
    /// The window has another size now.
    pub fn resize(&self, size: TerminalSize) -> Result<(), SandboxError> {
        let size = Winsize {
            ws_row: size.rows,
            ws_col: size.columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&self.controller, size)
            .map_err(|errno| SandboxError::io("cannot set a terminal's size")(errno.into()))
    }

    /// Reads what is to be seen; 0 when the command has ended and nothing more comes, whatever it has left
    /// running in the background. Cancel safe.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let ended = async {
            // An error means that the sandbox has ended, which is an end, too.
            let _ended = self.wait().await;
            tokio::time::sleep(LAST_WORDS).await;
        };
        tokio::select! {
            biased;
            read = self.read_on(buffer) => read,
            () = ended => Ok(0),
        }
    }

    /// 0 when nobody in the sandbox holds the terminal any more, which Linux tells by EIO.
    async fn read_on(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut ready = self.controller.readable().await?;
            let read = ready.try_io(|controller| Ok(rustix::io::read(controller, &mut *buffer)?));
            match read {
                Ok(Err(error)) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => {
                    return Ok(0);
                }
                Ok(read) => return read,
                Err(_would_block) => {}
            }
        }
    }

    /// Types as much as fits now. Cancel safe.
    pub async fn write(&self, typed: &[u8]) -> io::Result<usize> {
        loop {
            let mut ready = self.controller.writable().await?;
            if let Ok(written) =
                ready.try_io(|controller| Ok(rustix::io::write(controller, typed)?))
            {
                return written;
            }
        }
    }

    /// Waits for the command itself. Gives the same answer when asked again; does not borrow the terminal.
    pub fn wait(&self) -> impl Future<Output = Result<Exit, SandboxError>> + Send + use<> {
        Waiter::new(self.exit.clone()).wait()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Err(error) = self.link.send(&Request::Kill { id: self.id }, Vec::new()) {
            tracing::debug!(%error, "a terminal of a sandbox that has ended");
        }
    }
}
