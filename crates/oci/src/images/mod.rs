//! Finding an image by its name, wherever it is, and having it here.

mod error;
mod mirror;
mod outbound;
mod remote;
mod stored;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use error::ImageError;
pub use mirror::{Mirror, MirrorError};
pub(crate) use stored::stored_image;

use towpath_model::Outbound;

use crate::image::ResolvedImage;
use crate::keyed::Keyed;
use crate::reference::{Host, ImageReference};
use crate::registry::Registry;
use remote::Remote;

/// Where images are looked for.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Names of our own registry: images there are read directly.
    pub own_hosts: BTreeSet<Host>,
    /// Where the images of a registry are fetched instead, by the registry's name.
    pub mirrors: BTreeMap<Host, Mirror>,
    /// What to log in with, by the name of the registry that is asked.
    pub credentials: BTreeMap<Host, Credentials>,
    /// How registries elsewhere are reached.
    pub outbound: Outbound,
}

#[derive(Clone)]
pub struct Credentials {
    pub user: String,
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// Resolves references to images whose every blob is in our blob store. Cheap to clone.
#[derive(Clone)]
pub struct Images {
    registry: Registry,
    sources: Arc<Sources>,
    remote: Arc<Remote>,
    fetching: Arc<Keyed<ImageReference>>,
}

impl Images {
    pub fn new(registry: Registry, sources: Sources) -> Self {
        let remote = Remote::new(sources.credentials.clone(), &sources.outbound);
        Self {
            registry,
            sources: Arc::new(sources),
            remote: Arc::new(remote),
            fetching: Arc::default(),
        }
    }

    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Whether the reference names our own registry.
    pub fn is_own(&self, reference: &ImageReference) -> bool {
        self.sources.own_hosts.contains(reference.host())
    }

    /// The image for this machine's platform, fetched if need be. A digest that was fetched before is not
    /// asked for again; a tag is, since it may have moved. What is pinned by digest and is in our own
    /// registry under the same repository is ours whatever the host: the digest proves what it is, and our
    /// own host is another one when the server has moved.
    pub async fn resolve(&self, reference: &ImageReference) -> Result<ResolvedImage, ImageError> {
        if let Some(image) = self.held_by_digest(reference).await? {
            return Ok(image);
        }
        let mirrored = match self.sources.mirrors.get(reference.host()) {
            Some(mirror) => mirror.apply(reference)?,
            None => reference.clone(),
        };
        if self.is_own(&mirrored) {
            return self.own(reference, &mirrored).await;
        }
        let _guard = self.fetching.lock(mirrored.clone()).await;
        remote::resolve(&self.remote, &self.registry, reference, &mirrored).await
    }

    async fn held_by_digest(
        &self,
        reference: &ImageReference,
    ) -> Result<Option<ResolvedImage>, ImageError> {
        if reference.digest().is_none() {
            return Ok(None);
        }
        let (repository, version) = (reference.repository(), reference.version());
        Ok(self.registry.image(repository, version).await?)
    }

    async fn own(
        &self,
        asked: &ImageReference,
        reference: &ImageReference,
    ) -> Result<ResolvedImage, ImageError> {
        let (repository, version) = (reference.repository(), reference.version());
        let image = self.registry.image(repository, version).await?;
        image.ok_or_else(|| ImageError::not_found(asked, reference))
    }
}
