//! Whether an object is as it was asked to be, from the object alone.
//!
//! The rules are those of Argo CD (gitops-engine `pkg/health`) and Flux (kstatus, cli-utils `pkg/kstatus/status`).
//! Where the two differ, an object is current when both take it to be; a comment says where that is.

mod fields;
mod others;
mod pods;
mod workloads;

use serde_json::Value;

use self::fields::Fields;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As asked, and nothing is to be waited for.
    Current,
    InProgress,
    /// It will not get there without somebody's doing.
    Failed,
}

/// How an object stands, and why in a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub state: State,
    pub message: String,
}

impl Judgement {
    fn current(message: impl Into<String>) -> Self {
        Self::new(State::Current, message)
    }

    fn in_progress(message: impl Into<String>) -> Self {
        Self::new(State::InProgress, message)
    }

    fn failed(message: impl Into<String>) -> Self {
        Self::new(State::Failed, message)
    }

    fn new(state: State, message: impl Into<String>) -> Self {
        Self {
            state,
            message: message.into(),
        }
    }
}

/// Judges an object as the API server gives it.
pub fn judge(object: &Value) -> Judgement {
    let object = Fields(object);
    generic(object).unwrap_or_else(|| by_kind(object))
}

/// Whether objects of this kind can be anything but current: the others need no watching.
pub fn is_waited_for(group: &str, kind: &str) -> bool {
    let known = matches!(
        (group, kind),
        ("apps", _)
            | ("batch", "Job")
            | ("", "Pod" | "Service" | "PersistentVolumeClaim")
            | ("networking.k8s.io", "Ingress")
            | ("autoscaling", _)
            | ("apiextensions.k8s.io", _)
            | ("apiregistration.k8s.io", _)
    );
    known || !is_of_kubernetes(group)
}

/// What is the same for all kinds (kstatus `checkGenericProperties`).
fn generic(object: Fields<'_>) -> Option<Judgement> {
    if object.text("/metadata/deletionTimestamp").is_some() {
        return Some(Judgement::in_progress("it is being deleted"));
    }
    let generation = object.number("/metadata/generation");
    let observed = object.number("/status/observedGeneration");
    if let (Some(generation), Some(observed)) = (generation, observed)
        && generation != observed
    {
        return Some(Judgement::in_progress(
            "its controller has not seen the newest version yet",
        ));
    }
    let said = |kind: &str| {
        let condition = object.condition(kind)?;
        (condition.status == "True").then(|| condition.message.to_owned())
    };
    if let Some(message) = said("Reconciling") {
        return Some(Judgement::in_progress(message));
    }
    said("Stalled").map(Judgement::failed)
}

fn by_kind(object: Fields<'_>) -> Judgement {
    match (object.group(), object.kind()) {
        ("apps", "Deployment") => workloads::deployment(object),
        ("apps", "StatefulSet") => workloads::stateful_set(object),
        ("apps", "DaemonSet") => workloads::daemon_set(object),
        ("apps", "ReplicaSet") => workloads::replica_set(object),
        ("batch", "Job") => workloads::job(object),
        ("", "Pod") => pods::pod(object),
        ("", "Service") => others::service(object),
        ("", "PersistentVolumeClaim") => others::claim(object),
        ("", "Namespace") => others::namespace(object),
        ("networking.k8s.io", "Ingress") => others::ingress(object),
        ("autoscaling", "HorizontalPodAutoscaler") => others::autoscaler(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => others::definition(object),
        ("apiregistration.k8s.io", "APIService") => others::api_service(object),
        (group, _) if is_of_kubernetes(group) => Judgement::current("it is there"),
        _ => others::custom(object),
    }
}

/// The groups of Kubernetes itself: of kinds that are not named above nothing is to be waited for.
fn is_of_kubernetes(group: &str) -> bool {
    group.is_empty()
        || group.ends_with(".k8s.io")
        || matches!(
            group,
            "apps" | "batch" | "policy" | "autoscaling" | "extensions"
        )
}

#[cfg(test)]
mod tests;
