//! Zip archives, and reading and writing files strictly beneath a folder.
//!
//! **Architecture invariant:** nothing here trusts an archive or a build's folder: no path and no link in
//! it makes Towpath read or write outside of the folder it was given, and no archive unpacks to more than
//! its [`Limits`].

pub mod beneath;
mod entry_path;
mod error;
mod limits;
mod link;
mod select;
pub mod zip;

pub use entry_path::EntryPath;
pub use error::{Error, Exceeded, Refusal};
pub use limits::{Limits, Meter};
