//! Fetching from other registries. Every byte is checked against a digest before it counts.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::{OciDistributionError, OciErrorCode};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};
use towpath_model::{Digest, Outbound};
use towpath_store::StoreError;

use super::mirror::is_loopback;
use super::outbound;
use super::stored::{choose, stored_image};
use super::{Credentials, ImageError};
use crate::image::{ResolvedImage, this_platform};
use crate::manifest::{ACCEPTED, Content, Descriptor, Manifest};
use crate::reference::{Host, ImageReference, Repository, Version};
use crate::registry::{PutManifest, Registry, RegistryError, now};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a registry may be silent within an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
const DOWNLOADS: usize = 3;

/// The clients, which keep connections and tokens: one for TLS, one for registries on this machine.
pub(super) struct Remote {
    /// Why not, when the operator's authorities cannot be read.
    tls: Result<Client, String>,
    plain: Client,
    credentials: BTreeMap<Host, Credentials>,
}

impl Remote {
    pub(super) fn new(credentials: BTreeMap<Host, Credentials>, outbound: &Outbound) -> Self {
        // One that cannot be made falls back to a client that goes its own way: never that.
        let tls = Client::try_from(outbound::elsewhere(config(ClientProtocol::Https), outbound));
        Self {
            tls: tls.map_err(|error| chain(&error)),
            plain: Client::new(outbound::here(config(ClientProtocol::Http))),
            credentials,
        }
    }

    fn client(&self, host: &Host) -> Result<&Client, String> {
        match is_loopback(host) {
            true => Ok(&self.plain),
            false => self.tls.as_ref().map_err(String::clone),
        }
    }

    fn auth(&self, host: &Host) -> RegistryAuth {
        match self.credentials.get(host) {
            None => RegistryAuth::Anonymous,
            Some(Credentials { user, password }) => {
                RegistryAuth::Basic(user.clone(), password.clone())
            }
        }
    }
}

pub(super) async fn resolve(
    remote: &Remote,
    registry: &Registry,
    asked: &ImageReference,
    reference: &ImageReference,
) -> Result<ResolvedImage, ImageError> {
    let pull = Pull {
        remote,
        registry,
        asked,
        host: reference.host(),
        repository: reference.repository(),
        // Not a name that a client of our own registry can write to or read from.
        rows: format!("@{}/{}", reference.host(), reference.repository()),
    };
    let digest = match reference.version() {
        Version::Digest { digest, .. } => *digest,
        Version::Tag(tag) => pull.current_digest(tag.as_str(), reference).await?,
    };
    if let Some(image) = pull.fetched_before(digest).await? {
        return Ok(image);
    }
    pull.fetch(digest).await?;
    let image = pull.fetched_before(digest).await?;
    image.ok_or_else(|| ImageError::not_found(asked, reference))
}

fn config(protocol: ClientProtocol) -> ClientConfig {
    ClientConfig {
        protocol,
        connect_timeout: Some(CONNECT_TIMEOUT),
        read_timeout: Some(READ_TIMEOUT),
        user_agent: concat!("towpath/", env!("CARGO_PKG_VERSION")),
        ..ClientConfig::default()
    }
}

/// One image on its way here.
struct Pull<'a> {
    remote: &'a Remote,
    registry: &'a Registry,
    asked: &'a ImageReference,
    host: &'a Host,
    repository: &'a Repository,
    rows: String,
}

impl Pull<'_> {
    fn client(&self) -> Result<&Client, ImageError> {
        let client = self.remote.client(self.host);
        client.map_err(|reason| self.cannot_reach(reason))
    }

    async fn current_digest(
        &self,
        tag: &str,
        reference: &ImageReference,
    ) -> Result<Digest, ImageError> {
        let (host, repository) = (self.host.to_string(), self.repository.to_string());
        let tagged = Reference::with_tag(host, repository, tag.to_owned());
        let auth = self.remote.auth(self.host);
        let digest = self.client()?.fetch_manifest_digest(&tagged, &auth).await;
        let digest = digest.map_err(|error| self.explain(error, reference))?;
        self.digest(&digest)
    }

    fn digest(&self, text: &str) -> Result<Digest, ImageError> {
        text.parse()
            .map_err(|error: towpath_model::DigestError| self.upstream(error.to_string()))
    }

    /// The image if all of it is here; notes that it was used.
    async fn fetched_before(&self, digest: Digest) -> Result<Option<ResolvedImage>, ImageError> {
        let version = Version::Digest { digest, tag: None };
        let image = match stored_image(self.registry, &self.rows, &version).await {
            Ok(image) => image,
            // The collector was faster: fetch it again.
            Err(RegistryError::Store(StoreError::NoBlob(_))) => None,
            Err(error) => return Err(error.into()),
        };
        if image.is_some()
            && let Some(mut row) = self.registry.row(&self.rows, &version).await?
        {
            row.pushed_at = now();
            let used = self.registry.store().put_manifest(&row, &[]).await;
            used.map_err(RegistryError::from)?;
        }
        Ok(image)
    }

    async fn fetch(&self, digest: Digest) -> Result<(), ImageError> {
        let (manifest, bytes) = self.manifest(digest).await?;
        if let Content::Index { manifests } = &manifest.content {
            let chosen = choose(digest, manifests, &this_platform())?;
            let (image, image_bytes) = self.manifest(chosen).await?;
            self.store(&image, image_bytes).await?;
        }
        self.store(&manifest, bytes).await
    }

    async fn manifest(&self, digest: Digest) -> Result<(Manifest, Bytes), ImageError> {
        let reference = self.pinned(digest);
        let auth = self.remote.auth(self.host);
        let pulled = self
            .client()?
            .pull_manifest_raw(&reference, &auth, &ACCEPTED)
            .await;
        let (bytes, _) = pulled.map_err(|error| {
            let reference =
                ImageReference::pinned(self.host.clone(), self.repository.clone(), digest);
            self.explain(error, &reference)
        })?;
        if Digest::of(&bytes) != digest {
            return Err(self.upstream(format!("the manifest is not the one of {digest}")));
        }
        let manifest = Manifest::parse(None, &bytes).map_err(RegistryError::from)?;
        Ok((manifest, bytes))
    }

    async fn store(&self, manifest: &Manifest, bytes: Bytes) -> Result<(), ImageError> {
        let blobs = manifest.blobs().into_iter().cloned();
        futures_util::stream::iter(blobs.map(|blob| async move { self.blob(&blob).await }))
            .buffer_unordered(DOWNLOADS)
            .try_collect::<()>()
            .await?;
        let put = PutManifest {
            repository: &self.rows,
            media_type: Some(&manifest.media_type),
            bytes,
            expected: None,
            tags: &[],
            partial: true,
        };
        self.registry.put_manifest(put).await?;
        Ok(())
    }

    async fn blob(&self, blob: &Descriptor) -> Result<(), ImageError> {
        let stored = self.registry.blobs().size(&blob.digest).await;
        if stored.map_err(RegistryError::from)? != Some(blob.size) {
            self.download(blob).await?;
        }
        let link = self
            .registry
            .store()
            .link_blob(&self.rows, &blob.digest, blob.size, now())
            .await;
        Ok(link.map_err(RegistryError::from)?)
    }

    async fn download(&self, blob: &Descriptor) -> Result<(), ImageError> {
        let reference = self.pinned(blob.digest);
        let digest = blob.digest.to_string();
        let opened = self.client()?.pull_blob_stream(&reference, digest.as_str());
        let mut stream = opened.await.map_err(|error| {
            let reference =
                ImageReference::pinned(self.host.clone(), self.repository.clone(), blob.digest);
            self.explain(error, &reference)
        })?;
        let mut writer = self.registry.blobs().writer();
        while let Some(piece) = stream.stream.next().await {
            let piece = piece.map_err(|error| self.unreachable(&error))?;
            if writer.size() + piece.len() as u64 > blob.size {
                return Err(self.upstream(format!("blob {digest} is longer than it should be")));
            }
            writer.write(&piece).await.map_err(RegistryError::from)?;
        }
        let finished = writer.finish(Some(blob.digest)).await;
        finished.map_err(RegistryError::from)?;
        Ok(())
    }

    fn pinned(&self, digest: Digest) -> Reference {
        let (host, repository) = (self.host.to_string(), self.repository.to_string());
        Reference::with_digest(host, repository, digest.to_string())
    }

    fn explain(&self, error: OciDistributionError, looked_for: &ImageReference) -> ImageError {
        let (asked, host) = (Box::new(self.asked.clone()), self.host.clone());
        let reason = error.to_string();
        match kind(&error) {
            Kind::NotFound => ImageError::not_found(self.asked, looked_for),
            Kind::Unauthorised => ImageError::Unauthorised { asked, host },
            Kind::TooMany => ImageError::TooManyRequests {
                asked,
                host,
                reason,
            },
            Kind::Unreachable => self.unreachable(&error),
            Kind::Other => self.upstream(reason),
        }
    }

    fn unreachable(&self, error: &(dyn std::error::Error + 'static)) -> ImageError {
        let reason = chain(error);
        let help = outbound::help(&reason);
        self.cannot_reach(format!("{reason}{help}"))
    }

    fn cannot_reach(&self, reason: String) -> ImageError {
        ImageError::Unreachable {
            asked: Box::new(self.asked.clone()),
            host: self.host.clone(),
            reason,
        }
    }

    fn upstream(&self, reason: String) -> ImageError {
        ImageError::Upstream {
            asked: Box::new(self.asked.clone()),
            host: self.host.clone(),
            reason,
        }
    }
}

/// "error sending request" alone tells nobody that the name does not resolve.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(next) = source {
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            text = format!("{text}: {next_text}");
        }
        source = next.source();
    }
    text
}

enum Kind {
    NotFound,
    Unauthorised,
    TooMany,
    Unreachable,
    Other,
}

fn kind(error: &OciDistributionError) -> Kind {
    match error {
        OciDistributionError::ImageManifestNotFoundError(_) => Kind::NotFound,
        OciDistributionError::UnauthorizedError { .. }
        | OciDistributionError::AuthenticationFailure(_) => Kind::Unauthorised,
        OciDistributionError::RequestError(_) | OciDistributionError::IoError(_) => {
            Kind::Unreachable
        }
        OciDistributionError::ServerError { code, .. } => match code {
            404 => Kind::NotFound,
            401 | 403 => Kind::Unauthorised,
            429 => Kind::TooMany,
            _ => Kind::Other,
        },
        OciDistributionError::RegistryError { envelope, .. } => {
            let codes = envelope.errors.iter().map(|error| of_code(&error.code));
            codes.into_iter().next().unwrap_or(Kind::Other)
        }
        _ => Kind::Other,
    }
}

fn of_code(code: &OciErrorCode) -> Kind {
    match code {
        OciErrorCode::ManifestUnknown
        | OciErrorCode::NameUnknown
        | OciErrorCode::NotFound
        | OciErrorCode::BlobUnknown => Kind::NotFound,
        OciErrorCode::Unauthorized | OciErrorCode::Denied => Kind::Unauthorised,
        OciErrorCode::Toomanyrequests => Kind::TooMany,
        _ => Kind::Other,
    }
}
