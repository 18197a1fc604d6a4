//! The `local` cluster: containers on this machine.
//!
//! Objects, replica sets and addresses are rows; pods are processes, which end with the server and are
//! started again from the rows. One loop compares the two and runs on notify or tick.

mod addresses;
mod applying;
mod claims;
mod controller;
mod names;
pub mod net;
mod pods;
mod replica_sets;
mod services;
mod snapshot;
mod waiting;
mod wanted;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, Notify, watch};
use tokio::task::JoinHandle;
use towpath_model::{Digest, Namespace, ProjectName};
use towpath_oci::{Images, LayerStore};
use towpath_sandbox::{Host, remove_tree};
use towpath_store::Store;

use self::controller::{Calls, Controller};
use self::net::{ClusterNetwork, ClusterNetworkError};
use self::pods::{LogRing, Machine};
use self::snapshot::Snapshot;
use crate::cluster::Cluster;
pub use crate::cluster::{Applied, LogChunk, Waited};
use crate::error::ClusterError;
use crate::object::Object;
use crate::status::AppStatus;

/// What a local cluster is made of.
pub struct Parts {
    pub store: Store,
    pub host: Host,
    pub images: Images,
    pub layers: LayerStore,
    /// Folder for the files and logs of pods; emptied at the start.
    pub data: PathBuf,
}

/// The cluster `local`. Cheap to clone. When the last clone is dropped its pods are killed.
#[derive(Clone)]
pub struct LocalCluster(Arc<Inner>);

struct Inner {
    store: Store,
    calls: Arc<Calls>,
    snapshot: watch::Receiver<Arc<Snapshot>>,
    controller: Mutex<Option<JoinHandle<()>>>,
    /// One apply at a time, so that two do not claim the same port.
    applying: Mutex<()>,
}

impl LocalCluster {
    /// Starts the network and, from the rows, the pods.
    ///
    /// # Errors
    /// [`ClusterError::Unavailable`] when the machine allows no sandboxes or no networks of its own.
    pub async fn start(parts: Parts) -> Result<Self, ClusterError> {
        let unavailable =
            |error: &dyn std::fmt::Display| ClusterError::Unavailable(error.to_string());
        parts.host.sandbox().map_err(|lack| unavailable(&lack))?;
        let folder = parts.data.join("pods");
        empty(&parts.host, &folder).await?;
        let network = start_network(&parts.host)
            .await
            .map_err(|error| unavailable(&error))?;
        let calls = Arc::new(Calls {
            notify: Arc::new(Notify::new()),
            reload: AtomicBool::new(true),
            shut_down: AtomicBool::new(false),
        });
        let machine = Arc::new(Machine {
            host: parts.host,
            network,
            images: parts.images,
            layers: parts.layers,
            folder,
            changed: calls.notify.clone(),
            configs: watch::Sender::default(),
        });
        let (published, snapshot) = watch::channel(Arc::default());
        let controller =
            Controller::new(parts.store.clone(), machine, calls.clone(), published).await?;
        Ok(Self(Arc::new(Inner {
            store: parts.store,
            calls,
            snapshot,
            controller: Mutex::new(Some(tokio::spawn(controller.run()))),
            applying: Mutex::default(),
        })))
    }

    fn log(
        &self,
        namespace: &Namespace,
        pod: &str,
        container: &str,
    ) -> Result<Arc<LogRing>, ClusterError> {
        let key = ((namespace.clone(), pod.to_owned()), container.to_owned());
        let log = self.0.snapshot.borrow().logs.get(&key).cloned();
        log.ok_or_else(|| {
            ClusterError::NotFound(format!("container {container} of a pod {namespace}/{pod}"))
        })
    }

    /// Sees a change whenever a pod or an object of any project does: for live pages.
    pub fn changes(&self) -> Changes {
        Changes(self.0.snapshot.clone())
    }

    /// Diff ids of the layers that pods stand on: not to be collected.
    pub fn layers_in_use(&self) -> BTreeSet<Digest> {
        self.0.snapshot.borrow().layers.clone()
    }

    /// The images that objects name, as they name them: not to be collected.
    pub fn images_in_use(&self) -> Vec<String> {
        self.0.snapshot.borrow().images.iter().cloned().collect()
    }

    /// The id of the process that holds the network, for `nsenter --net --target`.
    pub fn network_helper(&self) -> u32 {
        self.0.snapshot.borrow().network_helper
    }

    /// Ends all pods in order, within `grace`; then it kills them. The rows stay.
    pub async fn shutdown(&self, grace: Duration) {
        self.0.calls.shut_down.store(true, Ordering::Release);
        self.0.calls.notify.notify_one();
        let Some(mut controller) = self.0.controller.lock().await.take() else {
            return;
        };
        if tokio::time::timeout(grace, &mut controller).await.is_err() {
            tracing::warn!(?grace, "pods did not end in time and are killed");
            controller.abort();
        }
    }
}

impl Cluster for LocalCluster {
    /// # Errors
    /// [`ClusterError::Refused`] also for a cluster IP or node port that another Service has.
    async fn apply(
        &self,
        project: &ProjectName,
        objects: &[Object],
    ) -> Result<Applied, ClusterError> {
        let _alone = self.0.applying.lock().await;
        let applied = applying::apply(&self.0.store, project, objects).await?;
        self.0.calls.reload.store(true, Ordering::Release);
        self.0.calls.notify.notify_one();
        Ok(applied)
    }

    async fn wait_ready(
        &self,
        applied: &Applied,
        deadline: Duration,
        progress: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Waited, ClusterError> {
        waiting::wait_ready(self.0.snapshot.clone(), applied, deadline, progress).await
    }

    /// As of the cluster's last look.
    async fn status(&self, project: &ProjectName) -> Result<AppStatus, ClusterError> {
        let app = self.0.snapshot.borrow().apps.get(project).cloned();
        Ok(app.unwrap_or_else(|| AppStatus::missing(project)))
    }

    async fn logs(
        &self,
        namespace: &Namespace,
        pod: &str,
        container: &str,
        offset: u64,
        limit: usize,
    ) -> Result<LogChunk, ClusterError> {
        let log = self.log(namespace, pod, container)?;
        let read = tokio::task::spawn_blocking(move || log.read(offset, limit)).await;
        read.unwrap_or_else(|error| Err(std::io::Error::other(error)))
            .map_err(|source| ClusterError::Io {
                context: format!("reading the log of {namespace}/{pod} {container}"),
                source,
            })
    }

    async fn log_grew(
        &self,
        namespace: &Namespace,
        pod: &str,
        container: &str,
        offset: u64,
    ) -> Result<bool, ClusterError> {
        let log = self.log(namespace, pod, container)?;
        let key = ((namespace.clone(), pod.to_owned()), container.to_owned());
        let mut snapshot = self.0.snapshot.clone();
        Ok(tokio::select! {
            biased;
            () = log.grew(offset) => true,
            _ = snapshot.wait_for(|snapshot| !snapshot.logs.contains_key(&key)) => false,
        })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(controller) = self.controller.get_mut() {
            controller.abort();
        }
    }
}

/// Tells when the cluster has changed.
#[derive(Clone)]
pub struct Changes(watch::Receiver<Arc<Snapshot>>);

impl Changes {
    /// Waits for a change since the last call; false when the cluster has ended.
    pub async fn changed(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

/// What a killed server left behind goes.
async fn empty(host: &Host, folder: &std::path::Path) -> Result<(), ClusterError> {
    let io = |source| ClusterError::Io {
        context: format!("making {}", folder.display()),
        source,
    };
    if tokio::fs::try_exists(folder).await.map_err(io)? {
        remove_tree(host, folder).await.map_err(|error| {
            ClusterError::Unavailable(format!("emptying {}: {error}", folder.display()))
        })?;
    }
    tokio::fs::create_dir_all(folder).await.map_err(io)
}

async fn start_network(host: &Host) -> Result<ClusterNetwork, ClusterNetworkError> {
    ClusterNetwork::start(host, resolvers().await).await
}

/// The machine's own name servers; none when it has no file that says so, and then only the cluster's
/// names resolve.
async fn resolvers() -> Vec<std::net::SocketAddr> {
    match tokio::fs::read_to_string("/etc/resolv.conf").await {
        Ok(text) => net::name_servers(&text),
        Err(error) => {
            tracing::warn!(%error, "/etc/resolv.conf cannot be read: pods resolve only the cluster's names");
            Vec::new()
        }
    }
}
