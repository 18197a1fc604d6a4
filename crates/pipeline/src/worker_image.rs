use std::sync::Arc;

use tokio::sync::OnceCell;
use towpath_model::{Digest, Timestamp};
use towpath_oci::image::{ImageConfigurationBuilder, RootFsBuilder, this_platform};
use towpath_oci::layer::{Entry, EntryKind, EntryPath, Source};
use towpath_oci::reference::Host;
use towpath_oci::{Registry, Repository, Tag};

/// Anybody may pull it: it is the same program for all, and no secret.
const REPOSITORY: &str = "towpath/worker";

/// The image with the program that builds in pods run, in our own registry. Cheap to clone.
#[derive(Clone)]
pub struct WorkerImage(Arc<Inner>);

struct Inner {
    registry: Registry,
    host: Host,
    program: &'static [u8],
    digest: OnceCell<Digest>,
}

impl WorkerImage {
    /// `program` is a static program; empty when this build of Towpath holds none.
    pub fn new(registry: Registry, host: Host, program: &'static [u8]) -> Self {
        Self(Arc::new(Inner {
            registry,
            host,
            program,
            digest: OnceCell::new(),
        }))
    }

    /// The image by digest, as a cluster pulls it; pushed when the registry does not have it.
    ///
    /// # Errors
    /// In words, when there is no program, or the registry cannot take it.
    pub(crate) async fn reference(&self) -> Result<String, String> {
        let Inner { host, digest, .. } = &*self.0;
        let digest = digest.get_or_try_init(|| self.0.push()).await?;
        Ok(format!("{host}/{REPOSITORY}@{digest}"))
    }
}

impl Inner {
    async fn push(&self) -> Result<Digest, String> {
        if self.program.is_empty() {
            return Err(
                "this Towpath was built without the program that builds in pods run".to_owned(),
            );
        }
        let repository: Repository = REPOSITORY.parse().map_err(in_words)?;
        // Of its content: an older Towpath beside this one keeps its own.
        let content = Digest::of(self.program).hex();
        let tag: Tag = content
            .chars()
            .take(16)
            .collect::<String>()
            .parse()
            .map_err(in_words)?;
        match self
            .registry
            .digest(&repository, &tag)
            .await
            .map_err(in_words)?
        {
            Some(digest) => Ok(digest),
            None => self.put(&repository, tag).await,
        }
    }

    async fn put(&self, repository: &Repository, tag: Tag) -> Result<Digest, String> {
        let path = EntryPath::new("towpath-worker").map_err(in_words)?;
        let kind = EntryKind::File(Source::Bytes(self.program.to_vec()));
        let entries = vec![Entry::new(path, kind, 0o755)];
        let layer = towpath_oci::layer::write(self.registry.blobs(), entries, Timestamp(0))
            .await
            .map_err(in_words)?;
        let root = RootFsBuilder::default()
            .typ("layers")
            .diff_ids(vec![layer.diff_id.to_string()])
            .build()
            .map_err(in_words)?;
        let platform = this_platform();
        let config = ImageConfigurationBuilder::default()
            .architecture(platform.architecture.as_str())
            .os(platform.os.as_str())
            .rootfs(root)
            .build()
            .map_err(in_words)?;
        self.registry
            .put_image(repository, &config, &[layer], &[tag])
            .await
            .map_err(in_words)
    }
}

fn in_words(error: impl std::fmt::Display) -> String {
    format!("the worker's image cannot be put into the registry: {error}")
}
