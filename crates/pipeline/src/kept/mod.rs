//! Sandboxes of failed builds, kept for a while for people who want to look into them.

mod guest;
mod place;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::task::JoinSet;
use towpath_model::{ActionRunKey, ProjectName, Timestamp};
use towpath_runner::Visit;
pub use towpath_sandbox::TerminalSize;

use crate::engine::now;
pub use guest::{Guest, GuestProcess, GuestTerminal, VisitError};
pub(crate) use place::{Place, PodPlace};

/// Each holds its files, and a process or a pod.
const MOST: usize = 4;
/// Nobody works in a failed build for longer.
pub const LONGEST_VISIT: Duration = Duration::from_secs(8 * 60 * 60);

/// What becomes of the sandbox of a build that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeepFailed {
    /// It goes.
    #[default]
    No,
    /// It can be entered for so long, and stays as long as somebody is in it.
    For(Duration),
    /// It stays until the process ends.
    UntilTheEnd,
}

/// The sandboxes that are kept now, and the pods: this server's, which end with it. Cheap to clone.
#[derive(Clone)]
pub struct KeptSandboxes(Arc<Inner>);

struct Inner {
    policy: KeepFailed,
    kept: Mutex<HashMap<ActionRunKey, Kept>>,
}

struct Kept {
    sandbox: Arc<Sandbox>,
    /// None: until the end.
    until: Option<Timestamp>,
}

struct Sandbox {
    place: Place,
    visit: Visit,
}

impl KeptSandboxes {
    pub fn new(policy: KeepFailed) -> Self {
        Self(Arc::new(Inner {
            policy,
            kept: Mutex::default(),
        }))
    }

    /// Until when the sandbox of this attempt can be entered; `None` when it is not kept.
    pub fn until(&self, run: &ActionRunKey) -> Option<Timestamp> {
        self.lock().get(run)?.until
    }

    /// Goes into the sandbox of this attempt, if it is kept. It stays as long as the guest does.
    pub fn enter(&self, run: &ActionRunKey) -> Option<Guest> {
        let kept = self.lock();
        let sandbox = kept.get(run)?.sandbox.clone();
        Some(Guest(sandbox))
    }

    /// Lets go of those in which nobody is, before their time. Returns how many.
    pub fn free(&self) -> u64 {
        let mut kept = self.lock();
        let before = kept.len();
        kept.retain(|_, kept| kept.is_visited());
        (before - kept.len()) as u64
    }

    /// Lets go of those of a project that is no more. Guests that are in them then still have them.
    pub(crate) fn forget(&self, project: &ProjectName) {
        self.lock()
            .retain(|run, _| run.action.execution.project != *project);
    }

    /// Ends all in which nobody is: a pod would outlive this server by as long as its worker waits for it.
    pub async fn close(&self) {
        let kept: Vec<_> = self.lock().drain().collect();
        let mut closing = JoinSet::new();
        for (run, kept) in kept {
            let Some(sandbox) = Arc::into_inner(kept.sandbox) else {
                continue;
            };
            closing.spawn(async move {
                if let Err(error) = sandbox.place.close().await {
                    tracing::warn!(%run, %error, "a kept sandbox does not end");
                }
            });
        }
        closing.join_all().await;
    }

    /// How long the place of a failed build may be needed at most.
    pub(crate) fn longest(&self) -> Duration {
        match self.0.policy {
            KeepFailed::No => Duration::ZERO,
            KeepFailed::For(time) => time.saturating_add(LONGEST_VISIT),
            KeepFailed::UntilTheEnd => LONGEST_VISIT,
        }
    }

    pub(crate) fn policy(&self) -> KeepFailed {
        self.0.policy
    }

    /// Keeps the sandbox instead of another one when there are too many.
    pub(crate) fn keep(&self, run: &ActionRunKey, place: Place, visit: Visit) -> Option<Timestamp> {
        let time = match self.0.policy {
            KeepFailed::For(time) => Some(time),
            KeepFailed::No | KeepFailed::UntilTheEnd => None,
        };
        let until = time.map(|time| after(now(), time));
        if let Some(lost) = place.lost() {
            tokio::spawn(end_when_lost(lost, Arc::downgrade(&self.0), run.clone()));
        }
        let sandbox = Arc::new(Sandbox { place, visit });
        let mut kept = self.lock();
        make_room(&mut kept);
        kept.insert(run.clone(), Kept { sandbox, until });
        drop(kept);
        if let Some(time) = time {
            tokio::spawn(end_after(time, Arc::downgrade(&self.0), run.clone()));
        }
        until
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ActionRunKey, Kept>> {
        self.0.lock()
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, HashMap<ActionRunKey, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn is_visited(&self) -> bool {
        Arc::strong_count(&self.sandbox) > 1
    }
}

/// The first to end goes, best one in which nobody is.
fn make_room(kept: &mut HashMap<ActionRunKey, Kept>) {
    while kept.len() >= MOST {
        let first = kept
            .iter()
            .min_by_key(|(_, kept)| (kept.is_visited(), kept.until));
        match first.map(|(run, _)| run.clone()) {
            Some(run) => drop(kept.remove(&run)),
            None => return,
        }
    }
}

/// Guests that are in it then still have it.
async fn end_after(time: Duration, kept: Weak<Inner>, run: ActionRunKey) {
    tokio::time::sleep(time).await;
    if let Some(kept) = kept.upgrade() {
        kept.lock().remove(&run);
    }
}

/// A pod may be deleted by others, and its node may be lost.
async fn end_when_lost(lost: impl Future<Output = String>, kept: Weak<Inner>, run: ActionRunKey) {
    let why = lost.await;
    if let Some(kept) = kept.upgrade()
        && kept.lock().remove(&run).is_some()
    {
        tracing::info!(%run, why, "a kept pod is lost");
    }
}

fn after(time: Timestamp, duration: Duration) -> Timestamp {
    let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    Timestamp(time.0.saturating_add(millis))
}

/// `2026-11-20 12:17 UTC`: nobody plans a visit by the second.
pub fn to_the_minute(time: Timestamp) -> String {
    let text = time.to_string();
    let minute = text.get(..16).unwrap_or(&text);
    format!("{} UTC", minute.replace('T', " "))
}
