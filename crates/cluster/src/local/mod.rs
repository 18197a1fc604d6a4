//! The `local` cluster: containers on this machine.
//!
//! Objects, replica sets and addresses are rows; pods are processes, which end with the server and are
//! started again from the rows. One loop compares the two and runs on notify or tick.

pub mod net;
mod pods;

use std::path::PathBuf;
use std::time::Duration;

use towpath_model::{Namespace, ProjectName};
use towpath_store::Store;

use crate::error::ClusterError;
use crate::object::{Object, ObjectId};
use crate::status::{AppStatus, Report};

/// What a local cluster is made of.
pub struct Parts {
    pub store: Store,
    /// Folder for the files and logs of pods; emptied at the start.
    pub data: PathBuf,
}

/// The cluster `local`. Cheap to clone.
#[derive(Clone)]
pub struct LocalCluster {}

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

impl LocalCluster {
    /// Starts the network and, from the rows, the pods.
    pub async fn start(parts: Parts) -> Result<Self, ClusterError> {
        drop(parts);
        Err(unavailable())
    }

    /// Makes `objects` (see [`crate::manifest::place`]) the whole of what `project` has in this cluster:
    /// what it had before and is not among them is pruned. Returns when the rows are committed.
    ///
    /// # Errors
    /// [`ClusterError::Refused`] with every field that cannot be honoured; nothing is changed then.
    pub async fn apply(
        &self,
        project: &ProjectName,
        objects: &[Object],
    ) -> Result<Applied, ClusterError> {
        let _ = (project, objects);
        Err(unavailable())
    }

    /// Waits until everything of this apply is healthy, telling `progress` one line (`hello: 1/2 ready`)
    /// whenever it changes. Fails when a deployment's progress deadline or `deadline` is over.
    pub async fn wait_ready(
        &self,
        applied: &Applied,
        deadline: Duration,
        progress: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Waited, ClusterError> {
        let _ = (applied, deadline, progress);
        Err(unavailable())
    }

    pub async fn status(&self, project: &ProjectName) -> Result<AppStatus, ClusterError> {
        let _ = project;
        Err(unavailable())
    }

    /// At most `limit` bytes of a container's log from `offset` on; an empty chunk at its end.
    pub async fn logs(
        &self,
        namespace: &Namespace,
        pod: &str,
        container: &str,
        offset: u64,
        limit: usize,
    ) -> Result<LogChunk, ClusterError> {
        let _ = (namespace, pod, container, offset, limit);
        Err(unavailable())
    }

    /// Waits until the log is longer than `offset`; false when the container's pod is gone.
    pub async fn log_grew(
        &self,
        namespace: &Namespace,
        pod: &str,
        container: &str,
        offset: u64,
    ) -> Result<bool, ClusterError> {
        let _ = (namespace, pod, container, offset);
        Err(unavailable())
    }

    /// Changes whenever a pod or an object of any project does: for live pages.
    pub fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        tokio::sync::watch::channel(0).1
    }

    /// Removes everything that `project` has in this cluster.
    pub async fn delete(&self, project: &ProjectName) -> Result<Vec<ObjectId>, ClusterError> {
        let _ = project;
        Err(unavailable())
    }

    /// Stops all pods as their deletion would, within `grace` at most. The rows stay.
    pub async fn shutdown(&self, grace: Duration) {
        let _ = grace;
    }
}

fn unavailable() -> ClusterError {
    ClusterError::Unavailable("it is not there yet".to_owned())
}
