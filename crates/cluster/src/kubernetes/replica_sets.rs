//! The pods that a Deployment brings in, apart from those that it is to replace.

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Api;
use kube::api::ListParams;

use super::asking::Asking;

const REVISION: &str = "deployment.kubernetes.io/revision";

/// The Deployment's ReplicaSet of the highest revision, which has its newest template.
pub(super) async fn newest(
    asking: &Asking,
    namespace: &str,
    selector: &str,
    deployment: &str,
) -> Option<ReplicaSet> {
    let api: Api<ReplicaSet> = Api::namespaced(asking.client.clone(), namespace);
    let params = ListParams::default().labels(selector).limit(100);
    let sets = asking.once(api.list(&params)).await.ok()?;
    of_highest_revision(sets.items, deployment)
}

fn of_highest_revision(sets: Vec<ReplicaSet>, deployment: &str) -> Option<ReplicaSet> {
    let own = sets
        .into_iter()
        .filter(|set| is_owned(&set.metadata.owner_references, deployment));
    own.max_by_key(revision)
}

fn revision(set: &ReplicaSet) -> u64 {
    let annotations = set.metadata.annotations.as_ref();
    let revision = annotations.and_then(|annotations| annotations.get(REVISION)?.parse().ok());
    revision.unwrap_or(0)
}

/// Whether it has made the pod.
pub(super) fn has_made(set: &ReplicaSet, pod: &Pod) -> bool {
    let uid = set.metadata.uid.as_deref().unwrap_or_default();
    is_owned(&pod.metadata.owner_references, uid)
}

fn is_owned(owners: &Option<Vec<OwnerReference>>, uid: &str) -> bool {
    owners.iter().flatten().any(|owner| owner.uid == uid)
}

/// Why it can make no pod: a quota, an admission webhook, a service account that is not there.
pub(super) fn refused(set: &ReplicaSet) -> Option<&str> {
    let conditions = set.status.as_ref()?.conditions.as_ref()?;
    let failure = conditions.iter().find(|condition| {
        condition.type_.as_deref() == Some("ReplicaFailure")
            && condition.status.as_deref() == Some("True")
    })?;
    failure.message.as_deref()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(name: &str, revision: &str, owner: &str) -> ReplicaSet {
        serde_json::from_value(json!({"metadata": {"name": name, "uid": name,
            "annotations": {REVISION: revision},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": owner}]}}))
        .unwrap()
    }

    #[test]
    fn the_highest_revision_counts_and_no_other_deployment_s() {
        let sets = vec![
            set("nine", "9", "mine"),
            set("ten", "10", "mine"),
            set("eleven", "11", "another's"),
        ];
        let newest = of_highest_revision(sets, "mine").unwrap();
        assert_eq!(newest.metadata.name.as_deref(), Some("ten"));
        let pod = |owner: &str| -> Pod {
            serde_json::from_value(json!({"metadata": {"name": "a", "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "x", "uid": owner}]}}))
            .unwrap()
        };
        assert!(has_made(&newest, &pod("ten")));
        assert!(!has_made(&newest, &pod("nine")));
    }
}
