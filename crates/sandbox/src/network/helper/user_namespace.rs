use std::fs;
use std::os::fd::OwnedFd;

use nix::sched::{CloneFlags, unshare};
use rustix::process::{getegid, geteuid};

use super::bridge;
use super::refusal::Refusal;

/// Moves this process into a new user namespace, in which the caller is root (user_namespaces(7)).
pub(super) fn enter() -> Result<OwnedFd, Refusal> {
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    unshare(CloneFlags::CLONE_NEWUSER).map_err(Refusal::of(
        "make a user namespace (are they switched off on this machine?)",
    ))?;
    write("/proc/self/setgroups", "deny")?;
    write("/proc/self/uid_map", &format!("0 {uid} 1"))?;
    write("/proc/self/gid_map", &format!("0 {gid} 1"))?;
    bridge::namespace("/proc/self/ns/user")
}

fn write(path: &str, content: &str) -> Result<(), Refusal> {
    fs::write(path, content).map_err(Refusal::of(format!("write {path}")))
}
