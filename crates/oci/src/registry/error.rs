use towpath_model::Digest;
use towpath_store::StoreError;

use crate::manifest::ManifestError;
use crate::reference::ReferenceError;

/// Why the registry could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    #[error("the manifest names blob {0}, which is not in repository {1}; push it first")]
    BlobUnknown(Digest, String),
    #[error("the index names manifest {0}, which is not in repository {1}; push it first")]
    ManifestUnknown(Digest, String),
    #[error("the manifest says that blob {digest} has {said} bytes, but it has {actual}")]
    SizeMismatch {
        digest: Digest,
        said: u64,
        actual: u64,
    },
    #[error("the manifest's digest is {actual}, not {expected}")]
    DigestMismatch { expected: Digest, actual: Digest },
    #[error("the image's configuration {digest} cannot be read: {reason}")]
    Config { digest: Digest, reason: String },
    #[error("the image {0} holds a layer of type {1:?}, which cannot be unpacked")]
    LayerType(Digest, String),
    #[error(
        "the image {digest} is not one for {wanted}: it has {found}; build or push it for this platform"
    )]
    NoPlatform {
        digest: Digest,
        wanted: String,
        found: String,
    },
}
