//! One process for each command, to which all that the command starts comes home: so it can be killed
//! alone, and what it leaves in the background is known to be its own.

use std::io::{self, Write};

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use super::failure::Failure;
use super::serve::Scope;
use super::{kernel, launch};
use crate::wire::{End, ExecId, Program};

/// What a monitor tells, in a pipe that all of them share: so small that it is written in one piece
/// (pipe(7), `PIPE_BUF`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    Started { id: ExecId, pid: i32 },
    Ended { id: ExecId, end: End },
}

impl Report {
    pub(super) const SIZE: usize = 13;

    fn to_bytes(self) -> [u8; Self::SIZE] {
        let (id, kind, value) = match self {
            Report::Started { id, pid } => (id, 0, pid),
            Report::Ended {
                id,
                end: End::Code(code),
            } => (id, 1, code),
            Report::Ended {
                id,
                end: End::Signal(signal),
            } => (id, 2, signal),
        };
        let mut bytes = [0; Self::SIZE];
        bytes[..8].copy_from_slice(&id.0.to_le_bytes());
        bytes[8] = kind;
        bytes[9..].copy_from_slice(&value.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: [u8; Self::SIZE]) -> Self {
        let [id @ .., kind, a, b, c, d] = bytes;
        let id = ExecId(u64::from_le_bytes(id));
        let value = i32::from_le_bytes([a, b, c, d]);
        match kind {
            0 => Report::Started { id, pid: value },
            1 => Report::Ended {
                id,
                end: End::Code(value),
            },
            _ => Report::Ended {
                id,
                end: End::Signal(value),
            },
        }
    }
}

/// Starts the command and its monitor, whose pid is returned.
pub(super) fn start(
    scope: Scope<'_>,
    id: ExecId,
    program: &Program,
    output: launch::Output<'_>,
    report_to: &io::PipeWriter,
) -> Result<Pid, Failure> {
    kernel::fork(|| match watch(scope, id, program, output, report_to) {
        Ok(()) => 0,
        Err(_) => 1,
    })
}

fn watch(
    scope: Scope<'_>,
    id: ExecId,
    program: &Program,
    output: launch::Output<'_>,
    report_to: &io::PipeWriter,
) -> Result<(), Failure> {
    kernel::reset_signals().map_err(Failure::of("reset signals"))?;
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .map_err(Failure::of("become a subreaper"))?;
    let command = kernel::fork(|| launch::run(scope, program, output))?;
    // While the monitor held the output open, its reader would wait for what is left in the background.
    kernel::close_all_but(report_to)?;
    let tell = |report: Report| {
        let mut to = report_to;
        to.write_all(&report.to_bytes())
            .map_err(Failure::of("report"))
    };
    tell(Report::Started {
        id,
        pid: command.as_raw(),
    })?;
    loop {
        match waitpid(None, None) {
            Ok(WaitStatus::Exited(pid, code)) if pid == command => {
                tell(Report::Ended {
                    id,
                    end: End::Code(code),
                })?;
            }
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == command => {
                tell(Report::Ended {
                    id,
                    end: End::Signal(signal as i32),
                })?;
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(Errno::ECHILD) => return Ok(()),
            Err(errno) => return Err(Failure::of("wait for the command")(errno)),
        }
    }
}
