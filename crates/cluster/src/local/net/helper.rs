use std::{io, thread};

use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use tokio::sync::watch;

/// The process that holds the network, seen from outside.
pub(super) struct Helper(watch::Receiver<bool>);

impl Helper {
    /// Takes a child process that nobody has waited for: its id is nobody else's.
    pub(super) fn watch(id: u32) -> io::Result<Self> {
        let id = i32::try_from(id).map_err(io::Error::other)?;
        let (ended, receiver) = watch::channel(false);
        thread::Builder::new()
            .name("network-watch".into())
            .spawn(move || {
                wait(Pid::from_raw(id));
                ended.send_replace(true);
            })?;
        Ok(Self(receiver))
    }

    /// Comes back when it has ended.
    pub(super) async fn ended(&self) {
        // An error means that the thread has ended, and so has the process.
        drop(self.0.clone().wait_for(|ended| *ended).await);
    }
}

/// Leaves the process to be reaped by who started it; an error means that this was done already.
fn wait(id: Pid) {
    let ended = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
    while waitid(Id::Pid(id), ended) == Err(Errno::EINTR) {}
}
