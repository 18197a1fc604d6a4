//! Runs commands in a root file system: Linux namespaces with limits, or a plain process.
//!
//! The server (asynchronous, many threads) talks over a socket to one init process per sandbox
//! (synchronous, single-threaded), see [`init`].
//!
//! **Architecture invariant:** everything in a sandbox ends when the server's end of that socket closes, so
//! also when the server is killed. All mounts are private to the sandbox and end with it.
//!
//! **Architecture invariant:** the server never forks itself; it starts [`InitProgram`].

mod capabilities;
mod cgroup;
mod credentials;
mod error;
mod host;
mod id_ranges;
pub mod init;
mod init_process;
mod init_program;
mod lack;
mod link;
mod machine_folders;
pub mod network;
mod oom;
mod process;
mod refusal;
mod remove;
mod sandbox;
mod spec;
mod terminal;
mod user_namespace;
mod wire;
mod workspace;

pub use capabilities::{Capabilities, Capability, CapabilityError};
pub use credentials::{CONTROL_PATHS, HOME_CREDENTIALS, Hidden};
pub use error::SandboxError;
pub use host::Host;
pub use init_program::InitProgram;
pub use lack::Lack;
pub use process::Process;
pub use remove::{cleanup, remove_tree};
pub use sandbox::Sandbox;
pub use spec::{HostRoot, Layers, Limits, Mount, MountSource, Network, RootFs, Spec, User};
pub use terminal::{Terminal, TerminalSize};
pub use workspace::{PlainWorkspace, SandboxWorkspace, WorkspaceSpec};
