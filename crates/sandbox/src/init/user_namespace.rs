use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::{fs, io};

use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::{WaitStatus, waitpid};

use super::failure::Failure;
use super::kernel;
use crate::user_namespace::{IdRange, MapHelpers, UserNamespace};

/// Moves this process into a new user namespace, in which it is root with all capabilities.
pub(crate) fn enter(ids: &UserNamespace) -> Result<(), Failure> {
    match &ids.helpers {
        None => enter_alone(ids),
        Some(helpers) => enter_with_ranges(ids, helpers),
    }
}

fn enter_alone(ids: &UserNamespace) -> Result<(), Failure> {
    make()?;
    // Without this the kernel lets a plain user map no groups (user_namespaces(7)).
    write("/proc/self/setgroups", "deny")?;
    write("/proc/self/uid_map", &lines(&ids.uids))?;
    write("/proc/self/gid_map", &lines(&ids.gids))
}

/// The set-user-id helpers write the maps from outside: a child that stays behind runs them.
fn enter_with_ranges(ids: &UserNamespace, helpers: &MapHelpers) -> Result<(), Failure> {
    let of_pipe = || Failure::of("make a pipe");
    let (mut inside, mut told) = io::pipe().map_err(of_pipe())?;
    let me = std::process::id();
    let mapper = kernel::fork(|| {
        let mapped = inside
            .read_exact(&mut [0])
            .map_err(Failure::of("wait for the namespace"));
        match mapped.and_then(|()| write_maps(me, ids, helpers)) {
            Ok(()) => 0,
            Err(_) => 1,
        }
    })?;
    make()?;
    told.write_all(&[1])
        .map_err(Failure::of("tell the helper"))?;
    match waitpid(mapper, None).map_err(Failure::of("wait for the helper"))? {
        WaitStatus::Exited(_, 0) => Ok(()),
        _ => Err(Failure::new(format!(
            "{} or {} failed; compare /etc/subuid and /etc/subgid",
            helpers.newuidmap.display(),
            helpers.newgidmap.display()
        ))),
    }
}

fn write_maps(pid: u32, ids: &UserNamespace, helpers: &MapHelpers) -> Result<(), Failure> {
    run_helper(&helpers.newuidmap, pid, &ids.uids)?;
    run_helper(&helpers.newgidmap, pid, &ids.gids)
}

fn run_helper(program: &Path, pid: u32, map: &[IdRange]) -> Result<(), Failure> {
    let status = Command::new(program)
        .arg(pid.to_string())
        .args(map.iter().flat_map(|range| {
            [range.inside, range.outside, range.count].map(|number| number.to_string())
        }))
        .env_clear()
        .status()
        .map_err(Failure::of(format!("run {}", program.display())))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new("the helper refused"))
    }
}

fn make() -> Result<(), Failure> {
    unshare(CloneFlags::CLONE_NEWUSER).map_err(Failure::of("make a user namespace"))
}

fn lines(map: &[IdRange]) -> String {
    map.iter()
        .map(|range| format!("{} {} {}\n", range.inside, range.outside, range.count))
        .collect()
}

fn write(path: &str, content: &str) -> Result<(), Failure> {
    fs::write(path, content).map_err(Failure::of(format!("write {path}")))
}
