//! Remotes: what a webhook said, or the interval, or somebody by hand, becomes a look at the remote, and a look
//! goes through the same door as a push. And what git hosts are told of it.
//!
//! Each loop reads rows that say what is still to be done, so that a restart is a start.

mod adopt;
pub(crate) mod backoff;
mod fetching;
mod health;
mod hooks;
mod statuses;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use towpath_forge::api::Client;
use towpath_git::Repositories;
use towpath_model::Outbound;
use towpath_store::{Store, StoreError};

use crate::engine::now;
use crate::project_tasks::ProjectTasks;

/// How often it looks for what is due although nothing woke it.
const TICK: Duration = Duration::from_secs(1);
/// Remotes that are fetched at the same time.
const AT_ONCE: usize = 8;

/// Follows the remotes of all projects. Cheap to clone; [`Remotes::run`] once.
#[derive(Clone)]
pub struct Remotes {
    parts: Arc<RemotesParts>,
    client: Client,
}

/// What the loops work with.
pub struct RemotesParts {
    pub store: Store,
    pub repositories: Repositories,
    /// Under which git hosts and people reach this server, without a slash at its end.
    pub base_url: String,
    /// False when that is only an address of this machine.
    pub is_public: bool,
    /// How the git hosts' APIs are reached.
    pub outbound: Outbound,
    /// How often registered webhooks are looked at, whether they are still there; none is never.
    pub check_hooks: Option<Duration>,
}

impl Remotes {
    pub fn new(parts: RemotesParts) -> Self {
        Self {
            client: Client::new(&parts.outbound),
            parts: Arc::new(parts),
        }
    }

    /// Until `shutdown`. What is broken off then is done by the next server.
    pub async fn run(&self, shutdown: CancellationToken) {
        tokio::select! {
            () = self.fetch_what_is_due() => {}
            () = self.tell_what_is_due() => {}
            () = self.check_what_is_due() => {}
            () = shutdown.cancelled() => {}
        }
    }

    async fn fetch_what_is_due(&self) {
        let mut looks = ProjectTasks::default();
        loop {
            self.adopt_all().await;
            if let Err(error) = self.start_looks(&mut looks).await {
                tracing::error!(%error, "cannot read which remotes are due");
            }
            tokio::select! {
                () = looks.ended() => {}
                () = self.parts.store.signals().remotes() => {}
                () = tokio::time::sleep(TICK) => {}
            }
        }
    }

    async fn start_looks(&self, looks: &mut ProjectTasks) -> Result<(), StoreError> {
        for remote in self.parts.store.due_remotes(now()).await? {
            if looks.len() < AT_ONCE && !looks.has(&remote.project) {
                let remotes = self.clone();
                let project = remote.project.clone();
                looks.start(project, async move { remotes.look(&remote).await });
            }
        }
        Ok(())
    }

    async fn check_what_is_due(&self) {
        loop {
            self.check_hooks().await;
            tokio::time::sleep(TICK).await;
        }
    }

    async fn tell_what_is_due(&self) {
        loop {
            self.tell_statuses().await;
            self.register_hooks().await;
            tokio::time::sleep(TICK).await;
        }
    }
}
