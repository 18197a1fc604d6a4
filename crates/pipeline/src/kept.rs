//! Sandboxes of failed builds, kept for a while for people who want to look into them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use towpath_model::workspace::WorkspaceError;
use towpath_model::{ActionRunKey, ProjectName, Timestamp};
use towpath_runner::{BuildContext, Program, Visit};
use towpath_sandbox::{PlainWorkspace, SandboxWorkspace};
pub use towpath_sandbox::{Process, SandboxError, Terminal, TerminalSize};

use crate::engine::now;

/// Each holds its files, and a process.
const MOST: usize = 4;

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

/// The sandboxes that are kept now: processes of this server, which end with it. Cheap to clone.
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

/// Where a build ran.
pub(crate) enum Place {
    Sandboxed(SandboxWorkspace),
    Plain(PlainWorkspace),
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

/// Somebody in a kept sandbox.
pub struct Guest(Arc<Sandbox>);

impl Guest {
    /// A shell, or a command, at a terminal of this kind (`TERM`).
    pub async fn open_terminal(
        &self,
        argv: &[String],
        kind: &str,
        size: TerminalSize,
    ) -> Result<Terminal, SandboxError> {
        let command = match argv {
            [] => self.0.visit.shell(kind),
            argv => self.0.visit.command(argv, Some(kind)),
        };
        match &self.0.place {
            Place::Sandboxed(workspace) => workspace.open_terminal(&command, size).await,
            Place::Plain(workspace) => workspace.open_terminal(&command, size).await,
        }
    }

    /// Starts a command without a terminal. Dropping it kills it.
    pub async fn start(&self, argv: &[String]) -> Result<Process, SandboxError> {
        let command = self.0.visit.command(argv, None);
        match &self.0.place {
            Place::Sandboxed(workspace) => workspace.start_command(&command).await,
            Place::Plain(workspace) => workspace.start_command(&command).await,
        }
    }
}

impl Place {
    pub(crate) async fn close(self) -> Result<(), SandboxError> {
        match self {
            Place::Sandboxed(workspace) => workspace.close().await,
            Place::Plain(workspace) => workspace.close().await,
        }
    }

    pub(crate) async fn prepare_visit(
        &self,
        program: &Program,
        context: &BuildContext,
    ) -> Result<Visit, WorkspaceError> {
        match self {
            Place::Sandboxed(workspace) => Visit::prepare(workspace, program, context).await,
            Place::Plain(workspace) => Visit::prepare(workspace, program, context).await,
        }
    }
}
