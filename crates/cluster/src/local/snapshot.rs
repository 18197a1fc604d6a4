//! What the cluster tells about itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use towpath_model::{Digest, ProjectName};

use super::net::{ServiceEntry, ServiceKind};
use super::pods::{LogRing, Pod};
use super::wanted::Key;
use crate::rollout::{Counts, Desired, Progress, Stage};
use crate::spec::Deployment;
use crate::status::{
    AppStatus, DeploymentStatus, Health, PodStatus, ServicePortStatus, ServiceStatus, WorkloadKind,
};

/// The state of a cluster at one moment.
#[derive(Default)]
pub(super) struct Snapshot {
    pub(super) apps: BTreeMap<ProjectName, AppStatus>,
    /// By namespace, pod and container.
    pub(super) logs: BTreeMap<(Key, String), Arc<LogRing>>,
    /// Diff ids of layers that pods stand on.
    pub(super) layers: BTreeSet<Digest>,
    pub(super) images: BTreeSet<String>,
    pub(super) network_helper: u32,
}

impl Snapshot {
    /// Nothing has changed for who looks at it.
    pub(super) fn tells_the_same(&self, other: &Snapshot) -> bool {
        self.apps == other.apps && self.logs.keys().eq(other.logs.keys())
    }
}

/// Where one deployment stands.
pub(super) fn deployment_status(
    key: &Key,
    desired: &Desired,
    deployment: &Deployment,
    counts: &Counts,
    progress: &Progress,
    pods: &[&Pod],
    now: towpath_model::Timestamp,
) -> DeploymentStatus {
    let trouble = || trouble(desired, pods);
    let stage = progress.stage(deployment.progress_deadline, now);
    let (health, reason) = match stage {
        Stage::Complete => (Health::Healthy, None),
        Stage::Stuck => {
            let seconds = deployment.progress_deadline.as_secs();
            let why = trouble().unwrap_or_else(|| "pods do not become available".to_owned());
            (
                Health::Degraded,
                Some(format!("no progress for {seconds} s: {why}")),
            )
        }
        Stage::Progressing => {
            let fell_back =
                progress.was_completed() && pods.iter().any(|pod| pod.seen.restarts() > 0);
            (
                if fell_back {
                    Health::Degraded
                } else {
                    Health::Progressing
                },
                trouble(),
            )
        }
    };
    DeploymentStatus {
        namespace: key.0.clone(),
        kind: WorkloadKind::Deployment,
        name: key.1.clone(),
        replicas: desired.replicas,
        updated: counts.updated,
        ready: counts.updated_ready,
        available: counts.available,
        deadline_exceeded: stage == Stage::Stuck,
        health,
        reason,
    }
}

/// Why a deployment is not there yet: the pod of its newest template that has failed most often.
fn trouble(desired: &Desired, pods: &[&Pod]) -> Option<String> {
    let newest = pods
        .iter()
        .filter(|pod| pod.context.identity.hash == desired.hash);
    let mut troubled: Vec<_> = newest
        .filter_map(|pod| {
            let state = &pod.seen;
            let reason = state.reason()?;
            Some((
                state.restarts(),
                format!("pod {}: {reason}", pod.context.identity.name),
            ))
        })
        .collect();
    troubled.sort_by_key(|(restarts, _)| std::cmp::Reverse(*restarts));
    troubled.into_iter().next().map(|(_, reason)| reason)
}

pub(super) fn pod_status(pod: &Pod) -> PodStatus {
    let (identity, state) = (&pod.context.identity, &pod.seen);
    PodStatus {
        namespace: identity.namespace.clone(),
        name: identity.name.clone(),
        deployment: identity.deployment.clone(),
        workload: WorkloadKind::Deployment,
        ready: state.ready_since.is_some(),
        restarts: state.restarts(),
        ip: state.ip.map(Into::into),
        phase: state.phase(),
        reason: state.reason(),
        created_at: identity.created_at,
        containers: state.container_statuses(),
    }
}

pub(super) fn service_status(entry: &ServiceEntry) -> ServiceStatus {
    let port = |port: &super::net::ServicePort| ServicePortStatus {
        name: port.name.clone(),
        port: port.port,
        host_port: port.host_port,
    };
    let (cluster_ip, endpoints) = match &entry.kind {
        ServiceKind::ClusterIp(ip) => {
            let ips: BTreeSet<_> = entry
                .ports
                .iter()
                .flat_map(|port| &port.endpoints)
                .map(|at| *at.ip())
                .collect();
            (
                Some((*ip).into()),
                ips.into_iter().map(Into::into).collect(),
            )
        }
        ServiceKind::Headless(ips) => (None, ips.iter().map(|ip| (*ip).into()).collect()),
    };
    ServiceStatus {
        namespace: entry.key.namespace.clone(),
        name: entry.key.name.clone(),
        cluster_ip,
        ports: entry.ports.iter().map(port).collect(),
        endpoints,
        external: Vec::new(),
    }
}

/// The health of the whole is that of its worst part.
pub(super) fn summarize(app: &mut AppStatus, service_errors: &[String]) {
    let worst = |health: Health| match health {
        Health::Degraded => 2,
        Health::Progressing => 1,
        Health::Healthy | Health::Missing | Health::Unknown => 0,
    };
    let deployment = app
        .deployments
        .iter()
        .max_by_key(|deployment| worst(deployment.health));
    if let Some(deployment) = deployment.filter(|deployment| worst(deployment.health) > 0) {
        app.health = deployment.health;
        app.reason = deployment
            .reason
            .as_ref()
            .map(|reason| format!("deployment {}: {reason}", deployment.name));
    }
    if let Some(error) = service_errors.first() {
        app.health = Health::Degraded;
        app.reason.get_or_insert_with(|| error.clone());
    }
}
