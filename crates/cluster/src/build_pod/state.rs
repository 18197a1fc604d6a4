use serde_json::Value;

/// Why a build's pod will do no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PodEnd {
    /// The user has to act: one sentence that says how.
    Failed(String),
    /// The place is gone; another attempt may have more luck.
    Lost(String),
}

/// Reasons that do not pass by waiting (kubelet, `images.go` and `kuberuntime_container.go`). `ErrImagePull`
/// passes: it becomes `ImagePullBackOff` when it happens again.
const HOPELESS: [&str; 6] = [
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "CreateContainerError",
    "RunContainerError",
    "ImageInspectError",
];

/// What a pod's status says of its end; `None` as long as there is hope.
pub(crate) fn end(pod: &Value) -> Option<PodEnd> {
    let status = &pod["status"];
    if !pod["metadata"]["deletionTimestamp"].is_null() {
        let why = text(status, "message").unwrap_or("somebody deleted it, or its node is drained");
        return Some(PodEnd::Lost(format!("the pod is being deleted: {why}")));
    }
    match text(status, "phase") {
        Some("Failed") => Some(failed(status)),
        Some("Succeeded") => Some(PodEnd::Lost("the worker has ended".to_owned())),
        Some("Unknown") => Some(PodEnd::Lost("its node does not answer".to_owned())),
        _ => waiting(status).or_else(|| disrupted(status)),
    }
}

fn failed(status: &Value) -> PodEnd {
    let message = text(status, "message").unwrap_or_default();
    match text(status, "reason") {
        Some(
            reason @ ("Evicted" | "NodeLost" | "NodeShutdown" | "Terminated" | "Shutdown"
            | "Preempting"),
        ) => PodEnd::Lost(sentence(reason, message)),
        Some("DeadlineExceeded") => PodEnd::Failed("the pod ran longer than it may".to_owned()),
        Some(reason) => PodEnd::Failed(sentence(reason, message)),
        None => disrupted(status).unwrap_or_else(|| terminated(status)),
    }
}

/// A container that ended although it should not have.
fn terminated(status: &Value) -> PodEnd {
    for (container, terminated) in containers(status, "terminated") {
        let code = terminated["exitCode"].as_i64().unwrap_or_default();
        match text(terminated, "reason") {
            Some("OOMKilled") => {
                return PodEnd::Failed(format!(
                    "container {container} was killed: out of memory; give the build a larger compute type"
                ));
            }
            Some(reason) if code != 0 => {
                let message = text(terminated, "message").unwrap_or_default();
                let ended = match (reason, message.trim()) {
                    // What the program said last says more than that it failed.
                    ("Error", said) if !said.is_empty() => said.to_owned(),
                    _ => sentence(reason, message),
                };
                return PodEnd::Failed(format!(
                    "container {container} ended with exit code {code}: {ended}"
                ));
            }
            _ => {}
        }
    }
    PodEnd::Failed("the pod has failed, and does not say why".to_owned())
}

fn waiting(status: &Value) -> Option<PodEnd> {
    let (container, waiting) = containers(status, "waiting")
        .into_iter()
        .find(|(_, waiting)| {
            text(waiting, "reason").is_some_and(|reason| HOPELESS.contains(&reason))
        })?;
    let reason = text(waiting, "reason").unwrap_or_default();
    let message = text(waiting, "message").unwrap_or_default();
    let why = sentence(reason, message);
    Some(PodEnd::Failed(format!(
        "container {container} cannot start: {why}"
    )))
}

/// KEP-3329: who ends a pod from outside says so in a condition.
fn disrupted(status: &Value) -> Option<PodEnd> {
    let target = conditions(status).find(|condition| {
        condition["type"] == "DisruptionTarget" && condition["status"] == "True"
    })?;
    let reason = text(target, "reason").unwrap_or("it was disrupted");
    let message = text(target, "message").unwrap_or_default();
    Some(PodEnd::Lost(sentence(reason, message)))
}

/// Why the pod has no node yet, in the scheduler's words.
pub(crate) fn unschedulable(pod: &Value) -> Option<String> {
    let scheduled = conditions(&pod["status"])
        .find(|condition| condition["type"] == "PodScheduled" && condition["status"] == "False")?;
    text(scheduled, "message").map(str::to_owned)
}

/// What a cluster says of a node that it has not heard of, or that is in trouble.
pub(crate) fn silent_node(node: &Value) -> Option<String> {
    let ready = conditions(&node["status"]).find(|condition| condition["type"] == "Ready")?;
    match ready["status"].as_str() {
        Some("True") => None,
        _ => Some(
            text(ready, "message")
                .unwrap_or("it is not ready")
                .to_owned(),
        ),
    }
}

fn conditions(status: &Value) -> impl Iterator<Item = &Value> {
    status["conditions"].as_array().into_iter().flatten()
}

/// Containers in this state, and what they say of it.
fn containers<'p>(status: &'p Value, state: &str) -> Vec<(&'p str, &'p Value)> {
    ["initContainerStatuses", "containerStatuses"]
        .into_iter()
        .filter_map(|list| status[list].as_array())
        .flatten()
        .filter_map(|container| {
            let state = container["state"].get(state)?;
            Some((text(container, "name").unwrap_or("?"), state))
        })
        .collect()
}

fn sentence(reason: &str, message: &str) -> String {
    match message.trim() {
        "" => reason.to_owned(),
        message => format!("{reason}: {message}"),
    }
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value[key].as_str().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn failed(reason: &str) -> Option<PodEnd> {
        Some(PodEnd::Failed(reason.to_owned()))
    }

    fn lost(reason: &str) -> Option<PodEnd> {
        Some(PodEnd::Lost(reason.to_owned()))
    }

    #[test]
    fn ends() {
        let waiting = |reason: &str| {
            json!({"phase": "Pending", "containerStatuses": [
                {"name": "build", "state": {"waiting": {"reason": reason, "message": "no such image"}}}]})
        };
        let terminated = |reason: &str, code: i32| {
            json!({"phase": "Failed", "containerStatuses": [
                {"name": "build", "state": {"terminated": {"reason": reason, "exitCode": code}}}]})
        };
        let cases = [
            (json!({}), None),
            (json!({"phase": "Pending"}), None),
            (json!({"phase": "Running"}), None),
            (waiting("ContainerCreating"), None),
            (waiting("ErrImagePull"), None),
            (
                waiting("ImagePullBackOff"),
                failed("container build cannot start: ImagePullBackOff: no such image"),
            ),
            (
                json!({"phase": "Failed", "reason": "Evicted", "message": "The node was low on disk"}),
                lost("Evicted: The node was low on disk"),
            ),
            (
                json!({"phase": "Unknown"}),
                lost("its node does not answer"),
            ),
            (json!({"phase": "Succeeded"}), lost("the worker has ended")),
            (
                json!({"phase": "Failed", "reason": "DeadlineExceeded"}),
                failed("the pod ran longer than it may"),
            ),
            (
                terminated("OOMKilled", 137),
                failed(
                    "container build was killed: out of memory; give the build a larger compute type",
                ),
            ),
            (
                terminated("Error", 2),
                failed("container build ended with exit code 2: Error"),
            ),
            (
                json!({"phase": "Failed", "containerStatuses": [{"name": "build", "state": {"terminated":
                    {"reason": "Error", "exitCode": 1, "message": "towpath-worker: no such host\n"}}}]}),
                failed("container build ended with exit code 1: towpath-worker: no such host"),
            ),
            (
                json!({"phase": "Running", "conditions": [
                    {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager",
                     "message": "Taint manager: deleting due to NoExecute taint"}]}),
                lost("DeletionByTaintManager: Taint manager: deleting due to NoExecute taint"),
            ),
        ];
        for (status, expected) in cases {
            assert_eq!(end(&json!({"status": status})), expected, "{status}");
        }
    }

    #[test]
    fn a_node_that_is_not_heard_of() {
        let node = |status: &str, message: &str| {
            json!({"status": {"conditions": [{"type": "MemoryPressure", "status": "False"},
                {"type": "Ready", "status": status, "message": message}]}})
        };
        let silence = "Kubelet stopped posting node status.";
        for (node, expected) in [
            (node("Unknown", silence), Some(silence)),
            (node("False", ""), Some("it is not ready")),
            (node("True", "kubelet is posting ready status"), None),
            (json!({}), None),
        ] {
            assert_eq!(silent_node(&node).as_deref(), expected, "{node}");
        }
    }

    #[test]
    fn a_pod_without_a_node_says_why() {
        let pod = json!({"status": {"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
             "message": "0/3 nodes are available: 3 Insufficient memory."}]}});
        assert_eq!(
            unschedulable(&pod).unwrap(),
            "0/3 nodes are available: 3 Insufficient memory."
        );
        assert_eq!(end(&pod), None);
    }
}
