//! A Kubernetes cluster, reached through its API server.
//!
//! **Architecture invariant:** the only module that names kube.

mod applying;
mod asking;
mod building;
mod changes;
mod checking;
mod connection;
mod failure;
mod inventory;
mod kinds;
mod kubeconfig;
mod lists;
mod live;
mod log_lines;
mod logs;
mod namespaces;
mod ownership;
mod pods;
mod pruning;
mod refusal;
mod renewing;
mod replica_sets;
mod status;
mod trouble;
mod waiting;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use towpath_model::{ClusterName, Namespace, ProjectName};
use towpath_store::Store;

use self::asking::Asking;
pub use self::building::BuildPod;
pub use self::changes::AppChanges;
use self::changes::Watchers;
pub use self::checking::Check;
pub use self::connection::Connection;
use self::kinds::Kinds;
pub use self::kubeconfig::{KubeconfigError, SelfContained};
use self::lists::Lists;
use self::logs::PodLogs;
use crate::cluster::{Applied, Cluster, LogChunk, Waited};
use crate::error::ClusterError;
use crate::object::Object;
use crate::status::AppStatus;

/// A Kubernetes cluster. Cheap to clone.
#[derive(Clone)]
pub struct KubernetesCluster(Arc<Inner>);

struct Inner {
    server: String,
    asking: Asking,
    store: Store,
    /// What marks the objects of this installation.
    installation: String,
    kinds: Kinds,
    logs: PodLogs,
    lists: Lists,
    watchers: Watchers,
    /// One apply at a time of each project.
    applying: Mutex<BTreeMap<ProjectName, Arc<Mutex<()>>>>,
}

impl KubernetesCluster {
    /// Reads the credentials and makes a client. The server is not asked anything yet: a cluster that does
    /// not answer is still a cluster, in health `Unknown`.
    ///
    /// # Errors
    /// [`ClusterError::Connection`] when the credentials are not usable, a credential plug-in that fails
    /// among them.
    pub async fn connect(
        name: ClusterName,
        connection: Connection,
        store: Store,
    ) -> Result<Self, ClusterError> {
        let (client, server) = connection::client(&name, connection).await?;
        let installation = store.installation_id().await?;
        Ok(Self(Arc::new(Inner {
            server,
            asking: Asking::new(client, name),
            store,
            installation,
            kinds: Kinds::default(),
            logs: PodLogs::default(),
            lists: Lists::default(),
            watchers: Watchers::default(),
            applying: Mutex::default(),
        })))
    }

    pub fn name(&self) -> &ClusterName {
        &self.0.asking.cluster
    }

    /// The URL of the API server.
    pub fn server(&self) -> &str {
        &self.0.server
    }

    /// Whether the credentials it was made with are accepted no more: another connection may have new ones.
    pub(crate) fn needs_credentials(&self) -> bool {
        self.0.asking.needs_credentials()
    }

    async fn alone(&self, project: &ProjectName) -> Arc<Mutex<()>> {
        let mut applying = self.0.applying.lock().await;
        applying.entry(project.clone()).or_default().clone()
    }

    /// Applies one object that `project` has here with other content, no release of its own: a secret
    /// that is kept fresh. False when the project does not have it.
    ///
    /// # Errors
    /// As [`Cluster::apply`].
    pub async fn renew(
        &self,
        project: &ProjectName,
        object: &Object,
    ) -> Result<bool, ClusterError> {
        let alone = self.alone(project).await;
        let _alone = alone.lock().await;
        renewing::renew(&self.0, project, object).await
    }

    /// Whether a secret is gone from a namespace that stays.
    ///
    /// # Errors
    /// When the cluster cannot be asked, or does not tell.
    pub async fn lacks_secret(
        &self,
        namespace: &Namespace,
        name: &str,
    ) -> Result<bool, ClusterError> {
        renewing::lacks_secret(&self.0.asking, namespace, name).await
    }

    /// Tells when something that `project` has here moves, for as long as somebody wants to know. To be called
    /// in a runtime.
    pub fn changes(&self, project: &ProjectName) -> AppChanges {
        changes::subscribe(&self.0, project)
    }

    /// Asks the server for its version, and for the rights that deploying into `namespace` needs.
    ///
    /// # Errors
    /// [`ClusterError::Unreachable`], [`ClusterError::Unauthenticated`] and the like: each says what to do.
    pub async fn check(&self, namespace: &Namespace) -> Result<Check, ClusterError> {
        checking::check(&self.0, namespace).await
    }
}

impl Cluster for KubernetesCluster {
    /// By server-side apply as field manager `towpath`, definitions and namespaces first. A field that
    /// another manager has is not taken from it. What was applied before a failure stays, and stays in the
    /// inventory.
    async fn apply(
        &self,
        project: &ProjectName,
        objects: &[Object],
    ) -> Result<Applied, ClusterError> {
        let alone = self.alone(project).await;
        let _alone = alone.lock().await;
        let applied = applying::apply(&self.0, project, objects).await;
        self.0.lists.forget();
        applied
    }

    async fn wait_ready(
        &self,
        applied: &Applied,
        deadline: Duration,
        progress: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Waited, ClusterError> {
        let waited = waiting::wait_ready(&self.0, applied, deadline, progress).await;
        self.0.lists.forget();
        waited
    }

    /// As the server had it within the last two seconds. `Ok` with health `Unknown` when it does not say.
    async fn status(&self, project: &ProjectName) -> Result<AppStatus, ClusterError> {
        status::status(&self.0, project).await
    }

    /// A request for each kind, whether one project is looked at or all of them. Where the account may not
    /// list in the whole cluster, for each kind and namespace.
    async fn glance(&self, project: &ProjectName) -> Result<AppStatus, ClusterError> {
        status::glance(&self.0, project).await
    }

    /// Offsets count from where this process began to follow the log: at most its last 10,000 lines, of
    /// which 1 MiB is kept. They hold over restarts of the container. After two minutes without a reader
    /// the following ends; the next one begins at 0 again, and an offset beyond its end is its beginning.
    async fn logs(
        &self,
        namespace: &Namespace,
        pod: &str,
        container: &str,
        offset: u64,
        limit: usize,
    ) -> Result<LogChunk, ClusterError> {
        let key = (namespace.clone(), pod.to_owned(), container.to_owned());
        self.0.logs.read(&self.0.asking, key, offset, limit).await
    }

    async fn log_grew(
        &self,
        namespace: &Namespace,
        pod: &str,
        container: &str,
        offset: u64,
    ) -> Result<bool, ClusterError> {
        let key = (namespace.clone(), pod.to_owned(), container.to_owned());
        self.0.logs.grew(&self.0.asking, key, offset).await
    }
}
