//! A terminal of the sandbox's own for a command that somebody sits at.

use std::os::fd::{AsFd, OwnedFd};

use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::failure::Failure;
use crate::TerminalSize;
use crate::wire;

/// Makes a terminal where this process is, so that its name means something here, becomes the leader of its
/// session, and sends the other end over `socket` (pty(7), tty_ioctl(2)).
pub(super) fn sit_down(socket: &OwnedFd, size: TerminalSize) -> Result<(), Failure> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let controller = openpt(flags).map_err(Failure::of("open /dev/ptmx"))?;
    unlockpt(&controller).map_err(Failure::of("unlock a terminal"))?;
    tcsetwinsize(&controller, winsize(size)).map_err(Failure::of("set a terminal's size"))?;
    let terminal = ioctl_tiocgptpeer(&controller, flags).map_err(Failure::of("open a terminal"))?;
    rustix::process::ioctl_tiocsctty(&terminal).map_err(Failure::of("control a terminal"))?;
    rustix::stdio::dup2_stdin(&terminal).map_err(Failure::of("connect standard input"))?;
    rustix::stdio::dup2_stdout(&terminal).map_err(Failure::of("connect standard output"))?;
    rustix::stdio::dup2_stderr(&terminal).map_err(Failure::of("connect standard error"))?;
    wire::send_first(socket, &[0], &[controller.as_fd()])
        .map(drop)
        .map_err(Failure::of("hand out a terminal"))
}

fn winsize(size: TerminalSize) -> Winsize {
    Winsize {
        ws_row: size.rows,
        ws_col: size.columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

/// Tells whoever waits for the terminal why none comes; nobody may be there any more.
pub(super) fn complain(socket: &OwnedFd, message: &str) {
    let _gone = rustix::net::send(socket, message.as_bytes(), rustix::net::SendFlags::NOSIGNAL);
}
