//! What holds for every cluster: `local` and `kubernetes` pass the same suite.

use std::time::Duration;

use towpath_cluster::{
    Applied, Cluster, ClusterError, Health, Object, ObjectId, PodPhase, Waited, WorkloadKind,
    manifest,
};
use towpath_model::{Namespace, ProjectName};
use towpath_testkit::eventually_async;

use crate::kubernetes::World as Kubernetes;
use crate::pods::World as Local;

const DEADLINE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn local() {
    let Some(world) = Local::start().await else {
        return;
    };
    suite(&world.cluster, "hello").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kubernetes() {
    let Some(world) = Kubernetes::start().await else {
        return;
    };
    suite(&world.cluster, world.namespace.as_str()).await;
    world.finish().await;
}

async fn suite(cluster: &impl Cluster, name: &str) {
    let world = World {
        cluster,
        project: name.parse().unwrap(),
        namespace: name.parse().unwrap(),
    };
    world.nothing_is_there_at_first().await;
    world.an_apply_becomes_healthy().await;
    world.the_same_again_changes_nothing().await;
    world.logs_have_offsets().await;
    world.an_object_of_another_project_is_not_taken().await;
    world.what_is_gone_from_the_manifests_is_pruned().await;
    world.a_newer_apply_takes_over().await;
    world.a_failure_names_pod_and_container().await;
    world.deleting_leaves_nothing().await;
}

struct World<'a, C> {
    cluster: &'a C,
    project: ProjectName,
    namespace: Namespace,
}

/// Runs as well where pods are played: the annotation makes their commands real.
fn web(replicas: u32, script: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
  # What crashes at once is not ready for so long.
  minReadySeconds: 1
  progressDeadlineSeconds: 10
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}, annotations: {{kube.test/behaviour: process}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: base.test/busybox
        command: [sh, -c, {}]
---
",
        serde_json::Value::from(script)
    )
}

const SERVES: &str = "echo one; echo two; trap 'exit 0' TERM; while :; do sleep 0.1; done";

const REST: &str = "apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: b}
";

fn kinds(ids: &[ObjectId]) -> Vec<&str> {
    ids.iter().map(|id| id.kind.as_str()).collect()
}

impl<C: Cluster> World<'_, C> {
    fn objects(&self, manifests: &str) -> Vec<Object> {
        let objects = manifest::parse("app.yaml", manifests).unwrap();
        manifest::place(objects, &self.namespace).unwrap()
    }

    async fn apply(&self, manifests: &str) -> Applied {
        self.cluster
            .apply(&self.project, &self.objects(manifests))
            .await
            .unwrap()
    }

    async fn wait(&self, applied: &Applied) -> (Waited, Vec<String>) {
        let mut lines = Vec::new();
        let waited = self
            .cluster
            .wait_ready(applied, DEADLINE, &mut |line| lines.push(line.to_owned()))
            .await
            .unwrap();
        (waited, lines)
    }

    async fn nothing_is_there_at_first(&self) {
        let status = self.cluster.status(&self.project).await.unwrap();
        assert_eq!((status.release, status.health), (0, Health::Missing));
    }

    async fn an_apply_becomes_healthy(&self) {
        let applied = self.apply(&(web(2, SERVES) + REST)).await;
        assert_eq!((applied.release, applied.pruned.len()), (1, 0));
        assert_eq!(
            kinds(&applied.changed),
            ["Namespace", "ConfigMap", "Service", "Deployment"]
        );
        let (waited, lines) = self.wait(&applied).await;
        assert_eq!(waited, Waited::Ready);
        assert_eq!(lines.last().unwrap(), "web: 2/2 ready", "{lines:?}");
        let status = self.cluster.status(&self.project).await.unwrap();
        assert_eq!(
            (status.release, status.health, status.reason),
            (1, Health::Healthy, None)
        );
        assert_eq!(status.deployments[0].ready, 2);
        assert_eq!(status.deployments[0].kind, WorkloadKind::Deployment);
        assert_eq!(status.pods.len(), 2);
        for pod in &status.pods {
            assert!(pod.ready && pod.ip.is_some() && pod.deployment == "web");
            assert_eq!(pod.phase, PodPhase::Running);
            assert_eq!(pod.containers[0].image, "base.test/busybox");
        }
        let service = &status.services[0];
        assert!(service.cluster_ip.is_some());
        assert_eq!(service.ports[0].port, 80);
        let glance = self.cluster.glance(&self.project).await.unwrap();
        assert_eq!((glance.release, glance.health), (1, Health::Healthy));
        assert_eq!(glance.deployments, status.deployments);
        assert_eq!(glance.services[0].ports, service.ports);
    }

    async fn the_same_again_changes_nothing(&self) {
        let applied = self.apply(&(web(2, SERVES) + REST)).await;
        assert_eq!(applied.release, 2);
        assert_eq!((applied.changed, applied.pruned), (vec![], vec![]));
    }

    async fn logs_have_offsets(&self) {
        let status = self.cluster.status(&self.project).await.unwrap();
        let pod = status.pods[0].name.as_str();
        let read = |offset, limit| {
            self.cluster
                .logs(&self.namespace, pod, "web", offset, limit)
        };
        let all = eventually_async("two lines in the log", || async {
            let chunk = read(0, 100).await.unwrap();
            (chunk.content.len() >= 8).then_some(chunk)
        })
        .await;
        assert_eq!((all.offset, all.next), (0, 8));
        assert_eq!(all.content, b"one\ntwo\n");
        assert_eq!(read(4, 3).await.unwrap().content, b"two");
        assert_eq!(read(8, 100).await.unwrap().content, b"");
        let grew = self.cluster.log_grew(&self.namespace, pod, "web", 4).await;
        assert!(grew.unwrap());
        for (pod, container) in [(pod, "other"), ("nobody", "web")] {
            let missing = self
                .cluster
                .logs(&self.namespace, pod, container, 0, 10)
                .await;
            assert!(
                matches!(missing, Err(ClusterError::NotFound(_))),
                "{missing:?}"
            );
        }
    }

    async fn an_object_of_another_project_is_not_taken(&self) {
        let other = "another".parse().unwrap();
        let taken = self.cluster.apply(&other, &self.objects(REST)).await;
        let error = taken.unwrap_err();
        assert!(error.is_users());
        let owner = format!("belongs to project {}", self.project);
        assert!(error.to_string().contains(&owner), "{error}");
    }

    async fn what_is_gone_from_the_manifests_is_pruned(&self) {
        let applied = self.apply(&web(1, SERVES)).await;
        assert_eq!(kinds(&applied.pruned), ["Service", "ConfigMap"]);
        assert_eq!(self.wait(&applied).await.0, Waited::Ready);
        eventually_async("one pod is left, and no Service", || async {
            let status = self.cluster.status(&self.project).await.unwrap();
            (status.pods.len() == 1 && status.services.is_empty()).then_some(())
        })
        .await;
    }

    async fn a_newer_apply_takes_over(&self) {
        let serving = web(1, SERVES);
        // Not ready before the newer one is there, however slow the machine.
        let slow = web(1, &format!("{SERVES} # slowly"));
        let slow = slow.replace("minReadySeconds: 1", "minReadySeconds: 9");
        let slow = self.apply(&slow).await;
        let ((waited, _), newer) = tokio::join!(self.wait(&slow), self.apply(&serving));
        assert_eq!(waited, Waited::Superseded);
        assert_eq!(self.wait(&newer).await.0, Waited::Ready);
    }

    async fn a_failure_names_pod_and_container(&self) {
        let applied = self.apply(&web(1, "echo no database; exit 3")).await;
        let (waited, _) = self.wait(&applied).await;
        let Waited::Failed { reason } = waited else {
            panic!("{waited:?}");
        };
        for part in [
            "web",
            "pod web-",
            "container web",
            "exit code 3",
            "no database",
        ] {
            assert!(reason.contains(part), "{part:?} is not in {reason:?}");
        }
        let status = self.cluster.status(&self.project).await.unwrap();
        assert_eq!(status.health, Health::Degraded);
    }

    async fn deleting_leaves_nothing(&self) {
        let pruned = self.cluster.delete(&self.project).await.unwrap();
        assert_eq!(kinds(&pruned), ["Deployment"]);
        eventually_async("no pods are left", || async {
            let status = self.cluster.status(&self.project).await.unwrap();
            (status.pods.is_empty() && status.deployments.is_empty()).then_some(())
        })
        .await;
    }
}
