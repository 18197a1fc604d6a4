use std::sync::Arc;

use towpath_cluster::Clusters;
use towpath_forge::sns::Sns;
use towpath_git::Repositories;
use towpath_oci::registry::Registry;
use towpath_pipeline::kept::KeptSandboxes;
use towpath_pipeline::{Collector, Remotes};
use towpath_remote::Hub;
use towpath_store::{Blobs, Logs, Store};

use crate::WebConfig;
use crate::auth::Attempts;
use crate::cluster_looks::ClusterLooks;
use crate::webhooks::Intake;

/// What the pages, the API and the handlers serve from. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) store: Store,
    pub(crate) blobs: Blobs,
    pub(crate) logs: Logs,
    pub(crate) registry: Registry,
    pub(crate) repositories: Repositories,
    pub(crate) collector: Collector,
    pub(crate) clusters: Clusters,
    pub(crate) kept: KeptSandboxes,
    pub(crate) work: Hub,
    pub(crate) config: Arc<WebConfig>,
    pub(crate) attempts: Arc<Attempts>,
    pub(crate) remotes: Remotes,
    pub(crate) webhooks: Arc<Intake>,
    pub(crate) sns: Arc<Sns>,
    pub(crate) cluster_looks: Arc<ClusterLooks>,
}

/// The parts of an [`App`].
pub struct Parts {
    pub store: Store,
    pub blobs: Blobs,
    pub logs: Logs,
    pub registry: Registry,
    pub repositories: Repositories,
    pub collector: Collector,
    pub clusters: Clusters,
    /// Sandboxes of failed builds.
    pub kept: KeptSandboxes,
    /// Where the workers of builds that run elsewhere are expected.
    pub work: Hub,
    pub remotes: Remotes,
    /// Verifies what Amazon SNS sends.
    pub sns: Arc<Sns>,
    pub config: WebConfig,
}

impl App {
    pub fn new(parts: Parts) -> Self {
        Self {
            store: parts.store,
            blobs: parts.blobs,
            logs: parts.logs,
            registry: parts.registry,
            repositories: parts.repositories,
            collector: parts.collector,
            clusters: parts.clusters,
            kept: parts.kept,
            work: parts.work,
            config: Arc::new(parts.config),
            attempts: Arc::default(),
            remotes: parts.remotes,
            webhooks: Arc::default(),
            sns: parts.sns,
            cluster_looks: Arc::default(),
        }
    }
}
