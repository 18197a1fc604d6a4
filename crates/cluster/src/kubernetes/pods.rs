use k8s_openapi::api::core::v1::{ContainerState as State, ContainerStatus as Container, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use towpath_model::Timestamp;

use super::trouble;
use crate::status::{ContainerState, ContainerStatus, PodPhase, PodStatus, WorkloadKind};

/// A pod for people; `None` when it lacks what every pod has.
pub(super) fn status(pod: &Pod, workload: WorkloadKind, name: &str) -> Option<PodStatus> {
    let metadata = &pod.metadata;
    let status = pod.status.as_ref();
    let statuses = status.and_then(|status| status.container_statuses.as_deref());
    let containers: Vec<ContainerStatus> = pod
        .spec
        .as_ref()?
        .containers
        .iter()
        .map(|spec| {
            let known = statuses
                .unwrap_or_default()
                .iter()
                .find(|status| status.name == spec.name);
            container(&spec.name, spec.image.as_deref().unwrap_or_default(), known)
        })
        .collect();
    let ready = trouble::is_ready(pod);
    let phase = phase(pod);
    Some(PodStatus {
        namespace: metadata.namespace.as_deref()?.parse().ok()?,
        name: metadata.name.clone()?,
        deployment: name.to_owned(),
        workload,
        ready,
        restarts: containers.iter().map(|container| container.restarts).sum(),
        ip: status
            .and_then(|status| status.pod_ip.as_deref())
            .and_then(|ip| ip.parse().ok()),
        reason: match ready || phase == PodPhase::Succeeded {
            true => None,
            false => trouble::in_words(pod),
        },
        phase,
        created_at: timestamp(metadata.creation_timestamp.as_ref()),
        containers,
    })
}

fn phase(pod: &Pod) -> PodPhase {
    if pod.metadata.deletion_timestamp.is_some() {
        return PodPhase::Terminating;
    }
    let phase = pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    match phase {
        Some("Running") => PodPhase::Running,
        Some("Succeeded") => PodPhase::Succeeded,
        Some("Failed") => PodPhase::Failed,
        Some("Unknown") => PodPhase::Unknown,
        _ => PodPhase::Pending,
    }
}

fn container(name: &str, image: &str, status: Option<&Container>) -> ContainerStatus {
    let state = status.and_then(|status| status.state.as_ref());
    ContainerStatus {
        name: name.to_owned(),
        image: image.to_owned(),
        ready: status.is_some_and(|status| status.ready),
        restarts: status.map_or(0, |status| u32::try_from(status.restart_count).unwrap_or(0)),
        state: state.map_or_else(nothing_yet, of_state),
    }
}

fn of_state(state: &State) -> ContainerState {
    if let Some(running) = &state.running {
        return ContainerState::Running {
            since: timestamp(running.started_at.as_ref()),
        };
    }
    if let Some(ended) = &state.terminated {
        return ContainerState::Terminated {
            how: trouble::how(ended.exit_code, ended.reason.as_deref()),
            at: timestamp(ended.finished_at.as_ref()),
        };
    }
    match &state.waiting {
        Some(waiting) => ContainerState::Waiting {
            reason: waiting.reason.clone().unwrap_or_default(),
        },
        None => nothing_yet(),
    }
}

fn nothing_yet() -> ContainerState {
    ContainerState::Waiting {
        reason: "nothing is known of it yet".to_owned(),
    }
}

fn timestamp(time: Option<&Time>) -> Timestamp {
    Timestamp(time.map_or(0, |time| time.0.as_millisecond()))
}
