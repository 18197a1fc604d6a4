//! The loop of a running sandbox: requests come in, commands end, and at the server's end all of it does.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{self, SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::failure::Failure;
use super::monitor::{self, Report};
use super::{kernel, processes};
use crate::TerminalSize;
use crate::wire::{self, End, ExecId, Isolation, Program, Reply, Request};

/// How far the processes can spread.
#[derive(Clone, Copy)]
pub(super) enum Scope<'a> {
    /// In this pid namespace, of which this process is pid 1.
    Isolated(&'a Isolation),
    /// Anywhere below this process.
    Plain,
}

/// Returns when the server has closed its end; in [`Scope::Isolated`] the kernel then kills everything as
/// this process ends.
pub(super) fn run(
    socket: &UnixStream,
    scope: Scope<'_>,
    notes: Vec<String>,
) -> Result<(), Failure> {
    let mut server = Server::new(socket, scope)?;
    server.reply(&Reply::Ready { notes })?;
    while server.turn()? {}
    if let Scope::Plain = scope {
        processes::kill_below(Pid::this());
    }
    Ok(())
}

struct Server<'a> {
    socket: &'a UnixStream,
    scope: Scope<'a>,
    children: SignalFd,
    reports: io::PipeReader,
    report_to: io::PipeWriter,
    running: BTreeMap<ExecId, Running>,
}

struct Running {
    monitor: Pid,
    /// `None` until it has started and after it has ended.
    command: Option<Pid>,
    ended: bool,
}

impl<'a> Server<'a> {
    fn new(socket: &'a UnixStream, scope: Scope<'a>) -> Result<Self, Failure> {
        let child = SigSet::from(Signal::SIGCHLD);
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&child), None)
            .map_err(Failure::of("block SIGCHLD"))?;
        let children = SignalFd::with_flags(&child, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
            .map_err(Failure::of("make a signalfd"))?;
        let (reports, report_to) = io::pipe().map_err(Failure::of("make a pipe"))?;
        Ok(Self {
            socket,
            scope,
            children,
            reports,
            report_to,
            running: BTreeMap::new(),
        })
    }

    /// Waits for something to happen and deals with it; false when the server has gone.
    fn turn(&mut self) -> Result<bool, Failure> {
        let [asked, reported, child_ended] = self.wait()?;
        if reported {
            self.handle_report()?;
        }
        if child_ended {
            self.reap()?;
        }
        if asked {
            self.handle_request()
        } else {
            Ok(true)
        }
    }

    fn wait(&self) -> Result<[bool; 3], Failure> {
        let mut waiting = [
            self.socket.as_fd(),
            self.reports.as_fd(),
            self.children.as_fd(),
        ]
        .map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        loop {
            match poll(&mut waiting, PollTimeout::NONE) {
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(Failure::of("poll")(errno)),
                Ok(_) => return Ok(waiting.map(|fd| fd.any().unwrap_or(true))),
            }
        }
    }

    fn reply(&self, reply: &Reply) -> Result<(), Failure> {
        wire::send(self.socket, reply).map_err(Failure::of("answer the server"))
    }

    fn handle_request(&mut self) -> Result<bool, Failure> {
        let request = match wire::receive(self.socket) {
            Ok(request) => request,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => None,
            Err(error) => return Err(Failure::of("read the server's message")(error)),
        };
        match request {
            None => return Ok(false),
            Some((
                Request::Exec {
                    id,
                    command,
                    terminal,
                },
                fds,
            )) => self.execute(id, &command, terminal, fds)?,
            Some((Request::Signal { id, signal }, _)) => self.signal(id, signal),
            Some((Request::Kill { id }, _)) => self.kill(id)?,
            Some((Request::Start(_) | Request::Remove { .. }, _)) => {
                return Err(Failure::new("the sandbox is set up already"));
            }
        }
        Ok(true)
    }

    fn execute(
        &mut self,
        id: ExecId,
        program: &Program,
        terminal: Option<TerminalSize>,
        fds: Vec<OwnedFd>,
    ) -> Result<(), Failure> {
        let output = fds.into_iter().next();
        let output = output.ok_or_else(|| Failure::new("a command came without its output"))?;
        match monitor::start(
            self.scope,
            id,
            program,
            (&output, terminal),
            &self.report_to,
        ) {
            Ok(monitor) => {
                self.running.insert(
                    id,
                    Running {
                        monitor,
                        command: None,
                        ended: false,
                    },
                );
                Ok(())
            }
            Err(failure) => {
                let message = format!("towpath: {failure}\n");
                let _unread = rustix::io::write(&output, message.as_bytes());
                self.reply(&Reply::Exited {
                    id,
                    end: End::Code(126),
                })
            }
        }
    }

    fn signal(&self, id: ExecId, number: i32) {
        if let Some(command) = self.running.get(&id).and_then(|running| running.command)
            && let Ok(signal) = Signal::try_from(number)
        {
            // It may have ended in this moment, which its report will say.
            let _gone = signal::kill(command, signal);
        }
    }

    /// One command alone may have filled the machine with processes faster than they can be listed: the
    /// kernel kills a whole namespace in one step.
    fn kill(&mut self, id: ExecId) -> Result<(), Failure> {
        let Some(running) = self.running.get(&id) else {
            return Ok(());
        };
        if self.running.len() == 1 && matches!(self.scope, Scope::Isolated(_)) {
            return match signal::kill(Pid::from_raw(-1), Signal::SIGKILL) {
                Ok(()) | Err(Errno::ESRCH) => Ok(()),
                Err(errno) => Err(Failure::of("kill everything")(errno)),
            };
        }
        let monitor = running.monitor;
        kernel::fork(|| {
            processes::kill_below(monitor);
            0
        })
        .map(drop)
    }

    fn handle_report(&mut self) -> Result<(), Failure> {
        let mut bytes = [0; Report::SIZE];
        self.reports
            .read_exact(&mut bytes)
            .map_err(Failure::of("read a report"))?;
        match Report::from_bytes(bytes) {
            Report::Started { id, pid } => {
                if let Some(running) = self.running.get_mut(&id) {
                    running.command = Some(Pid::from_raw(pid));
                }
                Ok(())
            }
            Report::Ended { id, end } => self.ended(id, end),
        }
    }

    fn ended(&mut self, id: ExecId, end: End) -> Result<(), Failure> {
        match self.running.get_mut(&id) {
            Some(running) if !running.ended => {
                running.ended = true;
                running.command = None;
                self.reply(&Reply::Exited { id, end })
            }
            _ => Ok(()),
        }
    }

    /// Collects what has ended: monitors, whose last process has gone with them, and orphans.
    fn reap(&mut self) -> Result<(), Failure> {
        // Empty means that somebody was quicker; there is nothing to do about it.
        let _read = self.children.read_signal();
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return Ok(()),
                Ok(status) => self.monitor_ended(status.pid())?,
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(Failure::of("collect an ended process")(errno)),
            }
        }
    }

    /// A monitor that ends before its command has been killed, and the command with it.
    fn monitor_ended(&mut self, pid: Option<Pid>) -> Result<(), Failure> {
        let ended = self
            .running
            .iter()
            .find(|(_, running)| Some(running.monitor) == pid);
        let Some(id) = ended.map(|(id, _)| *id) else {
            return Ok(());
        };
        // Its last report may be on the way still.
        self.drain_reports()?;
        self.ended(id, End::Signal(Signal::SIGKILL as i32))?;
        self.running.remove(&id);
        Ok(())
    }

    fn drain_reports(&mut self) -> Result<(), Failure> {
        loop {
            let mut waiting = [PollFd::new(self.reports.as_fd(), PollFlags::POLLIN)];
            match poll(&mut waiting, PollTimeout::ZERO) {
                Ok(0) => return Ok(()),
                Ok(_) => self.handle_report()?,
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(Failure::of("poll")(errno)),
            }
        }
    }
}
