use serde_json::json;
use towpath_cluster::Waited;

use super::world::World;

const WEB: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: hello}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: b}
";

fn names(ids: &[towpath_cluster::ObjectId]) -> Vec<String> {
    ids.iter()
        .map(|id| format!("{} {}", id.kind, id.name))
        .collect()
}

#[tokio::test]
async fn what_changed_is_told_and_what_is_gone_is_pruned() {
    let Some(world) = World::start().await else {
        return;
    };
    let first = world.apply(WEB).await;
    assert_eq!(first.release, 1);
    let namespace = format!("Namespace {}", world.namespace);
    assert_eq!(
        names(&first.changed),
        [
            namespace.as_str(),
            "ConfigMap settings",
            "Service web",
            "Deployment web"
        ]
    );
    assert_eq!(world.wait(&first).await, Waited::Ready);

    let same = world.apply(WEB).await;
    assert_eq!(
        (same.release, same.changed, same.pruned),
        (2, vec![], vec![])
    );

    let less = WEB.split("---").next().unwrap();
    let less = world.apply(less).await;
    assert_eq!(names(&less.pruned), ["Service web", "ConfigMap settings"]);
    assert_eq!(world.get("v1", "ConfigMap", "settings").await, None);
    assert_eq!(world.wait(&first).await, Waited::Superseded);
    world.finish().await;
}

#[tokio::test]
async fn a_field_of_another_manager_is_not_taken() {
    let Some(world) = World::start().await else {
        return;
    };
    world.apply(WEB).await;
    world
        .other(
            "kubectl-edit",
            json!({"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "settings", "namespace": world.namespace.as_str()},
                "data": {"a": "theirs"}}),
        )
        .await;
    let refused = world.refused(WEB).await;
    assert!(
        refused.contains("`data.a` is managed by kubectl-edit"),
        "{refused}"
    );
    let live = world.get("v1", "ConfigMap", "settings").await.unwrap();
    assert_eq!(live["data"]["a"], "theirs");
    let taking =
        "metadata: {name: settings, annotations: {kustomize.toolkit.fluxcd.io/ssa: Override}}";
    let taking = WEB.replace("metadata: {name: settings}", taking);
    assert_ne!(taking, WEB);
    world.apply(&taking).await;
    let live = world.get("v1", "ConfigMap", "settings").await.unwrap();
    assert_ne!(live["data"]["a"], "theirs");
    world.finish().await;
}
