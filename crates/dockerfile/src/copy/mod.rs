//! `COPY`: which files are meant, and where in the image they go.

mod archives;
mod chmod;
mod digest;
mod gather;
mod missing;
mod place;

use std::io;

use towpath_model::{Diagnostic, Location};
use towpath_oci::layer::EntryPathError;

pub(crate) use archives::refuse_archives;
pub(crate) use chmod::Chmod;
pub(crate) use digest::digest;
pub(crate) use gather::{Gathered, gather};
pub(crate) use place::{Destination, Inline, folder, place};

/// Why a `COPY` cannot be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CopyError {
    #[error(transparent)]
    User(#[from] Diagnostic),
    #[error("{0}: {1}")]
    Io(String, #[source] io::Error),
}

impl CopyError {
    pub(crate) fn io(what: impl std::fmt::Display) -> impl FnOnce(io::Error) -> Self {
        let what = what.to_string();
        move |source| Self::Io(what, source)
    }
}

fn bad_path(location: &Location) -> impl Fn(EntryPathError) -> CopyError + use<> {
    let location = location.clone();
    move |error| Diagnostic::new(location.clone(), error.to_string()).into()
}
