//! What a builder and a cluster need to know of an image.

pub use oci_spec::image::{
    Config, ConfigBuilder, History, HistoryBuilder, ImageConfiguration, ImageConfigurationBuilder,
    RootFs, RootFsBuilder,
};
use towpath_model::Digest;

use crate::manifest::{Descriptor, Platform, media_type};

/// A file system difference: a tar in the blob store, perhaps compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layer {
    /// Of the blob as it is stored and transferred.
    pub digest: Digest,
    /// Of the tar inside: the identity of the content.
    pub diff_id: Digest,
    /// Bytes of the blob.
    pub size: u64,
    pub compression: Compression,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// How a layer of this media type is compressed; `None` when it is no layer that we know.
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        match media_type {
            media_type::OCI_LAYER | media_type::DOCKER_LAYER => Some(Compression::None),
            media_type::OCI_LAYER_GZIP | media_type::DOCKER_LAYER_GZIP => Some(Compression::Gzip),
            media_type::OCI_LAYER_ZSTD => Some(Compression::Zstd),
            _ => None,
        }
    }

    /// Of a layer that is compressed so, in OCI's terms.
    pub fn media_type(self) -> &'static str {
        match self {
            Compression::None => media_type::OCI_LAYER,
            Compression::Gzip => media_type::OCI_LAYER_GZIP,
            Compression::Zstd => media_type::OCI_LAYER_ZSTD,
        }
    }
}

impl Layer {
    /// As a manifest names it.
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(self.compression.media_type(), self.digest, self.size)
    }
}

/// An image whose every blob is in our blob store.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedImage {
    /// Of the image's own manifest, not of an index around it.
    pub digest: Digest,
    pub config: ImageConfiguration,
    /// Bottom first, as in the manifest.
    pub layers: Vec<Layer>,
}

/// The platform that images are chosen for: Linux on this machine's architecture.
pub fn this_platform() -> Platform {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        "powerpc64" => "ppc64le",
        other => other,
    };
    Platform {
        os: "linux".to_owned(),
        architecture: architecture.to_owned(),
        variant: None,
    }
}
