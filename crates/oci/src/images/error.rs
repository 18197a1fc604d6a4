use crate::reference::{Host, ImageReference, ReferenceError};
use crate::registry::RegistryError;

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    #[error("image {asked} does not exist{via}; check the name and the tag, or push it first")]
    NotFound {
        asked: Box<ImageReference>,
        via: String,
    },
    #[error(
        "registry {host} does not let us read image {asked}: it does not exist, or needs credentials"
    )]
    Unauthorised {
        asked: Box<ImageReference>,
        host: Host,
    },
    #[error(
        "registry {host} cannot be reached for image {asked}: {reason}; check the network, or map the registry to another one with --registry-mirror"
    )]
    Unreachable {
        asked: Box<ImageReference>,
        host: Host,
        reason: String,
    },
    #[error(
        "registry {host} has refused image {asked} for now, too many requests: {reason}; try again later or use a mirror"
    )]
    TooManyRequests {
        asked: Box<ImageReference>,
        host: Host,
        reason: String,
    },
    #[error("registry {host} answered for image {asked} with something unusable: {reason}")]
    Upstream {
        asked: Box<ImageReference>,
        host: Host,
        reason: String,
    },
    #[error("the mirror gives image {asked} a name that is none: {reason}")]
    Mirror {
        asked: Box<ImageReference>,
        reason: Box<ReferenceError>,
    },
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl ImageError {
    pub(crate) fn not_found(asked: &ImageReference, looked_for: &ImageReference) -> Self {
        let via = match asked == looked_for {
            true => String::new(),
            false => format!(" (looked for as {looked_for})"),
        };
        Self::NotFound {
            asked: Box::new(asked.clone()),
            via,
        }
    }
}
