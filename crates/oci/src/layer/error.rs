use std::io;
use std::path::PathBuf;

use towpath_store::StoreError;

/// Why a layer could not be written.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    #[error("cannot read {path} for a layer: {source}", path = .path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{0} is twice in the layer")]
    Twice(String),
    #[error("{0:?} cannot be in an image: names that begin with `.wh.` mean deleted files there")]
    Reserved(String),
    #[error(
        "{path} belongs to {what} {id}, which is not one of the image's; only ids that are mapped can be kept"
    )]
    Owner {
        path: String,
        what: &'static str,
        id: u32,
    },
    #[error(
        "{path} has the attribute {attribute}: overlays with redirects or metacopy cannot be read"
    )]
    OverlayFeature { path: String, attribute: String },
    #[error("cannot write the layer: {0}")]
    Write(#[source] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("writing the layer was interrupted: {0}")]
    Interrupted(String),
}
