//! How an application on Kubernetes is.

mod addresses;
mod parts;
mod workload;

use towpath_model::ProjectName;

use self::parts::{Part, Parts, Scope};
use super::{Inner, live};
use crate::error::ClusterError;
use crate::health::State;
use crate::status::{AppStatus, Health, PodStatus, ServiceStatus};

/// As the server has it now. One that does not answer leaves the health unknown; it is not asked again by
/// everybody at once.
pub(super) async fn status(
    cluster: &Inner,
    project: &ProjectName,
) -> Result<AppStatus, ClusterError> {
    let release = release(cluster, project).await?;
    if release == 0 || cluster.asking.silent().is_some() {
        return Ok(without_asking(cluster, project, release));
    }
    let looked = look(cluster, project, release).await;
    unless_unknown(project, release, looked)
}

/// The same without pods, and without what is behind Services.
pub(super) async fn glance(
    cluster: &Inner,
    project: &ProjectName,
) -> Result<AppStatus, ClusterError> {
    let release = release(cluster, project).await?;
    if release == 0 || cluster.asking.silent().is_some() {
        return Ok(without_asking(cluster, project, release));
    }
    let found = parts::find(cluster, project, release, Scope::Installation).await;
    let looked = found.map(|parts| app(project, release, &parts, Vec::new(), services(&parts)));
    unless_unknown(project, release, looked)
}

async fn release(cluster: &Inner, project: &ProjectName) -> Result<i64, ClusterError> {
    let name = &cluster.asking.cluster;
    Ok(cluster.store.kubernetes_apply_number(name, project).await?)
}

fn without_asking(cluster: &Inner, project: &ProjectName, release: i64) -> AppStatus {
    let why = cluster.asking.silent().map(|why| {
        let cluster = cluster.asking.cluster.clone();
        ClusterError::Unreachable { cluster, why }.to_string()
    });
    match release {
        0 => AppStatus {
            reason: why,
            ..AppStatus::missing(project)
        },
        _ => AppStatus::unknown(project, release, why.unwrap_or_default()),
    }
}

fn unless_unknown(
    project: &ProjectName,
    release: i64,
    looked: Result<AppStatus, ClusterError>,
) -> Result<AppStatus, ClusterError> {
    match looked {
        Err(
            error @ (ClusterError::Unreachable { .. }
            | ClusterError::Unauthenticated { .. }
            | ClusterError::Untrusted { .. }
            | ClusterError::Forbidden { .. }
            | ClusterError::Api { .. }),
        ) => Ok(AppStatus::unknown(project, release, error.to_string())),
        looked => looked,
    }
}

async fn look(
    cluster: &Inner,
    project: &ProjectName,
    release: i64,
) -> Result<AppStatus, ClusterError> {
    let parts = parts::find(cluster, project, release, Scope::Project).await?;
    let looks = parts.found.iter().map(|part| workload::pods(cluster, part));
    let mut pods: Vec<PodStatus> = Vec::new();
    for looked in live::together_in_order(looks.collect()).await {
        pods.extend(looked?);
    }
    let mut services = services(&parts);
    let looks = services
        .iter()
        .map(|service| addresses::endpoints(cluster, service));
    let endpoints = live::together_in_order(looks.collect()).await;
    for (service, endpoints) in services.iter_mut().zip(endpoints) {
        service.endpoints = endpoints;
    }
    Ok(app(project, release, &parts, pods, services))
}

fn services(parts: &Parts) -> Vec<ServiceStatus> {
    parts.found.iter().filter_map(addresses::service).collect()
}

fn app(
    project: &ProjectName,
    release: i64,
    parts: &Parts,
    pods: Vec<PodStatus>,
    services: Vec<ServiceStatus>,
) -> AppStatus {
    let (health, reason) = whole(parts, &pods);
    let workloads = parts.found.iter();
    AppStatus {
        project: project.clone(),
        release,
        health,
        reason,
        deployments: workloads
            .filter_map(|part| workload::status(part, &pods))
            .collect(),
        pods,
        services,
        ingresses: parts.found.iter().filter_map(addresses::ingress).collect(),
        not_run: Vec::new(),
    }
}

fn reason(part: &Part, pods: &[PodStatus]) -> String {
    let message = &part.judgement.message;
    let kind = workload::kind(part);
    let troubled = pods
        .iter()
        .filter(|pod| Some(pod.workload) == kind && pod.deployment == part.id.name && !pod.ready)
        .find_map(|pod| Some((pod, pod.reason.as_ref()?)));
    match troubled {
        Some((pod, reason)) => format!("{message}; pod {}: {reason}", pod.name),
        None => message.clone(),
    }
}

/// The health of the whole is that of its worst part.
fn whole(parts: &Parts, pods: &[PodStatus]) -> (Health, Option<String>) {
    let worst = |state: State| {
        let mut found = parts.found.iter();
        let part = found.find(|part| part.judgement.state == state)?;
        let reason = format!("{}: {}", part.id.for_people(), reason(part, pods));
        Some((health_of(state), Some(reason)))
    };
    let gone = || {
        let id = parts.missing.first()?;
        let reason = format!("{} is not there: somebody has deleted it", id.for_people());
        Some((Health::Degraded, Some(reason)))
    };
    worst(State::Failed)
        .or_else(gone)
        .or_else(|| worst(State::InProgress))
        .unwrap_or((Health::Healthy, None))
}

fn health_of(state: State) -> Health {
    match state {
        State::Current => Health::Healthy,
        State::InProgress => Health::Progressing,
        State::Failed => Health::Degraded,
    }
}
