use k8s_openapi::api::core::v1::Namespace;
use kube::Api;

use super::asking::Asking;
use super::failure::Failure;

/// Whether there is such a namespace that is not being deleted. One that may not be looked at is taken to be.
pub(super) async fn stays(asking: &Asking, name: &str) -> bool {
    let api: Api<Namespace> = Api::all(asking.client.clone());
    match asking.again(|| api.get_metadata_opt(name)).await {
        Ok(found) => found.is_some_and(|found| found.metadata.deletion_timestamp.is_none()),
        Err(failure) => matches!(failure, Failure::Forbidden(_)),
    }
}

/// Whether a namespace that is being deleted waits for somebody's doing.
pub(super) async fn is_held(asking: &Asking, name: &str) -> bool {
    let api: Api<Namespace> = Api::all(asking.client.clone());
    let found = asking.again(|| api.get(name)).await;
    found.is_ok_and(|namespace| waits_for_finalizers(&namespace))
}

fn waits_for_finalizers(namespace: &Namespace) -> bool {
    let status = namespace.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_ref());
    conditions.into_iter().flatten().any(|condition| {
        condition.type_ == "NamespaceFinalizersRemaining" && condition.status == "True"
    })
}

/// What a namespace that is being deleted waits for, and what to do about it.
pub(super) async fn why_terminating(asking: &Asking, name: &str) -> (String, String) {
    let api: Api<Namespace> = Api::all(asking.client.clone());
    let found = asking.again(|| api.get(name)).await;
    let conditions = match &found {
        Ok(namespace) => conditions(namespace),
        Err(_) => Vec::new(),
    };
    let message = format!("namespace {name} is being deleted, and nothing can be made in it");
    (message, help(name, &conditions))
}

/// The namespace controller's reports of what remains (`NamespaceContentRemaining` and so on).
fn conditions(namespace: &Namespace) -> Vec<String> {
    let status = namespace.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_ref());
    let troubled = conditions
        .into_iter()
        .flatten()
        .filter(|condition| condition.status == "True");
    troubled
        .filter_map(|condition| condition.message.clone())
        .map(|message| message.trim_end_matches('.').to_owned())
        .collect()
}

fn help(name: &str, conditions: &[String]) -> String {
    match conditions {
        [] => "wait until it is gone, and deploy again".to_owned(),
        reports => format!(
            "it waits: {}; remove these, or have whoever set the finalizers finish (kubectl get namespace \
             {name} -o yaml), and deploy again",
            reports.join("; ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_holds_a_namespace_is_told() {
        let namespace: Namespace = serde_json::from_value(json!({
            "metadata": {"name": "a"},
            "status": {"phase": "Terminating", "conditions": [
                {"type": "NamespaceDeletionDiscoveryFailure", "status": "False", "message": "All fine"},
                {"type": "NamespaceFinalizersRemaining", "status": "True",
                 "message": "Some content in the namespace has finalizers remaining: example.com/x in 1 resource instances"},
            ]},
        }))
        .unwrap();
        assert!(waits_for_finalizers(&namespace));
        let told = help("a", &conditions(&namespace));
        assert!(
            told.contains("example.com/x in 1 resource instances"),
            "{told}"
        );
        assert!(!told.contains("All fine"));
        assert!(help("a", &[]).contains("wait until it is gone"));
    }
}
