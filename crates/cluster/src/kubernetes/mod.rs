//! A Kubernetes cluster, reached through its API server.
//!
//! **Architecture invariant:** the only module that names kube.

mod connection;
mod failure;
mod kubeconfig;

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use towpath_model::{ClusterName, Namespace, ProjectName};
use towpath_store::Store;

pub use self::connection::Connection;
pub use self::kubeconfig::{KubeconfigError, SelfContained};
use crate::cluster::{Applied, Cluster, LogChunk, Waited};
use crate::error::ClusterError;
use crate::object::Object;
use crate::status::AppStatus;

/// A Kubernetes cluster. Cheap to clone.
#[derive(Clone)]
pub struct KubernetesCluster(Arc<Inner>);

struct Inner {
    name: ClusterName,
    server: String,
    client: Client,
    store: Store,
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
        Ok(Self(Arc::new(Inner {
            name,
            server,
            client,
            store,
        })))
    }

    pub fn name(&self) -> &ClusterName {
        &self.0.name
    }

    /// The URL of the API server.
    pub fn server(&self) -> &str {
        &self.0.server
    }

    fn not_yet(&self) -> ClusterError {
        let _ = (&self.0.client, &self.0.store);
        ClusterError::Unavailable(format!("cluster {} is not built yet", self.0.name))
    }
}

impl Cluster for KubernetesCluster {
    async fn apply(
        &self,
        _project: &ProjectName,
        _objects: &[Object],
    ) -> Result<Applied, ClusterError> {
        Err(self.not_yet())
    }

    async fn wait_ready(
        &self,
        _applied: &Applied,
        _deadline: Duration,
        _progress: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Waited, ClusterError> {
        Err(self.not_yet())
    }

    async fn status(&self, _project: &ProjectName) -> Result<AppStatus, ClusterError> {
        Err(self.not_yet())
    }

    async fn logs(
        &self,
        _namespace: &Namespace,
        _pod: &str,
        _container: &str,
        _offset: u64,
        _limit: usize,
    ) -> Result<LogChunk, ClusterError> {
        Err(self.not_yet())
    }

    async fn log_grew(
        &self,
        _namespace: &Namespace,
        _pod: &str,
        _container: &str,
        _offset: u64,
    ) -> Result<bool, ClusterError> {
        Err(self.not_yet())
    }
}
