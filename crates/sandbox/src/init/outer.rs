//! The process that the server started: it makes the namespaces, starts pid 1 in them, sees it end and
//! removes the control groups.

use std::io::{BufRead, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::{fs, io};

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use super::failure::Failure;
use super::serve::{self, Scope};
use super::{cgroups, kernel, processes, setup, user_namespace};
use crate::cgroup::Group;
use crate::user_namespace::UserNamespace;
use crate::wire::{self, Isolation, NetworkChoice, Reply, Request, Start, UserNamespaceChoice};

pub(super) fn run(socket: UnixStream) -> ExitCode {
    match obey(&socket) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => match wire::send(&socket, &Reply::Failed(failure.to_string())) {
            Ok(()) => ExitCode::FAILURE,
            Err(_) => super::complain(&failure),
        },
    }
}

fn obey(socket: &UnixStream) -> Result<(), Failure> {
    match wire::receive(socket).map_err(Failure::of("read the server's first message"))? {
        None => Ok(()),
        Some((Request::Start(start), fds)) => start_up(socket, *start, fds),
        Some((
            Request::Remove {
                path,
                user_namespace,
            },
            _,
        )) => remove(socket, &path, &user_namespace),
        Some(_) => Err(Failure::new("the sandbox is not set up yet")),
    }
}

fn start_up(socket: &UnixStream, start: Start, fds: Vec<OwnedFd>) -> Result<(), Failure> {
    match start.isolation {
        None => run_plain(socket, &start.groups),
        Some(isolation) => run_isolated(socket, &isolation, &start.groups, fds),
    }
}

/// Without namespaces a subreaper is where orphans come home to, so that none is lost sight of.
fn run_plain(socket: &UnixStream, groups: &[Group]) -> Result<(), Failure> {
    let become_subreaper = || {
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
            .map_err(Failure::of("become a subreaper"))
    };
    become_subreaper()?;
    supervise(groups, |limited| {
        let ready = become_subreaper().and_then(|()| limited.wait());
        end(
            socket,
            ready.and_then(|notes| serve::run(socket, Scope::Plain, notes)),
        )
    })?;
    // Nothing, unless somebody killed the child.
    processes::kill_below(Pid::this());
    cgroups::remove(groups);
    Ok(())
}

fn run_isolated(
    socket: &UnixStream,
    isolation: &Isolation,
    groups: &[Group],
    fds: Vec<OwnedFd>,
) -> Result<(), Failure> {
    let network = enter_user_namespace(isolation, fds)?;
    unshare(CloneFlags::CLONE_NEWPID).map_err(Failure::of("make a pid namespace"))?;
    supervise(groups, |limited| {
        let ready = setup::run(isolation, network, || limited.wait());
        end(
            socket,
            ready.and_then(|notes| serve::run(socket, Scope::Isolated(isolation), notes)),
        )
    })?;
    cgroups::remove(groups);
    Ok(())
}

/// Runs `child` in a process in these groups, of which this process is not a part, and waits for its end.
fn supervise(groups: &[Group], child: impl FnOnce(Limited) -> i32) -> Result<(), Failure> {
    let (told, mut tell) = io::pipe().map_err(Failure::of("make a pipe"))?;
    let mut notes = Vec::new();
    let groups = cgroups::make(groups, &mut notes);
    let inner = kernel::fork(|| child(Limited::enter(&groups, told)))?;
    cgroups::put(&groups, inner, &mut notes);
    // A broken pipe means that the child has ended, as it then has told the server itself.
    let _told = serde_json::to_writer(&mut tell, &notes).map(|()| tell.write_all(b"\n"));
    loop {
        match waitpid(inner, None) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(Failure::of("wait for the sandbox")(errno)),
        }
    }
}

/// The exit code of the child. Its failure goes to the server, who has all there is to say it with.
fn end(socket: &UnixStream, result: Result<(), Failure>) -> i32 {
    match result {
        Ok(()) => 0,
        Err(failure) => {
            let _ended = wire::send(socket, &Reply::Failed(failure.to_string()));
            1
        }
    }
}

/// No command may run before the limits hold.
struct Limited {
    /// What could not be limited from inside.
    notes: Vec<String>,
    /// What could not be limited from outside comes from here.
    told: io::PipeReader,
}

impl Limited {
    fn enter(groups: &[Group], told: io::PipeReader) -> Self {
        let mut notes = Vec::new();
        cgroups::enter(groups, &mut notes);
        Self { notes, told }
    }

    /// Returns what could not be limited.
    fn wait(self) -> Result<Vec<String>, Failure> {
        let mut line = String::new();
        io::BufReader::new(self.told)
            .read_line(&mut line)
            .map_err(Failure::of("wait for the limits"))?;
        let mut notes: Vec<String> =
            serde_json::from_str(&line).map_err(Failure::of("learn of the limits"))?;
        notes.extend(self.notes);
        Ok(notes)
    }
}

/// Returns the network namespace to join, if any. It is joined later, as root of the user namespace.
fn enter_user_namespace(
    isolation: &Isolation,
    fds: Vec<OwnedFd>,
) -> Result<Option<OwnedFd>, Failure> {
    let mut fds = fds.into_iter();
    let mut next = || {
        fds.next()
            .ok_or_else(|| Failure::new("a descriptor is missing"))
    };
    match &isolation.user_namespace {
        UserNamespaceChoice::Stay => {}
        UserNamespaceChoice::Make(ids) => user_namespace::enter(ids)?,
        UserNamespaceChoice::Join => setns(next()?, CloneFlags::CLONE_NEWUSER)
            .map_err(Failure::of("join the user namespace"))?,
    }
    match isolation.network {
        NetworkChoice::Join => next().map(Some),
        NetworkChoice::Host | NetworkChoice::Isolated => Ok(None),
    }
}

fn remove(socket: &UnixStream, path: &std::path::Path, ids: &UserNamespace) -> Result<(), Failure> {
    user_namespace::enter(ids)?;
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Failure::of(format!("remove {}", path.display()))(error))
        }
        _ => wire::send(socket, &Reply::Removed).map_err(Failure::of("answer")),
    }
}
