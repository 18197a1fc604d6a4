use std::io;

use towpath_model::Digest;
use towpath_store::StoreError;

use crate::image::Layer;
use crate::layer::EntryPathError;

/// Why a layer could not be unpacked; nothing of it is left.
#[derive(Debug, thiserror::Error)]
#[error("cannot unpack layer {digest}: {kind}")]
pub struct UnpackError {
    pub digest: Digest,
    #[source]
    pub kind: UnpackErrorKind,
}

impl UnpackError {
    pub(crate) fn new(layer: &Layer, kind: UnpackErrorKind) -> Self {
        Self {
            digest: layer.digest,
            kind,
        }
    }
}

/// What is wrong with the layer, or with the disk.
#[derive(Debug, thiserror::Error)]
pub enum UnpackErrorKind {
    #[error(transparent)]
    Blob(StoreError),
    #[error("it is not a tar archive that can be read: {0}")]
    Archive(#[source] io::Error),
    #[error("its content has the digest {actual}, but the image's configuration says {expected}")]
    DiffId { expected: Digest, actual: Digest },
    #[error("entry {path}: {reason}")]
    Refused { path: String, reason: String },
    #[error(transparent)]
    Path(#[from] EntryPathError),
    #[error("entry {path}: {source}")]
    Entry { path: String, source: io::Error },
    #[error("cannot {0}: {1}")]
    Io(String, #[source] io::Error),
}
