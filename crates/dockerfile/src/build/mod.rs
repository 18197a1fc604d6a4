//! Runs a Dockerfile: what a step gives is taken from the cache, or made and put there.

mod blocking;
mod cache;
mod command;
mod context;
mod copy_step;
mod engine;
mod error;
mod finish;
mod plan;
mod ports;
mod progress;
mod run_step;
mod scratch_folder;
mod settings;
mod state;
mod variables;
mod workdir_step;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use towpath_model::workspace::Output;
use towpath_model::{Diagnostics, Digest, Timestamp};
use towpath_oci::{Images, LayerStore, Registry, Repository, Tag};
use towpath_sandbox::Host;
use towpath_store::Store;

pub use error::BuildError;
use error::Stop;

/// The time of every file in a layer: 1980-01-01, the earliest that a zip can hold. Independent of
/// [`Request::created`], so that a layer from the cache is the same as one made anew.
pub(crate) const FILE_TIME: Timestamp = Timestamp(315_532_800_000);

/// Builds images into our registry. Cheap to clone.
#[derive(Clone)]
pub struct Builder {
    pub store: Store,
    pub images: Images,
    pub layers: LayerStore,
    /// Where `RUN` runs.
    pub host: Host,
    /// A folder for what `RUN` writes, on a real disk. A build removes its own; what a killed server left there
    /// is removed by [`towpath_sandbox::cleanup`].
    pub work: PathBuf,
}

/// What to build, and what to call it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// A folder on disk. Nothing outside of it can be copied.
    pub context: &'a Path,
    /// Path of the Dockerfile, relative to the context. `.dockerignore` is read from beside it
    /// (`<Dockerfile>.dockerignore`), else from the context.
    pub dockerfile: &'a str,
    /// `--build-arg`.
    pub build_args: &'a BTreeMap<String, String>,
    /// The stage to build; `None` is the last.
    pub target: Option<&'a str>,
    pub repository: &'a Repository,
    pub tags: &'a [Tag],
    /// The image's time, as SOURCE_DATE_EPOCH of reproducible-builds.org: the same for the same input,
    /// so not the time of the build.
    pub created: Timestamp,
    /// Only for the cache's book-keeping.
    pub now: Timestamp,
}

/// How a build ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Built {
    Image(Image),
    /// By what the user's files say or do.
    Failed(Diagnostics),
}

/// What a build made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Of the manifest.
    pub digest: Digest,
    /// Steps that make layers, and how many of them came from the cache.
    pub steps: usize,
    pub cached: usize,
}

impl Builder {
    /// Builds the image and points the tags at it. Dropping the future ends the build; what it had made
    /// so far stays in the cache.
    ///
    /// # Errors
    /// Only what is Towpath's or the machine's doing.
    pub async fn build(
        &self,
        request: &Request<'_>,
        log: &mut (dyn Output + Send),
    ) -> Result<Built, BuildError> {
        match engine::build(self, request, log).await {
            Ok(image) => Ok(Built::Image(image)),
            Err(Stop::User(diagnostics)) => Ok(Built::Failed(diagnostics)),
            Err(Stop::Ours(error)) => Err(error),
        }
    }

    fn registry(&self) -> &Registry {
        self.images.registry()
    }
}
