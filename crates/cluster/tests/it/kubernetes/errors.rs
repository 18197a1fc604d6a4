use serde_json::json;
use towpath_cluster::{Cluster, ClusterError, Waited};

use super::world::World;

#[track_caller]
fn assert_all(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

const SETTINGS: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n";

fn job(script: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: Job
metadata: {{name: migrate}}
spec:
  template:
    spec: {{restartPolicy: Never, containers: [{{name: a, image: a, command: [{script}]}}]}}
"
    )
}

#[tokio::test]
async fn an_immutable_field_says_what_to_do() {
    let Some(world) = World::start().await else {
        return;
    };
    world.apply(&job("a")).await;
    let refused = world.refused(&job("b")).await;
    assert_all(
        &refused,
        &[
            "app.yaml:5:3: Job",
            "/migrate: `spec.template`: ",
            "field is immutable; a Job runs once and cannot be changed: give it another name",
            &format!("kubectl delete job -n {} migrate", world.namespace),
        ],
    );
    world.finish().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_for_all_objects_at_once_with_their_places() {
    let Some(world) = World::start().await else {
        return;
    };
    let refused = world
        .refused(
            "apiVersion: v1
kind: ConfigMap
metadata: {name: a}
datas: {a: b}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: b, labels: {a: 'not ok'}}
",
        )
        .await;
    assert_all(
        &refused,
        &[
            "app.yaml:1:1: ConfigMap",
            "is the field spelled right",
            "app.yaml:8:",
            "`metadata.labels`",
        ],
    );
    let unknown = world
        .refused("apiVersion: example.com/v1\nkind: Boat\nmetadata: {name: a}\n")
        .await;
    assert_all(
        &unknown,
        &[
            "app.yaml:2:1: cluster test has no kind Boat in example.com/v1",
            "put its CustomResourceDefinition beside the object",
        ],
    );
    world.finish().await;
}

#[tokio::test]
async fn a_right_that_is_missing_is_named() {
    let Some(world) = World::start().await else {
        return;
    };
    world.apply("").await;
    let limited = world.limited().await;
    let objects = world.objects(SETTINGS);
    let error = limited.apply(&world.project(), &objects).await.unwrap_err();
    assert!(matches!(error, ClusterError::Forbidden { .. }) && error.is_users());
    assert_all(
        &error.to_string(),
        &[
            "cluster test does not allow its account to get configmaps in namespace",
            "with a Role and a RoleBinding",
        ],
    );
    let check = limited.check(&world.namespace).await.unwrap();
    assert!(check.version.starts_with("v1."), "{check:?}");
    assert!(check.missing.contains(&"patch deployments.apps".to_owned()));
    assert!(check.missing.contains(&"get pods/log".to_owned()));
    let all = world.cluster.check(&world.namespace).await.unwrap();
    assert_eq!(all.missing, Vec::<String>::new());
    world.finish().await;
}

#[tokio::test]
async fn a_quota_is_told_also_when_only_a_pod_meets_it() {
    let Some(world) = World::start().await else {
        return;
    };
    let quota = |hard: serde_json::Value| {
        json!({"apiVersion": "v1", "kind": "ResourceQuota",
            "metadata": {"name": "small", "namespace": world.namespace.as_str()}, "spec": {"hard": hard}})
    };
    world.apply("").await;
    world
        .other("admin", quota(json!({"pods": "0", "count/services": "0"})))
        .await;
    let deployment = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  progressDeadlineSeconds: 2
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: a}]}}
";
    let applied = world.apply(deployment).await;
    let Waited::Failed { reason } = world.wait(&applied).await else {
        panic!("a pod was made");
    };
    assert_all(
        &reason,
        &[
            "Deployment",
            "/web: ",
            "no pod can be made: ",
            "exceeded quota: small",
            "raise the quota: kubectl describe quota -n",
        ],
    );
    let refused = towpath_testkit::eventually_async("the quota counts", || async {
        let service =
            "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 1}]}\n";
        world
            .try_apply(service)
            .await
            .err()
            .map(|error| error.to_string())
    })
    .await;
    assert_all(
        &refused,
        &[
            "app.yaml:1:1: Service",
            "exceeded quota: small",
            "kubectl describe quota -n",
        ],
    );
    world.finish().await;
}

#[tokio::test]
async fn an_admission_webhook_is_named() {
    let Some(world) = World::start().await else {
        return;
    };
    world.apply("").await;
    let name = format!("{}.example.com", world.namespace);
    let hook = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
    "metadata": {"name": name}, "webhooks": [{
        "name": "no.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "failurePolicy": "Fail", "timeoutSeconds": 1,
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": world.namespace.as_str()}},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}],
    }]});
    world.other("admin", hook).await;
    let refused = towpath_testkit::eventually_async("the webhook is asked", || async {
        let applied = world.try_apply(SETTINGS).await;
        if applied.is_ok() {
            world.apply("").await;
        }
        applied.err().map(|error| error.to_string())
    })
    .await;
    assert_all(
        &refused,
        &[
            "app.yaml:1:1: ConfigMap",
            "failed calling webhook \"no.example.com\"",
            "webhook no.example.com does not answer",
        ],
    );
    world
        .delete(
            "admissionregistration.k8s.io/v1",
            "ValidatingWebhookConfiguration",
            &name,
        )
        .await;
    world.finish().await;
}

#[tokio::test]
async fn an_admission_policy_is_named() {
    let Some(world) = World::start().await else {
        return;
    };
    world.apply("").await;
    let name = format!("{}.example.com", world.namespace);
    let group = "admissionregistration.k8s.io/v1";
    let policy = json!({"apiVersion": group, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name},
        "spec": {"failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"],
                "operations": ["CREATE"], "resources": ["configmaps"]}]},
            "validations": [{"expression": "false", "message": "no settings on Fridays"}]}});
    let binding = json!({"apiVersion": group, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": {"matchLabels":
                {"kubernetes.io/metadata.name": world.namespace.as_str()}}}}});
    world.other("admin", policy).await;
    world.other("admin", binding).await;
    let refused = towpath_testkit::eventually_async("the policy holds", || async {
        let applied = world.try_apply(SETTINGS).await;
        if applied.is_ok() {
            world.apply("").await;
        }
        applied.err().map(|error| error.to_string())
    })
    .await;
    assert_all(
        &refused,
        &[
            "app.yaml:1:1: ConfigMap",
            "no settings on Fridays",
            "the cluster's policy",
        ],
    );
    for kind in [
        "ValidatingAdmissionPolicyBinding",
        "ValidatingAdmissionPolicy",
    ] {
        world.delete(group, kind, &name).await;
    }
    world.finish().await;
}

#[tokio::test]
async fn a_namespace_that_is_being_deleted_says_what_holds_it() {
    let Some(world) = World::start().await else {
        return;
    };
    world.apply("").await;
    let held = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held",
        "namespace": world.namespace.as_str(), "finalizers": ["example.com/hold"]}});
    world.other("somebody", held).await;
    world
        .delete("v1", "Namespace", world.namespace.as_str())
        .await;
    towpath_testkit::eventually_async("the namespace is held", || async {
        let namespace = world
            .get("v1", "Namespace", world.namespace.as_str())
            .await?;
        let conditions = namespace["status"]["conditions"].as_array()?;
        let mut types = conditions.iter().filter(|found| found["status"] == "True");
        types
            .any(|found| found["type"] == "NamespaceFinalizersRemaining")
            .then_some(())
    })
    .await;
    let refused = world.refused(SETTINGS).await;
    assert_all(
        &refused,
        &[
            &format!("namespace {} is being deleted", world.namespace),
            "example.com/hold",
        ],
    );
    world.unhold("held").await;
    world.finish().await;
}
