use std::net::IpAddr;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::Api;
use kube::api::ListParams;
use serde_json::Value;
use towpath_model::ProjectName;

use super::failure::Failure;
use super::inventory::{self, Group};
use super::{Inner, live, pods, trouble};
use crate::error::ClusterError;
use crate::health::{self, Judgement, State};
use crate::object::ObjectId;
use crate::status::{
    AppStatus, DeploymentStatus, Health, PodStatus, ServicePortStatus, ServiceStatus,
};

/// At most so many pods of one workload are looked at.
const PODS: u32 = 500;

/// As the server has it now. One that does not answer leaves the health unknown; it is not asked again by
/// everybody at once.
pub(super) async fn status(
    cluster: &Inner,
    project: &ProjectName,
) -> Result<AppStatus, ClusterError> {
    let name = &cluster.asking.cluster;
    let release = cluster.store.kubernetes_apply_number(name, project).await?;
    if release == 0 {
        return Ok(AppStatus::missing(project));
    }
    if let Some(why) = cluster.asking.silent() {
        let cluster = name.clone();
        let error = ClusterError::Unreachable { cluster, why };
        return Ok(AppStatus::unknown(project, release, error.to_string()));
    }
    match look(cluster, project, release).await {
        Err(
            error @ (ClusterError::Unreachable { .. }
            | ClusterError::Unauthenticated { .. }
            | ClusterError::Forbidden { .. }
            | ClusterError::Api { .. }),
        ) => Ok(AppStatus::unknown(project, release, error.to_string())),
        looked => looked,
    }
}

/// An object, and how it stands.
struct Part {
    id: ObjectId,
    object: Value,
    judgement: Judgement,
}

async fn look(
    cluster: &Inner,
    project: &ProjectName,
    release: i64,
) -> Result<AppStatus, ClusterError> {
    let groups = inventory::groups(cluster, project, release).await?;
    let looks: Vec<_> = groups
        .iter()
        .map(|group| parts(cluster, project, group))
        .collect();
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for looked in live::together(looks).await {
        let (there, gone) = looked?;
        found.extend(there);
        missing.extend(gone);
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    let looks: Vec<_> = found.iter().map(|part| pods_of(cluster, part)).collect();
    let mut pods: Vec<PodStatus> = Vec::new();
    for looked in live::together(looks).await {
        pods.extend(looked?);
    }
    let looks: Vec<_> = found
        .iter()
        .filter(|part| part.id.kind == "Service")
        .map(|part| service(cluster, part))
        .collect();
    let services = live::together(looks).await.into_iter().flatten().collect();
    let (health, reason) = whole(&found, &missing, &pods);
    Ok(AppStatus {
        project: project.clone(),
        release,
        health,
        reason,
        deployments: found
            .iter()
            .filter_map(|part| workload(part, &pods))
            .collect(),
        pods,
        services,
        not_run: Vec::new(),
    })
}

async fn parts(
    cluster: &Inner,
    project: &ProjectName,
    group: &Group,
) -> Result<(Vec<Part>, Vec<ObjectId>), ClusterError> {
    let api = group.api(&cluster.asking);
    let params = ListParams::default().labels(&inventory::selector(cluster, project));
    let list = cluster.asking.once(api.list(&params)).await;
    let list = list.map_err(|failure| {
        cluster
            .asking
            .error(&format!("listing {}", group.in_words()), failure)
    })?;
    let mut there = Vec::new();
    for item in list.items {
        let name = item.metadata.name.as_deref().unwrap_or_default();
        let Some(id) = group.ids.iter().find(|id| id.name == name) else {
            continue;
        };
        // Objects of a list do not say what they are.
        let mut object = serde_json::to_value(&item).unwrap_or_default();
        object["apiVersion"] = group.kind.resource.api_version.as_str().into();
        object["kind"] = group.kind.resource.kind.as_str().into();
        there.push(Part {
            id: id.clone(),
            judgement: health::judge(&object),
            object,
        });
    }
    let gone = group
        .ids
        .iter()
        .filter(|id| there.iter().all(|part| part.id != **id))
        .cloned()
        .collect();
    Ok((there, gone))
}

async fn pods_of(cluster: &Inner, part: &Part) -> Result<Vec<PodStatus>, ClusterError> {
    let pods = match part.id.kind.as_str() {
        "Pod" => serde_json::from_value(part.object.clone())
            .into_iter()
            .collect(),
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => {
            list_pods(cluster, part).await?
        }
        _ => Vec::new(),
    };
    let mut statuses: Vec<PodStatus> = pods
        .iter()
        .filter_map(|pod| pods::status(pod, &part.id.name))
        .collect();
    statuses.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(statuses)
}

async fn list_pods(cluster: &Inner, part: &Part) -> Result<Vec<Pod>, ClusterError> {
    let (Some(namespace), Some(selector)) = (&part.id.namespace, trouble::selector(&part.object))
    else {
        return Ok(Vec::new());
    };
    let api: Api<Pod> = Api::namespaced(cluster.asking.client.clone(), namespace.as_str());
    let params = ListParams::default().labels(&selector).limit(PODS);
    let listed = cluster.asking.once(api.list(&params)).await;
    listed.map(|list| list.items).map_err(|failure| {
        let doing = format!("listing the pods of {}", part.id.for_people());
        cluster.asking.error(&doing, failure)
    })
}

fn workload(part: &Part, pods: &[PodStatus]) -> Option<DeploymentStatus> {
    let count = |pointer: &str| {
        let number = part.object.pointer(pointer).and_then(Value::as_u64);
        number.and_then(|number| u32::try_from(number).ok())
    };
    let status = |field: &str| count(&format!("/status/{field}")).unwrap_or(0);
    let (replicas, updated, ready, available) = match part.id.kind.as_str() {
        "Deployment" | "StatefulSet" => (
            count("/spec/replicas").unwrap_or(1),
            status("updatedReplicas"),
            status("readyReplicas"),
            status("availableReplicas"),
        ),
        "DaemonSet" => (
            status("desiredNumberScheduled"),
            status("updatedNumberScheduled"),
            status("numberReady"),
            status("numberAvailable"),
        ),
        _ => return None,
    };
    Some(DeploymentStatus {
        namespace: part.id.namespace.clone()?,
        name: part.id.name.clone(),
        replicas,
        updated,
        ready,
        available,
        deadline_exceeded: part.judgement.state == State::Failed,
        health: health_of(part.judgement.state),
        reason: (part.judgement.state != State::Current).then(|| reason(part, pods)),
    })
}

fn reason(part: &Part, pods: &[PodStatus]) -> String {
    let message = &part.judgement.message;
    let troubled = pods
        .iter()
        .filter(|pod| pod.deployment == part.id.name && !pod.ready)
        .find_map(|pod| Some((pod, pod.reason.as_ref()?)));
    match troubled {
        Some((pod, reason)) => format!("{message}; pod {}: {reason}", pod.name),
        None => message.clone(),
    }
}

/// The health of the whole is that of its worst part.
fn whole(parts: &[Part], missing: &[ObjectId], pods: &[PodStatus]) -> (Health, Option<String>) {
    let worst = |state: State| {
        let part = parts.iter().find(|part| part.judgement.state == state)?;
        let reason = format!("{}: {}", part.id.for_people(), reason(part, pods));
        Some((health_of(state), Some(reason)))
    };
    let gone = || {
        let id = missing.first()?;
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

async fn service(cluster: &Inner, part: &Part) -> Option<ServiceStatus> {
    let text = |pointer: &str| part.object.pointer(pointer).and_then(Value::as_str);
    let list = |pointer: &str| {
        let list = part.object.pointer(pointer).and_then(Value::as_array);
        list.cloned().unwrap_or_default()
    };
    let ingress = list("/status/loadBalancer/ingress");
    let external = ingress.iter().filter_map(|ingress| {
        let hostname = ingress.get("hostname").and_then(Value::as_str);
        hostname.or(ingress.get("ip").and_then(Value::as_str))
    });
    Some(ServiceStatus {
        namespace: part.id.namespace.clone()?,
        name: part.id.name.clone(),
        cluster_ip: text("/spec/clusterIP").and_then(|ip| ip.parse().ok()),
        ports: list("/spec/ports").iter().filter_map(port).collect(),
        endpoints: endpoints(cluster, part).await,
        external: external.map(str::to_owned).collect(),
    })
}

fn port(port: &Value) -> Option<ServicePortStatus> {
    Some(ServicePortStatus {
        name: port.get("name").and_then(Value::as_str).map(str::to_owned),
        port: u16::try_from(port.get("port")?.as_u64()?).ok()?,
        // Not on this machine.
        host_port: None,
    })
}

/// The ready addresses behind a Service. They are told for people only: who may not list them sees none.
async fn endpoints(cluster: &Inner, part: &Part) -> Vec<IpAddr> {
    let Some(namespace) = &part.id.namespace else {
        return Vec::new();
    };
    let client = cluster.asking.client.clone();
    let api: Api<EndpointSlice> = Api::namespaced(client, namespace.as_str());
    let selector = format!("kubernetes.io/service-name={}", part.id.name);
    let params = ListParams::default().labels(&selector).limit(100);
    let slices = match cluster.asking.once(api.list(&params)).await {
        Ok(slices) => slices.items,
        Err(failure) => {
            if !matches!(failure, Failure::Forbidden(_)) {
                tracing::debug!(?failure, "endpoint slices cannot be listed");
            }
            return Vec::new();
        }
    };
    let mut ready: Vec<IpAddr> = slices
        .iter()
        .flat_map(|slice| slice.endpoints.as_deref().unwrap_or_default())
        .filter(|endpoint| {
            let conditions = endpoint.conditions.as_ref();
            conditions.and_then(|conditions| conditions.ready) != Some(false)
        })
        .flat_map(|endpoint| &endpoint.addresses)
        .filter_map(|address| address.parse().ok())
        .collect();
    ready.sort();
    ready.dedup();
    ready
}
