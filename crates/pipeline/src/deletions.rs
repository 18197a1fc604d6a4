//! Deleting projects. The row that says so comes first and goes last; every step between may be done twice.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use towpath_cluster::{Cluster, ClusterError, Clusters};
use towpath_git::Repositories;
use towpath_model::ProjectName;
use towpath_store::{Logs, ProjectDeletion, Store, StoreError};

use crate::engine::now;
use crate::kept::KeptSandboxes;
use crate::project_tasks::ProjectTasks;
use crate::remotes::{Remotes, backoff};

/// How often it looks for what is due although nothing woke it, and whether what runs has ended.
const TICK: Duration = Duration::from_millis(250);

/// Deletes projects that are marked so. Cheap to clone; [`Deletions::run`] once.
#[derive(Clone)]
pub struct Deletions {
    parts: Arc<DeletionsParts>,
}

/// Where there is something of a project.
pub struct DeletionsParts {
    pub store: Store,
    pub logs: Logs,
    pub repositories: Repositories,
    pub clusters: Clusters,
    pub remotes: Remotes,
    pub kept: KeptSandboxes,
}

/// Why a deletion does not go on, for people.
#[derive(Debug, thiserror::Error)]
enum Stuck {
    #[error("{0}; or leave the app there: `towpath project delete {1} --leave-app`")]
    Cluster(ClusterError, ProjectName),
    #[error("its repository is still there: {0}")]
    Repository(#[from] towpath_git::GitError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Deletions {
    pub fn new(parts: DeletionsParts) -> Self {
        Self {
            parts: Arc::new(parts),
        }
    }

    /// Until `shutdown`. What is broken off then is gone on with by the next server.
    pub async fn run(&self, shutdown: CancellationToken) {
        tokio::select! {
            () = self.go_on_with_what_is_due() => {}
            () = shutdown.cancelled() => {}
        }
    }

    /// Each by itself: the cluster of one may be far away.
    async fn go_on_with_what_is_due(&self) {
        let mut tasks = ProjectTasks::default();
        loop {
            if let Err(error) = self.start(&mut tasks).await {
                tracing::error!(%error, "cannot read which projects to delete");
            }
            tokio::select! {
                () = tasks.ended() => {}
                () = self.parts.store.signals().deletions() => {}
                () = tokio::time::sleep(TICK) => {}
            }
        }
    }

    async fn start(&self, tasks: &mut ProjectTasks) -> Result<(), StoreError> {
        for deletion in self.parts.store.due_deletions(now()).await? {
            if !tasks.has(&deletion.project) {
                let deletions = self.clone();
                let project = deletion.project.clone();
                tasks.start(project, async move { deletions.go_on(&deletion).await });
            }
        }
        Ok(())
    }

    async fn go_on(&self, deletion: &ProjectDeletion) {
        let project = &deletion.project;
        let stuck = match self.try_to_finish(deletion).await {
            Ok(true) => return tracing::info!(%project, "the project is deleted"),
            Ok(false) => return tokio::time::sleep(TICK).await,
            Err(stuck) => stuck.to_string(),
        };
        tracing::warn!(%project, error = stuck, "the project cannot be deleted yet");
        let next = backoff::after_failure(deletion.failures, now(), rand::random());
        let postponed = self.parts.store.postpone_deletion(deletion, &stuck, next);
        if let Err(error) = postponed.await {
            tracing::error!(%project, %error, "cannot write why it is not deleted yet");
            tokio::time::sleep(TICK).await;
        }
    }

    /// False while something of it runs.
    async fn try_to_finish(&self, deletion: &ProjectDeletion) -> Result<bool, Stuck> {
        let project = &deletion.project;
        if self.cancel_executions(project).await? > 0 {
            return Ok(false);
        }
        self.parts.kept.forget(project);
        if !deletion.leave_app {
            self.remove_app(project).await?;
        }
        self.remove_hook(project).await;
        self.parts.repositories.delete(project).await?;
        self.parts.logs.remove_project(project)?;
        Ok(self.parts.store.finish_deletion(deletion).await?)
    }

    /// How many there are that have not ended.
    async fn cancel_executions(&self, project: &ProjectName) -> Result<usize, StoreError> {
        let store = &self.parts.store;
        let mut count = 0;
        for execution in store.unfinished_executions().await? {
            if execution.key.project != *project {
                continue;
            }
            count += 1;
            if execution.cancel_requested_at.is_none() {
                store.request_cancel(&execution.key, now()).await?;
            }
        }
        Ok(count)
    }

    /// A cluster that is not there has nothing of it. What `local` was to run goes with the rows, when this
    /// machine runs nothing.
    async fn remove_app(&self, project: &ProjectName) -> Result<(), Stuck> {
        let Some(row) = self.parts.store.project(project).await? else {
            return Ok(());
        };
        let removed = match self.parts.clusters.get(&row.cluster).await {
            Ok(cluster) => cluster.delete(project).await,
            Err(error) => Err(error),
        };
        match removed {
            Ok(removed) => {
                let count = removed.len();
                tracing::info!(%project, cluster = %row.cluster, count, "its objects are removed");
                Ok(())
            }
            Err(ClusterError::NotFound(_) | ClusterError::Unavailable(_)) => Ok(()),
            Err(error) => Err(Stuck::Cluster(error, project.clone())),
        }
    }

    /// As well as that goes: a git host whose token has ended keeps no project alive.
    async fn remove_hook(&self, project: &ProjectName) {
        let why = match self.parts.remotes.remove_hook(project).await {
            Ok(Ok(())) => return,
            Ok(Err(why)) => why,
            Err(error) => error.to_string(),
        };
        tracing::warn!(%project, why, "its webhook stays at the git host; remove it there");
    }
}
