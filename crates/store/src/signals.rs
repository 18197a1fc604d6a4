use std::sync::Arc;

use tokio::sync::{Notify, broadcast};
use towpath_model::{ExecutionNumber, ProjectName};

/// Changes that a slow watcher may fall behind before it is told to look at everything again.
const BACKLOG: usize = 256;

/// What wakes loops and watchers. A signal is a hint: it may be lost, so every loop also ticks.
#[derive(Clone, Debug)]
pub struct Signals {
    work: Arc<Notify>,
    remotes: Arc<Notify>,
    deletions: Arc<Notify>,
    changes: broadcast::Sender<Change>,
}

/// Something in this project changed; with a number, in this execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub project: ProjectName,
    pub execution: Option<ExecutionNumber>,
}

impl Default for Signals {
    fn default() -> Self {
        Self {
            work: Arc::default(),
            remotes: Arc::default(),
            deletions: Arc::default(),
            changes: broadcast::channel(BACKLOG).0,
        }
    }
}

impl Signals {
    /// Waits until there may be work for the pipeline engine. One waiter at a time; a wake-up is kept for it.
    pub async fn work(&self) {
        self.work.notified().await;
    }

    pub fn notify_work(&self) {
        self.work.notify_one();
    }

    /// Waits until a remote may have to be looked at, or its host told something. One waiter at a time.
    pub async fn remotes(&self) {
        self.remotes.notified().await;
    }

    pub fn notify_remotes(&self) {
        self.remotes.notify_one();
    }

    /// Waits until a project may have to be deleted. One waiter at a time.
    pub async fn deletions(&self) {
        self.deletions.notified().await;
    }

    pub fn notify_deletions(&self) {
        self.deletions.notify_one();
    }

    /// What changes from now on. A receiver that lags behind is told so, and has to read the rows again.
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    pub fn notify_change(&self, project: &ProjectName, execution: Option<ExecutionNumber>) {
        // Nobody watching is fine.
        let _ = self.changes.send(Change {
            project: project.clone(),
            execution,
        });
    }
}
