//! Why a workload does not get there, in one sentence: which pod, which container, what its last event says.

use k8s_openapi::api::core::v1::{ContainerStatus, Event, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::Api;
use kube::api::{ListParams, LogParams};
use serde_json::Value;

use super::asking::Asking;
use super::{refusal, replica_sets};
use crate::object::ObjectId;

/// The worst that is known about the pods of a workload; none when they are well, or cannot be looked at.
pub(super) async fn find(asking: &Asking, id: &ObjectId, object: &Value) -> Option<String> {
    if id.kind == "Pod" {
        let pod: Pod = serde_json::from_value(object.clone()).ok()?;
        return of_pod(asking, &pod).await;
    }
    let namespace = id.namespace.as_ref()?.as_str();
    let uid = object.pointer("/metadata/uid")?.as_str()?;
    if id.kind == "PersistentVolumeClaim" {
        // Its controller does not call it a warning that there is no volume.
        return last_event(asking, namespace, uid, "").await;
    }
    let selector = selector(object)?;
    let newest = match id.kind.as_str() {
        "Deployment" => replica_sets::newest(asking, namespace, &selector, uid).await,
        _ => None,
    };
    let mut pods = pods(asking, namespace, &selector).await?;
    if let Some(newest) = &newest {
        // Those that are being replaced may be in trouble as well: that is not this rollout's.
        pods.retain(|pod| replica_sets::has_made(newest, pod));
    }
    pods.sort_by_key(|pod| {
        let made = pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
        (std::cmp::Reverse(severity(pod)), std::cmp::Reverse(made))
    });
    if let Some(pod) = pods.first().filter(|pod| severity(pod) > 0) {
        return of_pod(asking, pod).await;
    }
    let refused = match &newest {
        Some(set) => replica_sets::refused(set).map(str::to_owned),
        // Other controllers say so in events only.
        None if pods.is_empty() => last_event(asking, namespace, uid, WARNING).await,
        None => None,
    };
    refused.map(|why| no_pod(namespace, &why))
}

fn no_pod(namespace: &str, why: &str) -> String {
    match refusal::what_to_do(namespace, why) {
        Some(help) => format!("no pod can be made: {why}; {help}"),
        None => format!("no pod can be made: {why}"),
    }
}

/// As the API takes it, `app=web,tier in (a,b)`.
pub(super) fn selector(object: &Value) -> Option<String> {
    let selector: LabelSelector =
        serde_json::from_value(object.pointer("/spec/selector")?.clone()).ok()?;
    let mut parts: Vec<String> = selector
        .match_labels
        .unwrap_or_default()
        .into_iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    for expression in selector.match_expressions.unwrap_or_default() {
        let (key, values) = (
            &expression.key,
            expression.values.unwrap_or_default().join(","),
        );
        parts.push(match expression.operator.as_str() {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.clone(),
            _ => format!("!{key}"),
        });
    }
    (!parts.is_empty()).then(|| parts.join(","))
}

async fn pods(asking: &Asking, namespace: &str, selector: &str) -> Option<Vec<Pod>> {
    let api: Api<Pod> = Api::namespaced(asking.client.clone(), namespace);
    let params = ListParams::default().labels(selector).limit(500);
    match asking.once(api.list(&params)).await {
        Ok(pods) => Some(pods.items),
        Err(failure) => {
            tracing::debug!(?failure, namespace, "pods cannot be looked at");
            None
        }
    }
}

/// How bad it is: higher is worse, 0 is well.
fn severity(pod: &Pod) -> u8 {
    if pod.metadata.deletion_timestamp.is_some() {
        return 0;
    }
    let status = pod.status.as_ref();
    let phase = status.and_then(|status| status.phase.as_deref());
    if let Some(container) = containers(pod).find(|container| waits_for_good(container)) {
        return 4 + u8::from(container.restart_count > 0);
    }
    match phase {
        Some("Failed") => 3,
        Some("Unknown") => 3,
        Some("Pending") => 2,
        _ if is_ready(pod) => 0,
        Some("Succeeded") => 0,
        _ => 1,
    }
}

fn containers(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    let status = pod.status.as_ref();
    let init = status.and_then(|status| status.init_container_statuses.as_ref());
    let main = status.and_then(|status| status.container_statuses.as_ref());
    init.into_iter().chain(main).flatten()
}

fn waits_for_good(container: &ContainerStatus) -> bool {
    let state = container.state.as_ref();
    let waiting = state.and_then(|state| state.waiting.as_ref());
    let reason = waiting.and_then(|waiting| waiting.reason.as_deref());
    reason.is_some_and(|reason| {
        reason.starts_with("Err") || reason.ends_with("Error") || reason.ends_with("BackOff")
    })
}

pub(super) fn is_ready(pod: &Pod) -> bool {
    let status = pod.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_ref());
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

async fn of_pod(asking: &Asking, pod: &Pod) -> Option<String> {
    let name = pod.metadata.name.as_deref()?;
    let known = in_status(pod);
    let words = match &known {
        Some(Known {
            crashed: Some(container),
            ..
        }) => last_words(asking, pod, container).await,
        _ => None,
    };
    let event = match &known {
        Some(known) if known.complete => None,
        _ => {
            let namespace = pod.metadata.namespace.as_deref()?;
            last_event(asking, namespace, pod.metadata.uid.as_deref()?, WARNING).await
        }
    };
    let mut sentence = format!("pod {name}");
    let parts = [
        known.map(|known| known.words),
        words.map(|words| format!("its last words: {words}")),
        event,
    ];
    for part in parts.into_iter().flatten() {
        sentence = format!("{sentence}: {part}");
    }
    Some(sentence)
}

/// What a pod's status alone says of its trouble.
pub(super) fn in_words(pod: &Pod) -> Option<String> {
    in_status(pod).map(|known| known.words)
}

#[derive(Debug, PartialEq, Eq)]
struct Known {
    words: String,
    /// The container whose log may say more.
    crashed: Option<String>,
    /// No event says more.
    complete: bool,
}

impl Known {
    /// Nothing more is known anywhere.
    fn all(words: String) -> Self {
        Self {
            words,
            crashed: None,
            complete: true,
        }
    }
}

/// What weighs most comes first.
fn in_status(pod: &Pod) -> Option<Known> {
    let stuck = containers(pod).find(|container| waits_for_good(container));
    stuck
        .map(of_waiting)
        .or_else(|| containers(pod).find_map(of_ended))
        .or_else(|| unscheduled(pod))
        .or_else(|| told(pod))
        .or_else(|| unready(pod))
}

fn of_ended(container: &ContainerStatus) -> Option<Known> {
    let ended = container.state.as_ref()?.terminated.as_ref()?;
    (ended.exit_code != 0).then(|| Known {
        words: format!(
            "container {} ended with {}",
            container.name,
            how(ended.exit_code, ended.reason.as_deref())
        ),
        crashed: Some(container.name.clone()),
        complete: true,
    })
}

fn unscheduled(pod: &Pod) -> Option<Known> {
    let conditions = pod.status.as_ref()?.conditions.as_deref()?;
    let condition = conditions
        .iter()
        .find(|condition| condition.type_ == "PodScheduled" && condition.status == "False")?;
    let why = condition.message.as_deref().unwrap_or("no node fits");
    Some(Known::all(format!("it cannot be scheduled: {why}")))
}

/// The pod's own message, such as that of an eviction.
fn told(pod: &Pod) -> Option<Known> {
    let message = pod.status.as_ref()?.message.as_ref();
    let message = message.filter(|message| !message.is_empty())?;
    Some(Known::all(message.clone()))
}

fn unready(pod: &Pod) -> Option<Known> {
    let container = containers(pod).find(|container| !container.ready)?;
    let waiting = container
        .state
        .as_ref()
        .and_then(|state| state.waiting.as_ref());
    Some(Known {
        words: match waiting.and_then(|waiting| waiting.reason.as_ref()) {
            Some(why) => format!("container {} waits: {why}", container.name),
            None => format!("container {} is not ready", container.name),
        },
        crashed: None,
        complete: false,
    })
}

fn of_waiting(container: &ContainerStatus) -> Known {
    let waiting = container
        .state
        .as_ref()
        .and_then(|state| state.waiting.as_ref());
    let reason = waiting
        .and_then(|waiting| waiting.reason.as_deref())
        .unwrap_or_default();
    let message = waiting
        .and_then(|waiting| waiting.message.as_deref())
        .unwrap_or_default();
    let last = container
        .last_state
        .as_ref()
        .and_then(|state| state.terminated.as_ref());
    let name = &container.name;
    match last.filter(|_| reason == "CrashLoopBackOff") {
        Some(last) => Known {
            words: format!(
                "container {name} crashes again and again (CrashLoopBackOff): {}, {} restarts",
                how(last.exit_code, last.reason.as_deref()),
                container.restart_count
            ),
            crashed: Some(name.clone()),
            complete: true,
        },
        None => Known {
            words: match message {
                "" => format!("container {name}: {reason}"),
                message => format!("container {name}: {reason}: {message}"),
            },
            crashed: None,
            complete: !message.is_empty(),
        },
    }
}

pub(super) fn how(exit_code: i32, reason: Option<&str>) -> String {
    match reason {
        Some("OOMKilled") => "out of memory (OOMKilled)".to_owned(),
        _ => format!("exit code {exit_code}"),
    }
}

/// The last line of the run that ended.
async fn last_words(asking: &Asking, pod: &Pod, container: &str) -> Option<String> {
    let namespace = pod.metadata.namespace.as_deref()?;
    let api: Api<Pod> = Api::namespaced(asking.client.clone(), namespace);
    for previous in [true, false] {
        let params = LogParams {
            container: Some(container.to_owned()),
            previous,
            tail_lines: Some(1),
            limit_bytes: Some(1000),
            ..LogParams::default()
        };
        let log = asking
            .once(api.logs(pod.metadata.name.as_deref()?, &params))
            .await;
        if let Ok(log) = log
            && let Some(line) = log.lines().rev().find(|line| !line.trim().is_empty())
        {
            return Some(line.trim().chars().take(300).collect());
        }
    }
    None
}

const WARNING: &str = ",type=Warning";

/// Of the object with this uid.
async fn last_event(asking: &Asking, namespace: &str, uid: &str, which: &str) -> Option<String> {
    let api: Api<Event> = Api::namespaced(asking.client.clone(), namespace);
    let params = ListParams::default()
        .fields(&format!("involvedObject.uid={uid}{which}"))
        .limit(100);
    let events = asking.once(api.list(&params)).await.ok()?;
    let newest = events
        .items
        .into_iter()
        .max_by_key(|event| event.last_timestamp.as_ref().map(|time| time.0))?;
    Some(format!(
        "{}: {}",
        newest.reason.unwrap_or_default(),
        newest.message.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(status: Value, expected: &str) {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "web-1"}, "status": status,
        }))
        .unwrap();
        assert_eq!(in_status(&pod).unwrap().words, expected);
    }

    fn container(state: Value) -> Value {
        let mut container = json!({"name": "web", "image": "a", "imageID": "", "ready": false,
            "restartCount": 3});
        container
            .as_object_mut()
            .unwrap()
            .extend(state.as_object().unwrap().clone());
        json!({"phase": "Pending", "containerStatuses": [container]})
    }

    #[test]
    fn a_pods_status_tells_its_trouble() {
        check(
            container(json!({"state": {"waiting": {"reason": "ImagePullBackOff",
                "message": "Back-off pulling image \"a\""}}})),
            "container web: ImagePullBackOff: Back-off pulling image \"a\"",
        );
        check(
            container(
                json!({"state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m"}},
                "lastState": {"terminated": {"exitCode": 2}}}),
            ),
            "container web crashes again and again (CrashLoopBackOff): exit code 2, 3 restarts",
        );
        check(
            container(json!({"state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}})),
            "container web crashes again and again (CrashLoopBackOff): out of memory (OOMKilled), 3 restarts",
        );
        check(
            container(json!({"state": {"terminated": {"exitCode": 1}}})),
            "container web ended with exit code 1",
        );
        check(
            container(json!({"state": {"running": {}}})),
            "container web is not ready",
        );
        check(
            json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
                "message": "0/3 nodes are available: 3 Insufficient memory."}]}),
            "it cannot be scheduled: 0/3 nodes are available: 3 Insufficient memory.",
        );
    }

    #[test]
    fn selectors_are_written_as_the_api_takes_them() {
        let object = json!({"spec": {"selector": {"matchLabels": {"app": "web"}, "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["a", "b"]},
            {"key": "x", "operator": "Exists"},
            {"key": "y", "operator": "DoesNotExist"},
        ]}}});
        assert_eq!(selector(&object).unwrap(), "app=web,tier in (a,b),x,!y");
        assert_eq!(selector(&json!({"spec": {}})), None);
    }
}
