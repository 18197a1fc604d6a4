//! A workspace on another machine: both ends of one protocol.
//!
//! The worker, a small program beside the commands, calls the server ([`worker`]); the server drives it as a
//! [`Workspace`](towpath_model::workspace::Workspace) ([`RemoteWorkspace`]). One WebSocket at a time carries
//! [`Frame`]s; what is said in them, [`Order`]s and [`Report`]s, arrives once and in order although
//! connections come and go ([`Session`]).
//!
//! **Architecture invariant:** the worker only calls out, and decides nothing: build files are read on the
//! server. What it is told to run, it runs in a [`PlainWorkspace`](towpath_sandbox::PlainWorkspace).
//!
//! **Architecture invariant:** no connection for the length of the lease ends the job on both sides.

mod carry;
mod frame;
mod link;
mod message;
mod server;
mod session;
pub mod worker;

pub use carry::CarryError;
pub use frame::{Frame, FrameError, Hello, MAX_FRAME, Timing, VERSION, Welcome};
pub use message::{
    Done, Failure, Files, MessageError, Order, Report, RequestId, WireExit, decode, encode,
};
pub use server::{Hub, JobId, RemoteProcess, RemoteTerminal, RemoteWorkspace, Work, WorkHandle};
pub use session::{Sequence, Session, SessionError};

/// Files travel in pieces of this many bytes.
pub(crate) const CHUNK: usize = 64 << 10;
/// A file of the private folder, a script or a result, is smaller than this.
pub(crate) const PRIVATE_FILE_LIMIT: u64 = 64 << 20;
