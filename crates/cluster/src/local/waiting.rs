use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

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
    let mut told = Vec::new();
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
            tell(&app, &mut told, progress);
            if let Some(waited) = judge(&app) {
                return Ok(waited);
            }
        }
        match timeout_at(until, snapshot.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(ClusterError::Unavailable("it is shutting down".to_owned())),
            Err(_) => return Ok(too_late(&snapshot.borrow(), applied, deadline)),
        }
    }
}

/// One line for each deployment whose line has changed.
fn tell(app: &AppStatus, told: &mut Vec<String>, progress: &mut (dyn FnMut(&str) + Send)) {
    let lines: Vec<String> = app.deployments.iter().map(line).collect();
    lines
        .iter()
        .filter(|line| !told.contains(line))
        .for_each(|line| progress(line));
    *told = lines;
}

fn line(deployment: &DeploymentStatus) -> String {
    let DeploymentStatus {
        name,
        ready,
        replicas,
        reason,
        ..
    } = deployment;
    match reason {
        Some(reason) if ready < replicas => format!("{name}: {ready}/{replicas} ready; {reason}"),
        _ => format!("{name}: {ready}/{replicas} ready"),
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
