//! Projects that are deployed to a real Kubernetes API server, whose nodes are played.

use std::process::{Command, Output};

use reqwest::Method;
use serde_json::{Value, json};
use towpath_testkit::{Kube, KubeNamespace, TowpathServer, WorkTree, eventually_async, kube};

use crate::program::{Running, assert_status, program};

pub(crate) const PROJECT: &str = "hello";
pub(crate) const CLUSTER: &str = "test";

/// A server with a project that is deployed to a namespace of the test's own.
pub(crate) struct Scene {
    pub(crate) running: Running,
    pub(crate) kube: Kube,
    pub(crate) namespace: KubeNamespace,
    pub(crate) tree: WorkTree,
}

impl Scene {
    pub(crate) async fn start(kube: Kube, options: &[&str]) -> Self {
        Self::start_at(kube, "127.0.0.1:0", options).await
    }

    pub(crate) async fn start_at(kube: Kube, listen: &str, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let server = TowpathServer::start_at(program(), &data, listen, options)
            .await
            .unwrap();
        let namespace = kube.namespace(&[]).await.unwrap();
        let scene = Self {
            running: Running { server, folder },
            kube,
            namespace,
            tree: WorkTree::prebuilt(PROJECT, 2, "echo building").unwrap(),
        };
        let kubeconfig = scene.kube.kubeconfig().to_owned();
        let added = scene.towpath(&[
            "cluster",
            "add",
            CLUSTER,
            "--kubeconfig",
            kubeconfig.to_str().unwrap(),
        ]);
        assert!(added.status.success(), "{}", said(&added));
        let name = scene.namespace.name().to_owned();
        let created = scene.towpath(&[
            "project",
            "create",
            PROJECT,
            "--cluster",
            CLUSTER,
            "--namespace",
            &name,
        ]);
        assert!(created.status.success(), "{}", said(&created));
        scene
    }

    fn towpath(&self, arguments: &[&str]) -> Output {
        towpath(&self.running.server, arguments)
    }

    /// From here on nothing answers where the server believes its cluster to be.
    pub(crate) async fn lose_cluster(&self) {
        let nowhere = json!({"method": "token", "server": "https://127.0.0.1:1", "token": "t"});
        let nowhere = json!({"name": CLUSTER, "replace": true, "connection": nowhere});
        let server = &self.running.server;
        let replaced = server.call(Method::POST, "/api/v1/clusters", Some(&nowhere));
        replaced.await.unwrap();
    }

    pub(crate) fn mend_cluster(&self) {
        let kubeconfig = self.kube.kubeconfig().to_str().unwrap();
        let add = ["cluster", "add", CLUSTER, "--replace", "--kubeconfig"];
        let added = self.towpath(&[&add[..], &[kubeconfig]].concat());
        assert!(added.status.success(), "{}", said(&added));
    }

    pub(crate) async fn push(&self, number: u64) -> Value {
        self.running.push(&self.tree, PROJECT, number).await
    }

    /// An object of the namespace; none when it is not there.
    pub(crate) async fn object(&self, path: &str) -> Option<Value> {
        let (api, rest) = path
            .rsplit_once('/')
            .map(|(kind, name)| match kind {
                "deployments" => ("apis/apps/v1", format!("deployments/{name}")),
                kind => ("api/v1", format!("{kind}/{name}")),
            })
            .unwrap();
        let path = format!("/{api}/namespaces/{}/{rest}", self.namespace.name());
        self.kube.get(&path).await.ok()
    }
}

pub(crate) fn towpath(server: &TowpathServer, arguments: &[&str]) -> Output {
    Command::new(program())
        .args(arguments)
        .env("TOWPATH_SERVER", server.url())
        .env("TOWPATH_TOKEN", server.token())
        .output()
        .unwrap()
}

pub(crate) fn said(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}

#[tokio::test]
async fn a_push_rolls_out_on_kubernetes_and_what_is_gone_from_it_is_pruned() {
    let Some(kube) = kube() else { return };
    let scene = Scene::start(kube, &[]).await;
    let first = scene.push(1).await;
    assert_status(&first, "succeeded");
    let deployment = scene.object("deployments/hello").await.unwrap();
    let image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
        .as_str()
        .unwrap();
    let expected = format!("{}/hello@sha256:", scene.running.server.address());
    assert!(image.starts_with(&expected), "{image}");
    assert_eq!(first["release"]["image"], image);
    assert_eq!(first["release"]["cluster"], CLUSTER);
    let log = scene.running.log(PROJECT, 1, "Deploy/Deploy").await;
    assert!(
        log.contains("only nodes in this machine's own network"),
        "{log}"
    );

    let project = scene
        .running
        .server
        .get("/api/v1/projects/hello")
        .await
        .unwrap();
    assert_eq!(project["app_health"], "healthy", "{project}");

    let manifests = std::fs::read_to_string(scene.tree.path().join("k8s/app.yml")).unwrap();
    let without_service = manifests.split_once("---\n").unwrap().0;
    scene.tree.write("k8s/app.yml", without_service).unwrap();
    assert!(scene.object("services/hello").await.is_some());
    assert_status(&scene.push(2).await, "succeeded");
    assert!(scene.object("services/hello").await.is_none());

    let refused = scene.towpath(&["cluster", "remove", CLUSTER]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        said(&refused).contains("cluster test is used by hello"),
        "{}",
        said(&refused)
    );
}

#[tokio::test]
async fn a_rollout_that_fails_is_one_sentence() {
    let Some(kube) = kube() else { return };
    let scene = Scene::start(kube, &[]).await;
    scene
        .namespace
        .annotate("kube.test/behaviour", "pull-error")
        .await
        .unwrap();
    let manifests = scene.tree.path().join("k8s/app.yml");
    let text = std::fs::read_to_string(&manifests).unwrap();
    let impatient = text.replace("replicas: 2", "replicas: 2\n  progressDeadlineSeconds: 3");
    std::fs::write(manifests, impatient).unwrap();
    let execution = scene.push(1).await;
    assert_status(&execution, "failed");
    let reason = execution["reason"].as_str().unwrap();
    let expected = ": container hello: ImagePullBackOff: ";
    assert!(reason.contains(expected), "{reason}");
    let status = scene.towpath(&["status", PROJECT]);
    assert_eq!(status.status.code(), Some(1), "{}", said(&status));
}

#[tokio::test]
async fn a_deployment_waits_for_a_cluster_that_does_not_answer() {
    let Some(kube) = kube() else { return };
    let scene = Scene::start(kube, &[]).await;
    let server = &scene.running.server;
    scene.lose_cluster().await;
    scene.tree.commit("One").unwrap();
    scene.tree.push(&server.git_url(PROJECT)).unwrap();
    eventually_async("the deployment to try again", || async {
        let log = scene.running.log(PROJECT, 1, "Deploy/Deploy").await;
        log.contains("cannot be reached").then_some(())
    })
    .await;
    scene.mend_cluster();
    assert_status(&server.finished(PROJECT, 1).await, "succeeded");
}

#[tokio::test]
async fn missing_rights_are_told_by_cluster_check() {
    let Some(kube) = kube() else { return };
    let running = Running::start().await;
    let kubeconfig = kube.kubeconfig().to_str().unwrap().to_owned();
    let add = [
        "cluster",
        "add",
        "limited",
        "--kubeconfig",
        &kubeconfig,
        "--context",
        "limited",
    ];
    let added = towpath(&running.server, &add);
    assert_eq!(added.status.code(), Some(1), "{}", said(&added));
    let checked = towpath(
        &running.server,
        &["cluster", "check", "limited", "--namespace", "shop"],
    );
    assert_eq!(checked.status.code(), Some(1));
    let said = said(&checked);
    assert!(said.contains("deployments.apps: create"), "{said}");
    assert!(said.contains("namespace shop"), "{said}");
}

#[tokio::test]
async fn the_demo_goes_to_a_cluster_and_tidies_up() {
    let Some(kube) = kube() else { return };
    let namespace = kube.namespace(&[]).await.unwrap();
    let output = Command::new(program())
        .args([
            "demo",
            "--cluster",
            "prod",
            "--namespace",
            namespace.name(),
            "--kubeconfig",
        ])
        .arg(kube.kubeconfig())
        .output()
        .unwrap();
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    for expected in [
        "Cluster prod at https://",
        "2 of 2 pods ready on prod",
        "Its page was not fetched",
        "Removed from prod: 2 objects",
    ] {
        assert!(said.contains(expected), "no {expected:?} in:\n{said}");
    }
    let last = said.lines().last().unwrap_or_default();
    assert!(last.starts_with("demo: ok in "), "{said}");
    let path = format!("/apis/apps/v1/namespaces/{}/deployments", namespace.name());
    let left = kube.get(&path).await.unwrap();
    assert_eq!(left["items"], json!([]));
}
