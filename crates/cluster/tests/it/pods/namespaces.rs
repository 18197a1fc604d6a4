use towpath_cluster::{Applied, Cluster, manifest};
use towpath_model::ProjectName;

use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn labels_of_a_namespace_follow_the_manifest() {
    let Some(world) = World::start().await else {
        return;
    };
    let changes = |labels: &'static str| {
        let world = &world;
        async move { changed(&apply(world, "hello", "hello", labels).await) }
    };
    assert_eq!(changes("").await, ["_hello__Namespace"]);
    assert_eq!(changes("").await, [""; 0]);
    assert_eq!(changes("labels: {a: b}").await, ["_hello__Namespace"]);
    assert_eq!(changes("labels: {a: b}").await, [""; 0]);
    assert_eq!(changes("annotations: {a: b}").await, ["_hello__Namespace"]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_namespace_is_what_the_first_who_says_something_says() {
    let Some(world) = World::start().await else {
        return;
    };
    // Made for another project, which says nothing about it.
    apply(&world, "first", "shared", "").await;
    let second = apply(&world, "second", "shared", "labels: {a: b}").await;
    assert_eq!(changed(&second), ["_shared__Namespace"]);
    let first = apply(&world, "first", "shared", "").await;
    assert_eq!((changed(&first).len(), first.report.ignored.len()), (0, 0));
    let first = apply(&world, "first", "shared", "labels: {c: d}").await;
    assert_eq!(changed(&first), [""; 0]);
    assert_eq!(
        first.report.ignored,
        [
            "k8s/app.yaml:1:1: Namespace shared stays as project second has it; change it there, or remove it here"
        ]
    );
    world.end().await;
}

/// Applies a Namespace with this metadata, or none when there is none.
async fn apply(world: &World, project: &str, namespace: &str, metadata: &str) -> Applied {
    let project: ProjectName = project.parse().unwrap();
    let manifests = match metadata {
        "" => String::new(),
        metadata => format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}, {metadata}}}\n"
        ),
    };
    let objects = manifest::parse("k8s/app.yaml", &manifests).unwrap();
    let placed = manifest::place(objects, &namespace.parse().unwrap()).unwrap();
    world.cluster.apply(&project, &placed).await.unwrap()
}

fn changed(applied: &Applied) -> Vec<String> {
    applied.changed.iter().map(ToString::to_string).collect()
}
