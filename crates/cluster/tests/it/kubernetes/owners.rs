use serde_json::{Value, json};
use towpath_cluster::{Cluster, ClusterError};

use super::world::World;

const SETTINGS: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: b}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: more}
";

fn config_map(world: &World, name: &str, labels: Value, annotations: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
        "name": name, "namespace": world.namespace.as_str(),
        "labels": labels, "annotations": annotations,
    }})
}

#[tokio::test]
async fn objects_of_others_are_not_taken() {
    let Some(world) = World::start().await else {
        return;
    };
    world.apply("").await;
    let argo = json!({"argocd.argoproj.io/tracking-id": "shop:/ConfigMap:a/settings"});
    let theirs = config_map(&world, "settings", json!({}), argo);
    world.other("argocd-controller", theirs).await;
    let refused = world.refused(SETTINGS).await;
    assert!(
        refused.contains("settings belongs to Argo CD (application shop)"),
        "{refused}"
    );
    assert_eq!(world.get("v1", "ConfigMap", "more").await, None);
    world.finish().await;
}

#[tokio::test]
async fn two_installations_do_not_take_from_each_other() {
    let Some(world) = World::start().await else {
        return;
    };
    world.apply(SETTINGS).await;
    let (_data, other) = world.another_installation().await;
    let objects = world.objects(SETTINGS);
    let taken = other.apply(&world.project(), &objects).await;
    let error = taken.unwrap_err();
    assert!(matches!(error, ClusterError::Owned { .. }), "{error}");
    assert!(error.to_string().contains("of another Towpath"), "{error}");
    // Nor does the other one prune what it wanted and did not get.
    other.delete(&world.project()).await.unwrap();
    assert!(world.get("v1", "ConfigMap", "settings").await.is_some());
    world.finish().await;
}

#[tokio::test]
async fn only_what_still_is_ours_is_pruned() {
    let Some(world) = World::start().await else {
        return;
    };
    let kept = "
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kept, annotations: {argocd.argoproj.io/sync-options: Prune=false}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: anew}
";
    world.apply(&format!("{SETTINGS}{kept}")).await;
    // Flux takes one over, somebody makes another anew with all its labels.
    let flux = json!({"kustomize.toolkit.fluxcd.io/name": "apps",
        "towpath.dev/project": null, "towpath.dev/installation": null});
    world.relabel("settings", flux).await;
    let anew = world.get("v1", "ConfigMap", "anew").await.unwrap();
    world.delete("v1", "ConfigMap", "anew").await;
    let labels = anew["metadata"]["labels"].clone();
    let copy = config_map(&world, "anew", labels, json!({}));
    world.other("backup", copy).await;

    let applied = world.apply("").await;
    let pruned: Vec<&str> = applied.pruned.iter().map(|id| id.name.as_str()).collect();
    assert_eq!(pruned, ["more"]);
    let left = applied.report.ignored.join("\n");
    for part in [
        "settings stays: it belongs to Flux (Kustomization apps)",
        "kept stays: an annotation asks not to prune it",
        "anew stays: somebody has made it anew",
    ] {
        assert!(left.contains(part), "{part:?} is not in {left:?}");
    }
    for name in ["settings", "kept", "anew"] {
        assert!(world.get("v1", "ConfigMap", name).await.is_some(), "{name}");
    }
    assert!(world.apply("").await.report.ignored.is_empty());
    world.finish().await;
}
