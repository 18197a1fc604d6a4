//! The last steps before a command is itself.

use std::ffi::{CString, OsStr};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CapabilitySet, CapabilitySets};

use super::failure::Failure;
use super::serve::Scope;
use super::{kernel, seccomp, terminal};
use crate::wire::{Isolation, Program};
use crate::{Capabilities, Limits, TerminalSize, User};

/// As shells have it (POSIX, "Exit Status for Commands").
const NOT_FOUND: i32 = 127;
const NOT_EXECUTABLE: i32 = 126;
/// execvp(3), for a command whose environment has no PATH.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where a command's output goes, or the socket over which it hands out the terminal that it makes.
pub(super) type Output<'a> = (&'a OwnedFd, Option<TerminalSize>);

/// Becomes the command. Returns an exit code when that fails, and says why in the command's output.
pub(super) fn run(scope: Scope<'_>, program: &Program, output: Output<'_>) -> i32 {
    let Err((code, failure)) = become_command(scope, program, output);
    let message = format!("towpath: {failure}\n");
    if output.1.is_some() {
        let _unread = rustix::io::write(rustix::stdio::stderr(), message.as_bytes());
        terminal::complain(output.0, &message);
    } else {
        let _unread = rustix::io::write(output.0, message.as_bytes());
    }
    code
}

fn become_command(
    scope: Scope<'_>,
    program: &Program,
    output: Output<'_>,
) -> Result<std::convert::Infallible, (i32, Failure)> {
    let broken = |failure| (NOT_EXECUTABLE, failure);
    prepare(scope, program, output).map_err(broken)?;
    let path = find(program).ok_or_else(|| (NOT_FOUND, not_found(program)))?;
    execute(&path, program).map_err(broken)
}

fn prepare(scope: Scope<'_>, program: &Program, output: Output<'_>) -> Result<(), Failure> {
    rustix::process::setsid().map_err(Failure::of("start a session"))?;
    connect(output)?;
    let folder = &program.working_dir;
    rustix::process::chdir(folder).map_err(Failure::of(format!(
        "change to the folder {}",
        folder.display()
    )))?;
    match scope {
        Scope::Isolated(isolation) => give_up_privileges(isolation),
        Scope::Plain => Ok(()),
    }
}

fn connect((output, size): Output<'_>) -> Result<(), Failure> {
    if let Some(size) = size {
        return terminal::sit_down(output, size);
    }
    rustix::stdio::dup2_stdout(output).map_err(Failure::of("connect standard output"))?;
    rustix::stdio::dup2_stderr(output).map_err(Failure::of("connect standard error"))
}

fn give_up_privileges(isolation: &Isolation) -> Result<(), Failure> {
    limit(&isolation.rlimits)?;
    drop_from_bounding_set(isolation.capabilities)?;
    rustix::thread::clear_ambient_capability_set()
        .map_err(Failure::of("clear ambient capabilities"))?;
    become_user(&isolation.user)?;
    if isolation.user.uid == 0 {
        keep_only(isolation.capabilities)?;
    }
    rustix::thread::set_no_new_privs(true).map_err(Failure::of("set no_new_privs"))?;
    kernel::filter_calls(&mut seccomp::filter(isolation.capabilities)).map_err(Failure::of(
        "filter system calls (CONFIG_SECCOMP_FILTER is needed)",
    ))
}

/// Never above the hard limit, which needs a privilege to raise.
fn limit(limits: &Limits) -> Result<(), Failure> {
    let Some(pids) = limits.pids else {
        return Ok(());
    };
    let hard = getrlimit(Resource::Nproc).maximum;
    let pids = hard.map_or(pids, |hard| hard.min(pids));
    setrlimit(
        Resource::Nproc,
        Rlimit {
            current: Some(pids),
            maximum: Some(pids),
        },
    )
    .map_err(Failure::of("limit the number of processes"))
}

fn drop_from_bounding_set(kept: Capabilities) -> Result<(), Failure> {
    for number in 0..u64::BITS {
        let capability = CapabilitySet::from_bits_retain(1 << number);
        if kept.bits() & (1 << number) == 0 {
            match rustix::thread::remove_capability_from_bounding_set(capability) {
                Ok(()) => {}
                // Beyond the kernel's last capability.
                Err(rustix::io::Errno::INVAL) => return Ok(()),
                Err(errno) => return Err(Failure::of("give up capabilities")(errno)),
            }
        }
    }
    Ok(())
}

fn become_user(user: &User) -> Result<(), Failure> {
    use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};
    let groups: Vec<_> = user.groups.iter().copied().map(Gid::from_raw).collect();
    match setgroups(&groups) {
        // Where one id alone is mapped, the kernel allows no change of groups: the caller's stay.
        Err(nix::errno::Errno::EPERM) if groups.is_empty() => {}
        result => result.map_err(unmapped(format!("take the groups {:?}", user.groups)))?,
    }
    setgid(Gid::from_raw(user.gid)).map_err(unmapped(format!("become group {}", user.gid)))?;
    setuid(Uid::from_raw(user.uid)).map_err(unmapped(format!("become user {}", user.uid)))
}

fn unmapped(what: String) -> impl FnOnce(nix::errno::Errno) -> Failure {
    Failure::of(format!(
        "{what} (a plain user's sandbox has other users only with package uidmap and a line in \
         /etc/subuid and /etc/subgid)"
    ))
}

fn keep_only(kept: Capabilities) -> Result<(), Failure> {
    let now = rustix::thread::capabilities(None).map_err(Failure::of("read capabilities"))?;
    let kept = CapabilitySet::from_bits_retain(kept.bits()) & now.permitted;
    let sets = CapabilitySets {
        effective: kept,
        permitted: kept,
        inheritable: CapabilitySet::empty(),
    };
    rustix::thread::set_capabilities(None, sets).map_err(Failure::of("give up capabilities"))
}

/// Looks where the command's own PATH says, as a shell does (POSIX, "Command Search and Execution").
fn find(program: &Program) -> Option<PathBuf> {
    let name = program.argv.first().filter(|name| !name.is_empty())?;
    if name.contains('/') {
        return Path::new(name).exists().then(|| name.into());
    }
    let path = program.env.iter().find(|(key, _)| key == "PATH");
    let path = path.map_or(DEFAULT_PATH, |(_, value)| value);
    path.split(':')
        .map(|folder| Path::new(folder).join(name))
        .find(|path| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path)
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

fn not_found(program: &Program) -> Failure {
    match program.argv.first() {
        Some(name) => Failure::new(format!("{name}: command not found")),
        None => Failure::new("an empty command"),
    }
}

fn execute(path: &Path, program: &Program) -> Result<std::convert::Infallible, Failure> {
    let argv: Vec<CString> = program
        .argv
        .iter()
        .map(c_string)
        .collect::<Result<_, _>>()?;
    let env: Vec<CString> = program
        .env
        .iter()
        .map(|(key, value)| c_string(format!("{key}={value}")))
        .collect::<Result<_, _>>()?;
    nix::unistd::execve(&c_string(path)?, &argv, &env)
        .map_err(Failure::of(format!("run {}", path.display())))
}

fn c_string(text: impl AsRef<OsStr>) -> Result<CString, Failure> {
    CString::new(text.as_ref().as_bytes())
        .map_err(io::Error::from)
        .map_err(Failure::of("pass on a word with a zero byte in it"))
}
