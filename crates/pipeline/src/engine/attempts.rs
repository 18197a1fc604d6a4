//! The attempts at actions that run in this server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use towpath_model::ActionRunKey;
use towpath_store::RunOutcome;

use super::{RETRY, now};
use crate::actions::{self, Done};
use crate::services::Services;
use crate::spares::Spares;

#[derive(Clone, Default)]
pub(super) struct Attempts {
    running: Arc<Mutex<HashMap<ActionRunKey, CancellationToken>>>,
    tasks: TaskTracker,
    abandoned: CancellationToken,
}

impl Attempts {
    /// Runs the attempt in the background; its end is written to its row, which wakes the engine.
    pub(super) fn spawn(&self, services: &Arc<Services>, spares: &Spares, run: ActionRunKey) {
        let cancelled = CancellationToken::new();
        self.running().insert(run.clone(), cancelled.clone());
        let (attempts, services, spares) = (self.clone(), Arc::clone(services), spares.clone());
        self.tasks.spawn(async move {
            let ended = tokio::select! {
                biased;
                () = attempts.abandoned.cancelled() => None,
                () = cancelled.cancelled() => Some(Done::ended(RunOutcome::Cancelled)),
                done = actions::run(&services, &spares, &run) => Some(done),
            };
            if let Some(done) = ended {
                record(&services, &run, &done).await;
            }
            attempts.running().remove(&run);
        });
    }

    /// Drops the attempt, which kills what it started. One that has just ended is fine.
    pub(super) fn cancel(&self, run: &ActionRunKey) {
        if let Some(token) = self.running().get(run) {
            token.cancel();
        }
    }

    /// Drops every attempt without a word in its row: the next server runs it again.
    pub(super) async fn abandon(&self) {
        self.abandoned.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn running(&self) -> MutexGuard<'_, HashMap<ActionRunKey, CancellationToken>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An end that is not written would leave the execution running for ever: tried until it is, a full disk included.
async fn record(services: &Services, run: &ActionRunKey, done: &Done) {
    loop {
        let finished = services
            .store
            .finish_action(run, &done.outcome, &done.artifacts, &done.variables, now())
            .await;
        match finished {
            Ok(_) => return,
            Err(error) => {
                tracing::error!(%run, %error, "cannot write how the action ended; trying again")
            }
        }
        tokio::time::sleep(RETRY).await;
    }
}
