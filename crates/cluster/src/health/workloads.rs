use super::Judgement;
use super::fields::Fields;

/// kstatus `deploymentConditions`; Argo CD has the same rules without the count of replicas.
pub(super) fn deployment(object: Fields<'_>) -> Judgement {
    let progressing = object.condition("Progressing");
    let exceeded = progressing
        .as_ref()
        .is_some_and(|condition| condition.reason == "ProgressDeadlineExceeded");
    if exceeded {
        return Judgement::failed(
            "it made no progress until its progressDeadlineSeconds were over",
        );
    }
    if object.at("/spec/paused") == Some(&true.into()) {
        // Argo CD: Suspended. Nothing moves until somebody resumes it.
        return Judgement::current("it is paused");
    }
    if object.at("/status/observedGeneration").is_none() {
        return Judgement::in_progress("its controller has not seen it yet");
    }
    let wanted = object.number("/spec/replicas").unwrap_or(1);
    let has = |field: &str| object.count(&format!("/status/{field}"));
    let (all, updated) = (has("replicas"), has("updatedReplicas"));
    if wanted > updated {
        return Judgement::in_progress(format!("{updated}/{wanted} updated"));
    }
    if all > wanted {
        return Judgement::in_progress(format!("{} old to end", all - wanted));
    }
    let (available, ready) = (has("availableReplicas"), has("readyReplicas"));
    if wanted > available.min(ready) {
        return Judgement::in_progress(format!("{}/{wanted} ready", available.min(ready)));
    }
    // Without a deadline the controller keeps no such condition.
    let deadline = object.number("/spec/progressDeadlineSeconds");
    let settled = deadline.is_none_or(|seconds| seconds == i64::from(i32::MAX))
        || progressing.is_some_and(|condition| {
            condition.status == "True" && condition.reason == "NewReplicaSetAvailable"
        });
    if !settled || !object.is_true("Available") {
        return Judgement::in_progress("its pods have not been ready for long enough");
    }
    Judgement::current(format!("{ready}/{wanted} ready"))
}

/// kstatus `stsConditions`; Argo CD asks for `observedGeneration`, too.
pub(super) fn stateful_set(object: Fields<'_>) -> Judgement {
    if object.count("/status/observedGeneration") == 0 {
        return Judgement::in_progress("its controller has not seen it yet");
    }
    let wanted = object.number("/spec/replicas").unwrap_or(1);
    let has = |field: &str| object.count(&format!("/status/{field}"));
    let (all, ready, updated) = (
        has("replicas"),
        has("readyReplicas"),
        has("updatedReplicas"),
    );
    // kstatus takes it to be current at once; Argo CD waits for its pods.
    let on_delete = object.text("/spec/updateStrategy/type") == Some("OnDelete");
    if wanted > ready {
        return Judgement::in_progress(format!("{ready}/{wanted} ready"));
    }
    if all > wanted {
        return Judgement::in_progress(format!("{} old to end", all - wanted));
    }
    if on_delete {
        return Judgement::current(format!("{ready}/{wanted} ready"));
    }
    let partition = object.count("/spec/updateStrategy/rollingUpdate/partition");
    if updated < wanted - partition {
        return Judgement::in_progress(format!("{updated}/{} updated", wanted - partition));
    }
    let revision = |field: &str| object.text(&format!("/status/{field}"));
    if partition == 0 && revision("currentRevision") != revision("updateRevision") {
        return Judgement::in_progress("the last pods of the old revision are replaced");
    }
    Judgement::current(format!("{ready}/{wanted} ready"))
}

/// kstatus `daemonsetConditions`.
pub(super) fn daemon_set(object: Fields<'_>) -> Judgement {
    if object.at("/status/observedGeneration").is_none() {
        return Judgement::in_progress("its controller has not seen it yet");
    }
    let has = |field: &str| object.count(&format!("/status/{field}"));
    let wanted = has("desiredNumberScheduled");
    let ready = has("numberAvailable").min(has("numberReady"));
    // Argo CD does not wait for pods that only their deletion updates.
    let on_delete = object.text("/spec/updateStrategy/type") == Some("OnDelete");
    let updated = has("updatedNumberScheduled");
    if wanted > updated && !on_delete {
        return Judgement::in_progress(format!("{updated}/{wanted} updated"));
    }
    if wanted > has("currentNumberScheduled").min(ready) {
        return Judgement::in_progress(format!("{ready}/{wanted} ready"));
    }
    Judgement::current(format!("{ready}/{wanted} ready"))
}

/// kstatus `replicasetConditions`. To Argo CD `ReplicaFailure` is a failure; to kstatus it may pass, as the
/// quota behind it may.
pub(super) fn replica_set(object: Fields<'_>) -> Judgement {
    if let Some(failure) = object
        .condition("ReplicaFailure")
        .filter(|c| c.status == "True")
    {
        return Judgement::in_progress(failure.message);
    }
    let wanted = object.number("/spec/replicas").unwrap_or(1);
    let has = |field: &str| object.count(&format!("/status/{field}"));
    let ready = has("availableReplicas").min(has("readyReplicas"));
    if wanted > ready {
        return Judgement::in_progress(format!("{ready}/{wanted} ready"));
    }
    if has("replicas") > wanted {
        return Judgement::in_progress(format!("{} to end", has("replicas") - wanted));
    }
    Judgement::current(format!("{ready}/{wanted} ready"))
}

/// To kstatus a Job is current as soon as it runs; Argo CD, and Flux with its own reader of Jobs, wait for
/// its end.
pub(super) fn job(object: Fields<'_>) -> Judgement {
    let is = |kind: &str| object.condition(kind).filter(|c| c.status == "True");
    if let Some(failed) = is("Failed") {
        return Judgement::failed(match failed.message {
            "" => "it has failed",
            message => message,
        });
    }
    if is("Complete").is_some() {
        return Judgement::current("it is complete");
    }
    if is("Suspended").is_some() {
        return Judgement::current("it is suspended");
    }
    if object.text("/status/startTime").is_none() {
        return Judgement::in_progress("it has not started");
    }
    let wanted = object
        .number("/spec/completions")
        .or(object.number("/spec/parallelism"))
        .unwrap_or(1);
    Judgement::in_progress(format!(
        "{}/{wanted} succeeded",
        object.count("/status/succeeded")
    ))
}
