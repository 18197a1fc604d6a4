//! Bare repositories on disk: smart HTTP for `git` clients, one way to notice refs that moved, and commits
//! as zips. The packs are the `git` program's work.
//!
//! **Architecture invariant:** a push is answered only after its events are committed. Refs live on disk and
//! events in the database; [`Repositories::observe`] is the only function that carries one to the other, for
//! pushes and for the tick alike.
//!
//! **Architecture invariant:** git runs with an environment of our own, no hooks and no configuration from
//! outside of the repository, and nothing that a user made up reaches a shell.

mod commit;
mod error;
mod fetch_failure;
mod files;
mod http;
mod listings;
mod maintain;
mod mirror;
mod objects;
mod observe;
mod outbound;
mod process;
mod program;
mod remote;
mod repositories;
mod source;
mod tree;

pub use commit::CommitInfo;
pub use error::GitError;
pub use http::{Body, BodyError};
pub use mirror::Mirrored;
pub use remote::Access;
pub use repositories::{Options, Repositories};
pub use tree::{EntryMode, TreeEntry};
