//! What we ask of git hosts' APIs: to show a commit's status, and to call us.
//!
//! What is asked is data ([`wire`]); the [`Client`] sends it. Tokens go into headers and into nothing else.

mod client;
mod host;
mod limits;
mod wire;

use towpath_model::CommitId;

pub use client::{ApiError, Client};
pub use host::Host;

/// How a commit fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitState {
    Pending,
    Success,
    Failure,
    /// Cancelled, or superseded by a later one.
    Cancelled,
}

/// A line beside a commit, with a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitStatus {
    pub commit: CommitId,
    pub state: CommitState,
    /// Whose line it is: a later status of the same context replaces the earlier.
    pub context: String,
    pub description: String,
    pub url: String,
}

/// How it is with a webhook that was registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookHealth {
    Calls,
    /// Somebody removed it.
    Gone,
    /// It is there and does not call, in the host's words where it has some.
    Off(String),
    /// It calls this URL instead.
    Elsewhere(String),
}

/// Where a git host is to call, and what it signs with.
#[derive(Clone)]
pub struct Hook {
    pub url: String,
    pub secret: String,
}
