use towpath_cluster::{Cluster, Health, Waited};

use super::world::World;

fn deployment(behaviour: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  progressDeadlineSeconds: 3
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}, annotations: {{kube.test/behaviour: {behaviour}}}}}
    spec: {{containers: [{{name: web, image: registry.example/web:v9}}]}}
"
    )
}

/// Why what was applied has failed.
async fn reason(world: &World, manifests: &str) -> String {
    let applied = world.apply(manifests).await;
    match world.wait(&applied).await {
        Waited::Failed { reason } => reason,
        waited => panic!("{waited:?}"),
    }
}

async fn failure(manifests: &str, parts: &[&str]) {
    let Some(world) = World::start().await else {
        return;
    };
    let reason = reason(&world, manifests).await;
    for part in parts {
        assert!(reason.contains(part), "{part:?} is not in {reason:?}");
    }
    let status = world.cluster.status(&world.project()).await.unwrap();
    assert_eq!(status.health, Health::Degraded);
    world.finish().await;
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled_is_named() {
    failure(
        &deployment("pull-error"),
        &[
            "/web: ",
            "pod web-",
            "container web: ",
            "PullBackOff",
            "registry.example/web:v9",
        ],
    )
    .await;
}

/// Those that it is to replace may be in trouble as well.
#[tokio::test]
async fn a_rollout_is_told_by_its_own_pods() {
    let Some(world) = World::start().await else {
        return;
    };
    let crashed = reason(&world, &deployment("failing=7")).await;
    assert!(crashed.contains("exit code 7"), "{crashed}");
    assert!(!crashed.contains("rollout restart"), "{crashed}");
    let manifests = deployment("pull-error");
    let not_pulled = reason(&world, &manifests).await;
    assert!(not_pulled.contains("PullBackOff"), "{not_pulled}");
    let again = reason(&world, &manifests).await;
    let restart = format!(
        "that was so before this deployment, which leaves its pods as they are: when the cause is gone, \
         `kubectl rollout restart deployment -n {} web` makes it try again",
        world.namespace
    );
    assert!(
        again.contains("PullBackOff") && again.contains(&restart),
        "{again}"
    );
    world.finish().await;
}

#[tokio::test]
async fn a_crash_is_told_with_its_exit_code() {
    failure(
        &deployment("failing=7"),
        &[
            "pod web-",
            "container web crashes again and again",
            "exit code 7",
        ],
    )
    .await;
}

#[tokio::test]
async fn too_little_memory_is_told() {
    failure(
        &deployment("oom-killed"),
        &["container web", "out of memory"],
    )
    .await;
}

#[tokio::test]
async fn a_pod_that_is_never_ready_is_named() {
    failure(
        &deployment("unready"),
        &["pod web-", "container web is not ready"],
    )
    .await;
}

#[tokio::test]
async fn a_job_is_waited_for_until_its_end() {
    let job = |name: &str, behaviour: &str| {
        format!(
            "apiVersion: batch/v1
kind: Job
metadata: {{name: {name}}}
spec:
  backoffLimit: 0
  template:
    metadata: {{annotations: {{kube.test/behaviour: {behaviour}}}}}
    spec: {{restartPolicy: Never, containers: [{{name: a, image: a}}]}}
---
"
        )
    };
    let Some(world) = World::start().await else {
        return;
    };
    let good = world.apply(&job("good", "exit=0")).await;
    assert_eq!(world.wait(&good).await, Waited::Ready);
    world.finish().await;
    failure(&job("bad", "exit=4"), &["Job", "/bad: ", "exit code 4"]).await;
}

#[tokio::test]
async fn all_kinds_of_workloads_become_healthy() {
    let Some(world) = World::start().await else {
        return;
    };
    let template = "selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, \
                    spec: {containers: [{name: a, image: a}]}}";
    let manifests = format!(
        "apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: a}}
spec: {{serviceName: a, replicas: 2, {template}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: b}}
spec: {{{template}}}
---
apiVersion: v1
kind: Service
metadata: {{name: a}}
spec: {{type: LoadBalancer, selector: {{app: a}}, ports: [{{port: 80}}]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: a}}
spec: {{defaultBackend: {{service: {{name: a, port: {{number: 80}}}}}}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: a, annotations: {{kube.test/bound: 'true'}}}}
spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Mi}}}}}}
"
    );
    let applied = world.apply(&manifests).await;
    assert_eq!(world.wait(&applied).await, Waited::Ready);
    let status = world.cluster.status(&world.project()).await.unwrap();
    assert_eq!(status.health, Health::Healthy, "{:?}", status.reason);
    assert_eq!(status.services[0].external.len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_definition_and_its_objects_go_in_one_apply() {
    let Some(world) = World::start().await else {
        return;
    };
    let group = format!("{}.example.com", world.namespace);
    let manifests = format!(
        "apiVersion: {group}/v1
kind: Boat
metadata: {{name: ours}}
spec: {{length: 12}}
---
apiVersion: {group}/v1
kind: Fleet
metadata: {{name: ours}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: boats.{group}}}
spec:
  group: {group}
  scope: Namespaced
  names: {{kind: Boat, plural: boats}}
  versions: [{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {{type: object,
    properties: {{spec: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}}}}}}}]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: fleets.{group}}}
spec:
  group: {group}
  scope: Cluster
  names: {{kind: Fleet, plural: fleets}}
  versions: [{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {{type: object}}}}}}]
"
    );
    let applied = world.apply(&manifests).await;
    assert_eq!(world.wait(&applied).await, Waited::Ready);
    assert_eq!(world.apply(&manifests).await.changed, []);
    let pruned = world.cluster.delete(&world.project()).await.unwrap();
    let kinds: Vec<&str> = pruned.iter().map(|id| id.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "Fleet",
            "Boat",
            "CustomResourceDefinition",
            "CustomResourceDefinition"
        ]
    );
    world.finish().await;
}
