//! Writing layers: the same files give the same bytes, whoever builds them and when.

mod diff;
mod entry;
mod error;
mod sink;
mod write;

use std::path::{Path, PathBuf};

use towpath_model::Timestamp;
use towpath_store::Blobs;

pub use diff::Owners;
pub use entry::{Entry, EntryKind, EntryPath, EntryPathError, Source};
pub use error::LayerError;

use crate::image::Layer;

/// Writes a layer of the given entries, in the order of their paths, all with the time `mtime`.
///
/// A folder that has no entry of its own is made with mode 0755 when the layer is unpacked, and hides
/// the mode that the layers below gave it: callers that mind add entries for the parents.
pub async fn write(
    blobs: &Blobs,
    entries: Vec<Entry>,
    mtime: Timestamp,
) -> Result<Layer, LayerError> {
    let blobs = blobs.clone();
    blocking(move |runtime| write::write(sink::BlobSink::new(&blobs, runtime), entries, mtime))
        .await
}

/// Writes what an overlay's upper folder holds: files, whiteouts (character device 0/0) and opaque
/// folders (`trusted.` or `user.overlay.opaque`). Of extended attributes only `security.capability` is
/// kept; names of users and groups are left out.
pub async fn write_diff(
    blobs: &Blobs,
    upper: &Path,
    owners: Owners,
    mtime: Timestamp,
) -> Result<Layer, LayerError> {
    let (blobs, upper): (Blobs, PathBuf) = (blobs.clone(), upper.to_owned());
    blocking(move |runtime| {
        let entries = diff::entries(&upper, &owners)?;
        write::write(sink::BlobSink::new(&blobs, runtime), entries, mtime)
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce(tokio::runtime::Handle) -> Result<T, LayerError> + Send + 'static,
) -> Result<T, LayerError> {
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || work(runtime))
        .await
        .map_err(|error| LayerError::Interrupted(error.to_string()))?
}
