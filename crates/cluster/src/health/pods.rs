use serde_json::Value;

use super::Judgement;
use super::fields::Fields;

/// A pod on its own. kstatus takes a pod that has failed to be current, Argo CD does not; Argo CD takes a
/// pod that cannot start to have failed, kstatus only one that crashes again and again.
pub(super) fn pod(object: Fields<'_>) -> Judgement {
    let restarts = object.text("/spec/restartPolicy").unwrap_or("Always") == "Always";
    let lasting = restarts.then(|| waiting(object)).flatten();
    match object.text("/status/phase") {
        Some("Succeeded") => Judgement::current("it has succeeded"),
        Some("Failed") => Judgement::failed(why_failed(object)),
        _ if lasting.is_some() => Judgement::failed(lasting.unwrap_or_default()),
        Some("Running") if object.is_true("Ready") && restarts => Judgement::current("it is ready"),
        // Argo CD: a pod that is not restarted is one that ends.
        Some("Running") if restarts => Judgement::in_progress("it runs and is not ready"),
        Some("Running") => Judgement::in_progress("it has not ended yet"),
        Some("Pending") => Judgement::in_progress(why_pending(object)),
        Some("Unknown") => Judgement::in_progress("its node does not answer"),
        _ => Judgement::in_progress("nothing has happened to it yet"),
    }
}

/// Why a container waits when it waits for a failure to pass (gitops-engine `getCorev1PodHealth`).
fn waiting(object: Fields<'_>) -> Option<String> {
    let statuses = object.list("/status/initContainerStatuses").iter();
    let mut statuses = statuses.chain(object.list("/status/containerStatuses"));
    statuses.find_map(|status| {
        let text = |pointer: &str| status.pointer(pointer).and_then(Value::as_str);
        let reason = text("/state/waiting/reason")?;
        let lasting =
            reason.starts_with("Err") || reason.ends_with("Error") || reason.ends_with("BackOff");
        lasting.then(|| {
            let message = text("/state/waiting/message").unwrap_or_default();
            let name = text("/name").unwrap_or_default();
            format!("container {name}: {reason}: {message}")
                .trim_end_matches([':', ' '])
                .to_owned()
        })
    })
}

fn why_failed(object: Fields<'_>) -> String {
    if let Some(message) = object.text("/status/message") {
        return message.to_owned();
    }
    let statuses = object.list("/status/initContainerStatuses").iter();
    let mut statuses = statuses.chain(object.list("/status/containerStatuses"));
    let found = statuses.find_map(|status| {
        let ended = status.pointer("/state/terminated")?;
        let code = ended.get("exitCode")?.as_i64().filter(|code| *code != 0)?;
        let name = status.get("name")?.as_str()?;
        Some(format!("container {name} ended with exit code {code}"))
    });
    found.unwrap_or_else(|| "it has failed".to_owned())
}

fn why_pending(object: Fields<'_>) -> String {
    match object.condition("PodScheduled") {
        Some(condition) if condition.status == "False" => {
            format!("it cannot be scheduled: {}", condition.message)
        }
        _ => "it is pending".to_owned(),
    }
}
