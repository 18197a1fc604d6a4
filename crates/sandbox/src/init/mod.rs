//! The process inside. Single-threaded and synchronous: namespaces, capabilities and ids belong to a
//! thread, and forking is safe only when there is one.

mod cgroups;
mod failure;
mod kernel;
mod launch;
mod monitor;
mod mounts;
mod outer;
mod processes;
mod seccomp;
mod serve;
mod setup;
mod terminal;
pub(crate) mod user_namespace;

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::{fs, io};

use self::failure::Failure;

/// What the init program does. To be called first thing in main, before there is a second thread.
///
/// The socket to the server is standard input. The last argument says what is wanted: `sandbox` or `network`.
pub fn main() -> ExitCode {
    let wanted = std::env::args_os().next_back();
    match wanted.as_ref().and_then(|arg| arg.to_str()) {
        Some("sandbox") => sandbox(),
        Some("network") => crate::network::helper::main(),
        _ => refuse(wanted),
    }
}

fn sandbox() -> ExitCode {
    match take_socket() {
        Ok(socket) => outer::run(socket),
        Err(failure) => complain(&failure),
    }
}

/// Frees standard input for the commands, and closes what the server may have leaked: a folder left open
/// would be a way out of the sandbox.
fn take_socket() -> Result<UnixStream, Failure> {
    kernel::close_all_but_standard()?;
    let socket = rustix::io::fcntl_dupfd_cloexec(io::stdin().as_fd(), 3)
        .map_err(Failure::of("duplicate the socket"))?;
    let null = fs::File::open("/dev/null").map_err(Failure::of("open /dev/null"))?;
    rustix::stdio::dup2_stdin(&null).map_err(Failure::of("close standard input"))?;
    Ok(UnixStream::from(socket))
}

/// Nobody is listening but a developer or the server's log.
#[expect(
    clippy::print_stderr,
    reason = "a program of its own, whose errors the server collects"
)]
fn complain(failure: &Failure) -> ExitCode {
    eprintln!("towpath-init: {failure}");
    ExitCode::FAILURE
}

#[expect(clippy::print_stderr, reason = "a program of its own")]
fn refuse(wanted: Option<OsString>) -> ExitCode {
    eprintln!(
        "towpath-init: expected `sandbox` or `network`, not {wanted:?}; Towpath starts this itself"
    );
    ExitCode::from(2)
}
