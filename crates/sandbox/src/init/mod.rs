//! The process inside. Single-threaded: namespaces, capabilities and ids belong to a thread.

use std::process::ExitCode;

/// What the init program does. The caller has not started a thread yet; the socket to the server is
/// standard input; the first argument left says what is wanted.
pub fn main() -> ExitCode {
    let wanted = std::env::args()
        .skip_while(|arg| arg != "sandbox" && arg != "network")
        .next();
    match wanted.as_deref() {
        Some("network") => crate::network::helper::main(),
        _ => ExitCode::from(2),
    }
}
