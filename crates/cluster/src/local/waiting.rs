use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use towpath_model::Namespace;

use super::snapshot::Snapshot;
use super::{Applied, Waited};
use crate::error::ClusterError;
use crate::status::{AppStatus, DeploymentStatus, Health};

pub(super) async fn wait_ready(
    mut snapshot: watch::Receiver<Arc<Snapshot>>,
    applied: &Applied,
    deadline: Duration,
    progress: &mut (dyn FnMut(&str) + Send),
) -> Result<Waited, ClusterError> {
    let until = Instant::now() + deadline;
    let mut teller = Teller::default();
    loop {
        let app = snapshot
            .borrow_and_update()
            .apps
            .get(&applied.project)
            .cloned();
        if let Some(app) = app.filter(|app| app.release >= applied.release) {
            if app.release > applied.release {
                return Ok(Waited::Superseded);
            }
            app.deployments
                .iter()
                .for_each(|deployment| teller.tell(deployment, progress));
            if let Some(waited) = judge(&app) {
                return Ok(waited);
            }
        }
        if Instant::now() >= until {
            return Ok(too_late(&snapshot.borrow(), applied, deadline));
        }
        // The teller's patience ends without a change, too.
        let look_again = until.min(Instant::now() + PATIENCE);
        if let Ok(Err(_)) = timeout_at(look_again, snapshot.changed()).await {
            return Err(ClusterError::Unavailable("it is shutting down".to_owned()));
        }
    }
}

/// Every start has its small troubles; they are told when they last for so long.
const PATIENCE: Duration = Duration::from_secs(3);

/// Remembers what was told of each deployment.
#[derive(Default)]
struct Teller(BTreeMap<(Namespace, String), Told>);

struct Told {
    counts: String,
    since: Instant,
    trouble: Option<String>,
}

impl Teller {
    /// The counts when they change; the trouble when the counts do not change for a while.
    fn tell(&mut self, deployment: &DeploymentStatus, progress: &mut (dyn FnMut(&str) + Send)) {
        let DeploymentStatus {
            name,
            ready,
            replicas,
            reason,
            ..
        } = deployment;
        let counts = format!("{name}: {ready}/{replicas} ready");
        let told = self
            .0
            .entry((deployment.namespace.clone(), name.clone()))
            .or_insert_with(|| Told {
                counts: String::new(),
                since: Instant::now(),
                trouble: None,
            });
        if told.counts != counts {
            progress(&counts);
            told.counts = counts;
            told.since = Instant::now();
        } else if told.since.elapsed() >= PATIENCE
            && let Some(reason) = reason
            && told.trouble.as_ref() != Some(reason)
        {
            progress(&format!("{counts}; {reason}"));
            told.trouble = Some(reason.clone());
            told.since = Instant::now();
        }
    }
}

fn judge(app: &AppStatus) -> Option<Waited> {
    let stuck = app
        .deployments
        .iter()
        .find(|deployment| deployment.deadline_exceeded);
    if let Some(deployment) = stuck {
        return Some(Waited::Failed {
            reason: sentence(deployment),
        });
    }
    (app.health == Health::Healthy).then_some(Waited::Ready)
}

fn sentence(deployment: &DeploymentStatus) -> String {
    let reason = deployment
        .reason
        .as_deref()
        .unwrap_or("its pods do not become available");
    format!("deployment {}: {reason}", deployment.name)
}

fn too_late(snapshot: &Snapshot, applied: &Applied, deadline: Duration) -> Waited {
    let seconds = deadline.as_secs();
    let app = snapshot.apps.get(&applied.project);
    let unhealthy = app.and_then(|app| {
        app.deployments
            .iter()
            .find(|part| part.health != Health::Healthy)
    });
    let reason = match (unhealthy, app.and_then(|app| app.reason.clone())) {
        (Some(deployment), _) => format!("not ready within {seconds} s: {}", sentence(deployment)),
        (None, Some(reason)) => format!("not ready within {seconds} s: {reason}"),
        (None, None) => format!("not ready within {seconds} s"),
    };
    Waited::Failed { reason }
}
