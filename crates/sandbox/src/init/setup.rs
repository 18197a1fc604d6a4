//! What pid 1 does before the first command.

use std::os::fd::OwnedFd;

use nix::sched::{CloneFlags, setns, unshare};
use rustix::process::Signal;

use super::failure::Failure;
use super::{kernel, mounts};
use crate::wire::{Isolation, NetworkChoice};

/// Returns what is lacking; `limited` waits until the limits hold and says what is lacking of them.
pub(super) fn run(
    isolation: &Isolation,
    network: Option<OwnedFd>,
    limited: impl FnOnce() -> Result<Vec<String>, Failure>,
) -> Result<Vec<String>, Failure> {
    // When the process outside is killed, nobody is left to remove our control groups: better to end too.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(Failure::of("ask to end with the parent"))?;
    separate(isolation, network)?;
    if let Some(hostname) = &isolation.hostname {
        nix::unistd::sethostname(hostname).map_err(Failure::of("set the host name"))?;
    }
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let mut notes = mounts::set_up(isolation)?;
    notes.extend(limited()?);
    Ok(notes)
}

fn separate(isolation: &Isolation, network: Option<OwnedFd>) -> Result<(), Failure> {
    let mut flags = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWUTS;
    if isolation.network == NetworkChoice::Isolated {
        flags |= CloneFlags::CLONE_NEWNET;
    }
    unshare(flags).map_err(Failure::of("make mount, ipc, uts and network namespaces"))?;
    match network {
        Some(network) => setns(network, CloneFlags::CLONE_NEWNET)
            .map_err(Failure::of("join the network namespace")),
        None if isolation.network == NetworkChoice::Isolated => kernel::loopback_up(),
        None => Ok(()),
    }
}
