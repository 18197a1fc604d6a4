//! The server's end: jobs that wait for their worker, and the workspace that a worker is.

mod hub;
mod job;
mod process;
mod request;
mod transfer;
mod workspace;

pub use hub::{Hub, Work};
pub use job::JobId;
pub use process::{RemoteProcess, RemoteTerminal};
pub use workspace::{RemoteWorkspace, WorkHandle};
