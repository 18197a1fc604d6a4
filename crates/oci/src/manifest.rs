//! Manifests: what an image, or an index of images for several platforms, consists of
//! (OCI image specification; Docker image manifest version 2, schema 2, has the same fields).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use towpath_model::Digest;

/// Larger manifests are refused (distribution spec: "a limit of at least 4 megabytes").
pub const MANIFEST_LIMIT: u64 = 4 * 1024 * 1024;

pub mod media_type {
    pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
    pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    pub const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
    pub const OCI_LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    pub const OCI_LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    pub const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    pub const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar";
    pub const DOCKER_LAYER_GZIP: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
}

/// What the manifest types that we know are asked for with.
pub const ACCEPTED: [&str; 4] = [
    media_type::OCI_MANIFEST,
    media_type::OCI_INDEX,
    media_type::DOCKER_MANIFEST,
    media_type::DOCKER_INDEX,
];

/// A pointer to content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    pub media_type: String,
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
}

impl Descriptor {
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest,
            size,
            artifact_type: None,
            platform: None,
            annotations: None,
        }
    }

    /// Layers that licences keep out of registries are fetched from elsewhere.
    fn is_distributable(&self) -> bool {
        !self.media_type.contains("nondistributable") && !self.media_type.contains("foreign")
    }
}

/// Which machines an image runs on, in the words of Go's GOOS and GOARCH.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    pub os: String,
    pub architecture: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

/// A manifest whose JSON has been understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    pub media_type: String,
    pub content: Content,
    /// The manifest that this one says something about (a signature, an SBOM).
    pub subject: Option<Descriptor>,
    pub artifact_type: Option<String>,
    pub annotations: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Image {
        config: Descriptor,
        layers: Vec<Descriptor>,
    },
    Index {
        manifests: Vec<Descriptor>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    #[error("the manifest is not the JSON of an image manifest or index: {0}")]
    Json(String),
    #[error("the manifest says it is {inside:?}, but was given as {outside:?}")]
    TypeMismatch { inside: String, outside: String },
    #[error(
        "manifests of type {0:?} are not supported: expected an OCI image manifest or index, or Docker's schema 2"
    )]
    UnknownType(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    media_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
    subject: Option<Descriptor>,
    artifact_type: Option<String>,
    annotations: Option<BTreeMap<String, String>>,
}

impl Manifest {
    /// `given_type` is the Content-Type it came with; without one the JSON has to say it.
    pub fn parse(given_type: Option<&str>, bytes: &[u8]) -> Result<Self, ManifestError> {
        let wire: Wire = serde_json::from_slice(bytes)
            .map_err(|error| ManifestError::Json(error.to_string()))?;
        let media_type = agree(given_type, &wire)?;
        let missing = |field| ManifestError::Json(format!("the field {field:?} is missing"));
        let content = match media_type.as_str() {
            media_type::OCI_MANIFEST | media_type::DOCKER_MANIFEST => Content::Image {
                config: wire.config.ok_or_else(|| missing("config"))?,
                layers: wire.layers.ok_or_else(|| missing("layers"))?,
            },
            media_type::OCI_INDEX | media_type::DOCKER_INDEX => Content::Index {
                manifests: wire.manifests.ok_or_else(|| missing("manifests"))?,
            },
            _ => return Err(ManifestError::UnknownType(media_type)),
        };
        Ok(Self {
            media_type,
            content,
            subject: wire.subject,
            artifact_type: wire.artifact_type,
            annotations: wire.annotations,
        })
    }

    /// Blobs that have to be in the repository before the manifest is.
    pub fn blobs(&self) -> Vec<&Descriptor> {
        match &self.content {
            Content::Image { config, layers } => std::iter::once(config)
                .chain(layers.iter().filter(|layer| layer.is_distributable()))
                .collect(),
            Content::Index { .. } => Vec::new(),
        }
    }

    /// Manifests that have to be in the repository before the index is.
    pub fn children(&self) -> &[Descriptor] {
        match &self.content {
            Content::Image { .. } => &[],
            Content::Index { manifests } => manifests,
        }
    }

    /// What the referrers API reports as the artifact's type: an image's is its config's.
    pub fn effective_artifact_type(&self) -> Option<&str> {
        match (&self.artifact_type, &self.content) {
            (Some(artifact_type), _) => Some(artifact_type),
            (None, Content::Image { config, .. }) => Some(&config.media_type),
            (None, Content::Index { .. }) => None,
        }
    }
}

fn agree(given: Option<&str>, wire: &Wire) -> Result<String, ManifestError> {
    let given = given.map(|text| text.split(';').next().unwrap_or(text).trim());
    match (given, &wire.media_type) {
        (Some(outside), Some(inside)) if outside != inside => Err(ManifestError::TypeMismatch {
            inside: inside.clone(),
            outside: outside.to_owned(),
        }),
        (Some(media_type), _) => Ok(media_type.to_owned()),
        (None, Some(media_type)) => Ok(media_type.clone()),
        (None, None) if wire.manifests.is_some() => Ok(media_type::OCI_INDEX.to_owned()),
        (None, None) => Ok(media_type::OCI_MANIFEST.to_owned()),
    }
}

/// Writes the manifest of an image; the same parts give the same bytes.
pub(crate) fn image_manifest(config: &Descriptor, layers: &[Descriptor]) -> Vec<u8> {
    serde_json::json!({
        "schemaVersion": 2,
        "mediaType": media_type::OCI_MANIFEST,
        "config": config,
        "layers": layers,
    })
    .to_string()
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(content: &[u8]) -> Descriptor {
        Descriptor::new(
            media_type::OCI_LAYER_GZIP,
            Digest::of(content),
            content.len() as u64,
        )
    }

    #[test]
    fn what_is_written_parses() {
        let (config, layers) = (descriptor(b"c"), vec![descriptor(b"1"), descriptor(b"2")]);
        let bytes = image_manifest(&config, &layers);
        let manifest = Manifest::parse(Some(media_type::OCI_MANIFEST), &bytes).unwrap();
        assert_eq!(manifest.blobs().len(), 3);
        assert_eq!(manifest.content, Content::Image { config, layers });
    }

    #[test]
    fn what_is_no_manifest_is_refused_with_the_reason() {
        let schema1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";
        let cases = [
            (None, "", "not the JSON"),
            (None, "[]", "not the JSON"),
            (None, "{}", "\"config\" is missing"),
            (
                Some(media_type::OCI_INDEX),
                "{}",
                "\"manifests\" is missing",
            ),
            (Some(schema1), "{}", "not supported"),
            (
                Some(media_type::OCI_INDEX),
                r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json"}"#,
                "but was given as",
            ),
        ];
        for (given, text, message) in cases {
            let error = Manifest::parse(given, text.as_bytes())
                .unwrap_err()
                .to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn a_layer_that_may_not_be_distributed_is_not_demanded() {
        let mut foreign = descriptor(b"f");
        foreign.media_type = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip".into();
        let bytes = image_manifest(&descriptor(b"c"), &[foreign]);
        assert_eq!(Manifest::parse(None, &bytes).unwrap().blobs().len(), 1);
    }
}
