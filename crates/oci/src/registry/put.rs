//! How a manifest gets in: only when everything that it names is there.

use bytes::Bytes;
use towpath_model::Digest;
use towpath_store::StoredManifest;

use super::{Registry, RegistryError, now};
use crate::image::{ImageConfiguration, Layer};
use crate::manifest::{Descriptor, Manifest, image_manifest, media_type};
use crate::reference::{Repository, Tag};

/// A manifest on its way in.
pub(crate) struct PutManifest<'a> {
    /// A [`Repository`], or `@host/path` for what comes from another registry.
    pub(crate) repository: &'a str,
    pub(crate) media_type: Option<&'a str>,
    pub(crate) bytes: Bytes,
    /// What the sender believes the digest to be.
    pub(crate) expected: Option<Digest>,
    pub(crate) tags: &'a [&'a str],
    /// An index of another registry comes with only the one image of it that is needed.
    pub(crate) partial: bool,
}

impl Registry {
    pub(crate) async fn put_manifest(
        &self,
        put: PutManifest<'_>,
    ) -> Result<(Manifest, Digest), RegistryError> {
        let manifest = Manifest::parse(put.media_type, &put.bytes)?;
        let actual = Digest::of(&put.bytes);
        if let Some(expected) = put.expected.filter(|expected| *expected != actual) {
            return Err(RegistryError::DigestMismatch { expected, actual });
        }
        let _guard = self.collecting.read().await;
        self.check_parts(put.repository, &manifest, put.partial)
            .await?;
        let blob = self.blobs.put(put.bytes).await?;
        let row = StoredManifest {
            repository: put.repository.to_owned(),
            digest: blob.digest,
            media_type: manifest.media_type.clone(),
            size: blob.size,
            subject: manifest.subject.as_ref().map(|subject| subject.digest),
            pushed_at: now(),
        };
        self.store.put_manifest(&row, put.tags).await?;
        Ok((manifest, blob.digest))
    }

    async fn check_parts(
        &self,
        repository: &str,
        manifest: &Manifest,
        partial: bool,
    ) -> Result<(), RegistryError> {
        for blob in manifest.blobs() {
            self.check_blob(repository, blob).await?;
        }
        for child in manifest.children().iter().filter(|_| !partial) {
            let known = self.store.manifest(repository, &child.digest).await?;
            known.ok_or_else(|| {
                RegistryError::ManifestUnknown(child.digest, repository.to_owned())
            })?;
        }
        Ok(())
    }

    async fn check_blob(&self, repository: &str, blob: &Descriptor) -> Result<(), RegistryError> {
        let linked = self.store.repository_blob(repository, &blob.digest).await?;
        let stored = self.blobs.size(&blob.digest).await?;
        let (Some(_), Some(actual)) = (linked, stored) else {
            return Err(RegistryError::BlobUnknown(
                blob.digest,
                repository.to_owned(),
            ));
        };
        if actual != blob.size {
            return Err(RegistryError::SizeMismatch {
                digest: blob.digest,
                said: blob.size,
                actual,
            });
        }
        Ok(())
    }
}

pub(super) async fn image(
    registry: &Registry,
    repository: &Repository,
    config: &ImageConfiguration,
    layers: &[Layer],
    tags: &[Tag],
) -> Result<Digest, RegistryError> {
    let repository = repository.as_str();
    let config = put_config(registry, repository, config).await?;
    for layer in layers {
        registry
            .store
            .link_blob(repository, &layer.digest, layer.size, now())
            .await?;
    }
    let layers: Vec<Descriptor> = layers.iter().map(Layer::descriptor).collect();
    let tags: Vec<&str> = tags.iter().map(Tag::as_str).collect();
    let put = PutManifest {
        repository,
        media_type: Some(media_type::OCI_MANIFEST),
        bytes: image_manifest(&config, &layers).into(),
        expected: None,
        tags: &tags,
        partial: false,
    };
    Ok(registry.put_manifest(put).await?.1)
}

async fn put_config(
    registry: &Registry,
    repository: &str,
    config: &ImageConfiguration,
) -> Result<Descriptor, RegistryError> {
    let bytes = canonical(config);
    let blob = registry.blobs.put(bytes).await?;
    registry
        .store
        .link_blob(repository, &blob.digest, blob.size, now())
        .await?;
    Ok(Descriptor::new(
        media_type::OCI_CONFIG,
        blob.digest,
        blob.size,
    ))
}

/// The configuration keeps labels in a hash map, whose order differs from run to run.
fn canonical(config: &ImageConfiguration) -> Vec<u8> {
    let mut value = serde_json::json!(config);
    value.sort_all_objects();
    value.to_string().into_bytes()
}
