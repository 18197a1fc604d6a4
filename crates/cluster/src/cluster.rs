use std::future::Future;
use std::time::Duration;

use towpath_model::{Namespace, ProjectName};

use crate::error::ClusterError;
use crate::kubernetes::KubernetesCluster;
use crate::local::LocalCluster;
use crate::object::{Object, ObjectId};
use crate::status::{AppStatus, Report};

/// A place where apps run.
pub trait Cluster: Clone + Send + Sync {
    /// Makes `objects` (see [`crate::manifest::place`]) the whole of what `project` has in this cluster:
    /// what it had before and is not among them is pruned. What is acknowledged here is the project's
    /// until another apply: the inventory is on record, pods follow.
    ///
    /// # Errors
    /// [`ClusterError::Refused`] with everything that is wrong with the objects, [`ClusterError::Owned`] when
    /// an object is another project's.
    fn apply(
        &self,
        project: &ProjectName,
        objects: &[Object],
    ) -> impl Future<Output = Result<Applied, ClusterError>> + Send;

    /// Waits until everything of this apply is healthy, telling `progress` one line (`hello: 1/2 ready`)
    /// whenever it changes. Fails when an object has failed, as its controller says, or `deadline` is over.
    fn wait_ready(
        &self,
        applied: &Applied,
        deadline: Duration,
        progress: &mut (dyn FnMut(&str) + Send),
    ) -> impl Future<Output = Result<Waited, ClusterError>> + Send;

    /// How the project's application is.
    fn status(
        &self,
        project: &ProjectName,
    ) -> impl Future<Output = Result<AppStatus, ClusterError>> + Send;

    /// The same without pods: what a list of many projects shows, and what it costs the cluster should not
    /// grow with them.
    fn glance(
        &self,
        project: &ProjectName,
    ) -> impl Future<Output = Result<AppStatus, ClusterError>> + Send {
        self.status(project)
    }

    /// At most `limit` bytes of a container's log from `offset` on; an empty chunk at its end.
    ///
    /// # Errors
    /// [`ClusterError::NotFound`] when there is no such container, or its pod is gone.
    fn logs(
        &self,
        namespace: &Namespace,
        pod: &str,
        container: &str,
        offset: u64,
        limit: usize,
    ) -> impl Future<Output = Result<LogChunk, ClusterError>> + Send;

    /// Waits until the log is longer than `offset`; false when it will not grow any more.
    fn log_grew(
        &self,
        namespace: &Namespace,
        pod: &str,
        container: &str,
        offset: u64,
    ) -> impl Future<Output = Result<bool, ClusterError>> + Send;

    /// Removes everything that `project` has in this cluster, save its namespace. Gives what it removed.
    fn delete(
        &self,
        project: &ProjectName,
    ) -> impl Future<Output = Result<Vec<ObjectId>, ClusterError>> + Send {
        async { Ok(self.apply(project, &[]).await?.pruned) }
    }
}

/// An apply that was committed: the rows say so, pods follow.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    pub project: ProjectName,
    /// Rises by one with every apply of the project.
    pub release: i64,
    pub report: Report,
    /// Objects that are new or differ from what was there.
    pub changed: Vec<ObjectId>,
    pub pruned: Vec<ObjectId>,
}

/// How waiting for an apply ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waited {
    Ready,
    /// One sentence: which pod, which container, why.
    Failed {
        reason: String,
    },
    /// A newer apply of the same project took over.
    Superseded,
}

/// A piece of a container's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogChunk {
    /// Where `content` begins: later than asked for when older output was dropped.
    pub offset: u64,
    pub content: Vec<u8>,
    /// Where to go on reading.
    pub next: u64,
}

/// Any cluster that a project can be deployed to.
#[derive(Clone)]
pub enum AnyCluster {
    Local(LocalCluster),
    Kubernetes(KubernetesCluster),
}

impl Cluster for AnyCluster {
    async fn apply(
        &self,
        project: &ProjectName,
        objects: &[Object],
    ) -> Result<Applied, ClusterError> {
        match self {
            Self::Local(cluster) => cluster.apply(project, objects).await,
            Self::Kubernetes(cluster) => cluster.apply(project, objects).await,
        }
    }

    async fn wait_ready(
        &self,
        applied: &Applied,
        deadline: Duration,
        progress: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Waited, ClusterError> {
        match self {
            Self::Local(cluster) => cluster.wait_ready(applied, deadline, progress).await,
            Self::Kubernetes(cluster) => cluster.wait_ready(applied, deadline, progress).await,
        }
    }

    async fn status(&self, project: &ProjectName) -> Result<AppStatus, ClusterError> {
        match self {
            Self::Local(cluster) => cluster.status(project).await,
            Self::Kubernetes(cluster) => cluster.status(project).await,
        }
    }

    async fn glance(&self, project: &ProjectName) -> Result<AppStatus, ClusterError> {
        match self {
            Self::Local(cluster) => cluster.glance(project).await,
            Self::Kubernetes(cluster) => cluster.glance(project).await,
        }
    }

    async fn logs(
        &self,
        namespace: &Namespace,
        pod: &str,
        container: &str,
        offset: u64,
        limit: usize,
    ) -> Result<LogChunk, ClusterError> {
        match self {
            Self::Local(cluster) => cluster.logs(namespace, pod, container, offset, limit).await,
            Self::Kubernetes(cluster) => {
                cluster.logs(namespace, pod, container, offset, limit).await
            }
        }
    }

    async fn log_grew(
        &self,
        namespace: &Namespace,
        pod: &str,
        container: &str,
        offset: u64,
    ) -> Result<bool, ClusterError> {
        match self {
            Self::Local(cluster) => cluster.log_grew(namespace, pod, container, offset).await,
            Self::Kubernetes(cluster) => cluster.log_grew(namespace, pod, container, offset).await,
        }
    }
}
