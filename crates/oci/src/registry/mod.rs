//! Our registry: manifests, tags and which blob belongs to which repository, over the shared blob store.

mod collect;
mod error;
pub mod http;
mod put;
mod uploads;

use std::sync::Arc;

use towpath_model::{Digest, Timestamp};
use towpath_store::{Blobs, Page, Store, StoredManifest};

pub use collect::{Collection, Keep};
pub use error::RegistryError;
pub(crate) use put::PutManifest;

use crate::image::{ImageConfiguration, Layer, ResolvedImage};
use crate::manifest::{MANIFEST_LIMIT, Manifest};
use crate::reference::{Repository, Tag, Version};
use uploads::Uploads;

/// The registry of one data folder. Cheap to clone; all clones share the uploads in progress.
#[derive(Clone)]
pub struct Registry {
    store: Store,
    blobs: Blobs,
    uploads: Arc<Uploads>,
    /// Held for reading while a manifest's parts are checked and its row is written, for writing while
    /// the collector decides: else a part could vanish between the two.
    collecting: Arc<tokio::sync::RwLock<()>>,
}

impl Registry {
    pub fn new(store: Store, blobs: Blobs) -> Self {
        Self {
            store,
            blobs,
            uploads: Arc::default(),
            collecting: Arc::default(),
        }
    }

    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Writes an image whose layers are in the blob store already, and points the tags at it. The same
    /// parts give the same digest.
    pub async fn put_image(
        &self,
        repository: &Repository,
        config: &ImageConfiguration,
        layers: &[Layer],
        tags: &[Tag],
    ) -> Result<Digest, RegistryError> {
        put::image(self, repository, config, layers, tags).await
    }

    /// The digest that a tag points at.
    pub async fn digest(
        &self,
        repository: &Repository,
        tag: &Tag,
    ) -> Result<Option<Digest>, RegistryError> {
        let manifest = self
            .store
            .tagged_manifest(repository.as_str(), tag.as_str())
            .await?;
        Ok(manifest.map(|manifest| manifest.digest))
    }

    /// The manifest and its bytes.
    pub async fn manifest(
        &self,
        repository: &Repository,
        version: &Version,
    ) -> Result<Option<(Manifest, bytes::Bytes)>, RegistryError> {
        let Some(row) = self.row(repository.as_str(), version).await? else {
            return Ok(None);
        };
        let bytes = self.blobs.read(&row.digest, MANIFEST_LIMIT).await?;
        Ok(Some((
            Manifest::parse(Some(&row.media_type), &bytes)?,
            bytes,
        )))
    }

    /// An image of ours, ready to be unpacked; `None` when there is no such manifest. Out of an index the
    /// image for this machine is taken.
    pub async fn image(
        &self,
        repository: &Repository,
        version: &Version,
    ) -> Result<Option<ResolvedImage>, RegistryError> {
        crate::images::stored_image(self, repository.as_str(), version).await
    }

    /// Tags in the order of their names, a page at a time.
    pub async fn tags(
        &self,
        repository: &Repository,
        page: &Page,
    ) -> Result<Vec<Tag>, RegistryError> {
        let names = self.store.image_tags(repository.as_str(), page).await?;
        names
            .into_iter()
            .map(|name| name.parse().map_err(RegistryError::from))
            .collect()
    }

    /// Removes a tag; its manifest goes with the next [`Registry::collect`] when nothing else needs it.
    pub async fn delete_tag(
        &self,
        repository: &Repository,
        tag: &Tag,
    ) -> Result<bool, RegistryError> {
        Ok(self
            .store
            .delete_tag(repository.as_str(), tag.as_str())
            .await?)
    }

    /// Removes manifests and blobs that nothing needs. Safe beside pushes and pulls.
    pub async fn collect(&self, keep: &Keep, now: Timestamp) -> Result<Collection, RegistryError> {
        collect::collect(self, keep, now).await
    }

    /// The row of a manifest; `repository` may be one of another registry's (`@host/path`).
    pub(crate) async fn row(
        &self,
        repository: &str,
        version: &Version,
    ) -> Result<Option<StoredManifest>, RegistryError> {
        Ok(match version {
            Version::Tag(tag) => self.store.tagged_manifest(repository, tag.as_str()).await?,
            Version::Digest { digest, .. } => self.store.manifest(repository, digest).await?,
        })
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }
}

pub(crate) fn now() -> Timestamp {
    std::time::SystemTime::now().into()
}
