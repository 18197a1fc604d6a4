//! What keeps pods running, and its pods.

use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;

use super::super::lists::{Items, Wanted};
use super::super::{Inner, kinds, pods, trouble};
use super::parts::Part;
use super::{health_of, reason};
use crate::error::ClusterError;
use crate::health::State;
use crate::status::{DeploymentStatus, PodStatus, WorkloadKind};

/// So many pods of one workload are looked at.
const PODS: usize = 500;

/// A part as a workload; `None` when it has no pods.
pub(super) fn status(part: &Part, pods: &[PodStatus]) -> Option<DeploymentStatus> {
    let kind = kind(part)?;
    let counts = counts(kind, &part.object);
    Some(DeploymentStatus {
        namespace: part.id.namespace.clone()?,
        kind,
        name: part.id.name.clone(),
        replicas: counts.replicas,
        updated: counts.updated,
        ready: counts.ready,
        available: counts.available,
        deadline_exceeded: part.judgement.state == State::Failed,
        health: health_of(part.judgement.state),
        reason: (part.judgement.state != State::Current).then(|| reason(part, pods)),
    })
}

pub(super) fn kind(part: &Part) -> Option<WorkloadKind> {
    WorkloadKind::of(&part.id.group, &part.id.kind)
}

struct Counts {
    replicas: u32,
    updated: u32,
    ready: u32,
    available: u32,
}

fn counts(kind: WorkloadKind, object: &Value) -> Counts {
    let count = |pointer: &str| {
        let number = object.pointer(pointer).and_then(Value::as_u64);
        number.and_then(|number| u32::try_from(number).ok())
    };
    let status = |field: &str| count(&format!("/status/{field}")).unwrap_or(0);
    match kind {
        WorkloadKind::Deployment | WorkloadKind::StatefulSet => Counts {
            replicas: count("/spec/replicas").unwrap_or(1),
            updated: status("updatedReplicas"),
            ready: status("readyReplicas"),
            available: status("availableReplicas"),
        },
        WorkloadKind::ReplicaSet => Counts {
            replicas: count("/spec/replicas").unwrap_or(1),
            updated: status("replicas"),
            ready: status("readyReplicas"),
            available: status("availableReplicas"),
        },
        WorkloadKind::DaemonSet => Counts {
            replicas: status("desiredNumberScheduled"),
            updated: status("updatedNumberScheduled"),
            ready: status("numberReady"),
            available: status("numberAvailable"),
        },
        WorkloadKind::Job => {
            let wanted = count("/spec/completions").or(count("/spec/parallelism"));
            let succeeded = status("succeeded");
            Counts {
                replicas: wanted.unwrap_or(1),
                updated: status("active") + succeeded,
                ready: succeeded,
                available: succeeded,
            }
        }
        WorkloadKind::Pod => {
            let conditions = object.pointer("/status/conditions");
            let mut conditions = conditions.and_then(Value::as_array).into_iter().flatten();
            let ready = conditions.any(|it| it["type"] == "Ready" && it["status"] == "True");
            Counts {
                replicas: 1,
                updated: 1,
                ready: ready.into(),
                available: ready.into(),
            }
        }
    }
}

/// By name; none of what has no pods.
pub(super) async fn pods(cluster: &Inner, part: &Part) -> Result<Vec<PodStatus>, ClusterError> {
    let Some(kind) = kind(part) else {
        return Ok(Vec::new());
    };
    let pods: Vec<Pod> = match kind {
        WorkloadKind::Pod => serde_json::from_value(part.object.clone())
            .into_iter()
            .collect(),
        _ => typed(&list(cluster, part).await?),
    };
    let mut statuses: Vec<PodStatus> = pods
        .iter()
        .filter_map(|pod| pods::status(pod, kind, &part.id.name))
        .collect();
    statuses.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(statuses)
}

fn typed(items: &Items) -> Vec<Pod> {
    let pods = items.iter().map(|item| item.clone().try_parse::<Pod>());
    pods.filter_map(Result::ok).collect()
}

async fn list(cluster: &Inner, part: &Part) -> Result<Items, ClusterError> {
    let (Some(namespace), Some(labels)) = (&part.id.namespace, trouble::selector(&part.object))
    else {
        return Ok(Items::default());
    };
    let wanted = Wanted {
        resource: kinds::known("v1", "Pod", "pods"),
        namespace: Some(namespace.to_string()),
        labels,
        most: PODS,
    };
    let listed = cluster.lists.get(&cluster.asking, wanted).await;
    listed.map_err(|failure| {
        let doing = format!("listing the pods of {}", part.id.for_people());
        cluster.asking.error(&doing, failure)
    })
}
