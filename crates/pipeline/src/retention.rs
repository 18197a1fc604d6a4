//! Nothing grows for ever: what retention no longer keeps goes, safely beside running work.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use towpath_cluster::LocalCluster;
use towpath_model::{Digest, ExecutionKey, ProjectName, Timestamp};
use towpath_oci::LayerStore;
use towpath_oci::reference::{ImageReference, Repository};
use towpath_oci::registry::{Keep, Registry};
use towpath_store::{Logs, RemovedExecution, Store};

use crate::PipelineError;
use crate::engine::now;

/// How often retention is applied without being asked for.
const INTERVAL: Duration = Duration::from_secs(10 * 60);
/// What was written within this time stays: it may belong to work that has no row yet.
const GRACE: Duration = Duration::from_secs(60 * 60);
/// How long cached layers and images of other registries stay after their last use.
const CACHE: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// How long deliveries of git hosts are kept, and how many of a project.
const DELIVERIES: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const KEEP_DELIVERIES: u32 = 1000;

/// Applies retention. Cheap to clone; one pass at a time.
#[derive(Clone)]
pub struct Collector {
    parts: Arc<CollectorParts>,
    pass: Arc<tokio::sync::Mutex<()>>,
}

/// What a collector looks after.
pub struct CollectorParts {
    pub store: Store,
    pub logs: Logs,
    pub registry: Registry,
    pub layers: LayerStore,
    pub cluster: Option<LocalCluster>,
    /// The newest executions of each project are kept, at least one; what runs stays in any case.
    pub keep_executions: u32,
}

/// What one pass removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    pub executions: u64,
    pub manifests: u64,
    pub blobs: u64,
    /// Of the blobs.
    pub bytes: u64,
    /// Unpacked image layers.
    pub layers: u64,
}

impl Collector {
    pub fn new(parts: CollectorParts) -> Self {
        Self {
            parts: Arc::new(parts),
            pass: Arc::default(),
        }
    }

    /// Applies retention every ten minutes until `shutdown`.
    pub async fn run(&self, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(INTERVAL) => {}
            }
            match self.collect().await {
                Ok(collected) => tracing::info!(?collected, "retention applied"),
                Err(error) => tracing::error!(%error, "retention cannot be applied"),
            }
        }
    }

    /// One pass.
    pub async fn collect(&self) -> Result<Collected, PipelineError> {
        let _alone = self.pass.lock().await;
        let now = now();
        let executions = self.collect_executions().await?;
        self.parts.store.remove_unused_source_artifacts().await?;
        self.parts
            .store
            .prune_build_cache(before(now, CACHE))
            .await?;
        self.parts
            .store
            .prune_deliveries(DELIVERIES, KEEP_DELIVERIES, now)
            .await?;
        let mut collected = self.collect_blobs(now).await?;
        collected.executions = executions;
        collected.layers = self.collect_layers(now).await?;
        Ok(collected)
    }

    async fn collect_executions(&self) -> Result<u64, PipelineError> {
        let mut count = 0;
        for project in self.parts.store.projects().await? {
            let keep = self.parts.keep_executions.max(1);
            for removed in self
                .parts
                .store
                .remove_old_executions(&project.name, keep)
                .await?
            {
                self.forget(&project.name, &removed).await?;
                count += 1;
            }
        }
        Ok(count)
    }

    /// Its log goes, and the tag of its commit unless another execution is of the same commit.
    async fn forget(
        &self,
        project: &ProjectName,
        removed: &RemovedExecution,
    ) -> Result<(), PipelineError> {
        self.parts.logs.remove(&ExecutionKey {
            project: project.clone(),
            number: removed.number,
        })?;
        if !self
            .parts
            .store
            .has_execution_of(project, &removed.commit)
            .await?
        {
            let repository = Repository::from(project);
            let tag = removed.commit.as_str().parse()?;
            self.parts.registry.delete_tag(&repository, &tag).await?;
        }
        Ok(())
    }

    async fn collect_blobs(&self, now: Timestamp) -> Result<Collected, PipelineError> {
        let store = &self.parts.store;
        let mut digests = store.artifact_blobs().await?;
        digests.extend(store.build_cache_blobs().await?);
        digests.extend(pinned(store.released_images().await?));
        digests.extend(pinned(
            self.parts
                .cluster
                .iter()
                .flat_map(LocalCluster::images_in_use),
        ));
        let keep = Keep {
            digests,
            grace: GRACE,
            foreign: CACHE,
        };
        let collection = self.parts.registry.collect(&keep, now).await?;
        Ok(Collected {
            manifests: collection.manifests,
            blobs: collection.blobs,
            bytes: collection.bytes,
            ..Collected::default()
        })
    }

    /// Unpacked layers can be had again from their blobs: only those in use, and of late, stay.
    async fn collect_layers(&self, now: Timestamp) -> Result<u64, PipelineError> {
        let cluster = self.parts.cluster.as_ref();
        let in_use = cluster.map(LocalCluster::layers_in_use).unwrap_or_default();
        let removed = self.parts.layers.collect(in_use, CACHE, now).await;
        removed.map_err(|source| PipelineError::Io {
            context: "cannot remove unpacked layers".to_owned(),
            source,
        })
    }
}

/// The digests of images that are named by digest. What is named by a tag stays as long as the tag, or
/// as other registries' images do.
fn pinned(images: impl IntoIterator<Item = String>) -> impl Iterator<Item = Digest> {
    let references = images
        .into_iter()
        .filter_map(|image| image.parse::<ImageReference>().ok());
    references.filter_map(|reference| reference.digest())
}

fn before(now: Timestamp, age: Duration) -> Timestamp {
    let millis = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
    Timestamp(now.0.saturating_sub(millis))
}
