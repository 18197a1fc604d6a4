//! Builds in pods of a real API server; a played kubelet runs the pods' commands as processes here.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};
use towpath_testkit::{Kube, KubeNamespace, PlayedImage, WorkTree, eventually_async, kube};

use crate::program::{Running, assert_status};

const PROJECT: &str = "podded";
const BEHAVIOUR: &str = "kube.test/behaviour";

/// A server, and a project whose builds run in a namespace of the API server.
struct Scene {
    running: Running,
    tree: WorkTree,
    kube: Kube,
    namespace: KubeNamespace,
    /// Until the worker's image is played, pods cannot start.
    _worker: PlayedImage,
}

impl Scene {
    /// The worker's image is in the registry from the first build on, which fails, as no image can be pulled.
    async fn new() -> Option<Self> {
        let kube = kube()?;
        let namespace = kube.namespace(&[(BEHAVIOUR, "pull-error")]).await.unwrap();
        let running = Running::start().await;
        create_project(&running, &kube, &namespace).await;
        let tree = WorkTree::new().unwrap();
        tree.write("buildspec.yml", buildspec("true")).unwrap();
        let execution = running.push(&tree, PROJECT, 1).await;
        assert_status(&execution, "failed");
        let reason = execution["reason"].as_str().unwrap();
        assert!(
            reason.contains("container build cannot start: ImagePullBackOff"),
            "{reason}"
        );
        let worker = play_worker(&running, &kube).await;
        namespace.annotate(BEHAVIOUR, "process").await.unwrap();
        let scene = Self {
            running,
            tree,
            kube,
            namespace,
            _worker: worker,
        };
        scene.until_nothing_is_left().await;
        Some(scene)
    }

    fn start(&self, number: u64, command: &str) {
        self.tree
            .write("buildspec.yml", buildspec(command))
            .unwrap();
        self.tree.commit(&format!("Change {number}")).unwrap();
        self.tree
            .push(&self.running.server.git_url(PROJECT))
            .unwrap();
    }

    async fn pods(&self) -> Vec<Value> {
        let path = format!("/api/v1/namespaces/{}/pods", self.namespace.name());
        let list = self.kube.get(&path).await.unwrap();
        list["items"].as_array().unwrap().clone()
    }

    /// The name of the pod in which the command has begun, unless that is `other`.
    async fn until_building(&self, number: u64, other: &str) -> String {
        eventually_async("the build to run in its pod", || async {
            let pods = self.pods().await;
            let name = pods.first()?["metadata"]["name"].as_str()?.to_owned();
            let log = self.running.log(PROJECT, number, "Build/Build").await;
            (name != other && log.contains(&name) && log.contains("began\n")).then_some(name)
        })
        .await
    }

    async fn until_nothing_is_left(&self) {
        let secrets = format!("/api/v1/namespaces/{}/secrets", self.namespace.name());
        eventually_async("pods and secrets to go", || async {
            let secrets = self.kube.get(&secrets).await.ok()?;
            let none = secrets["items"].as_array()?.is_empty() && self.pods().await.is_empty();
            none.then_some(())
        })
        .await;
    }
}

async fn create_project(running: &Running, kube: &Kube, namespace: &KubeNamespace) {
    let kubeconfig = std::fs::read_to_string(kube.kubeconfig()).unwrap();
    let cluster = json!({
        "name": "dev",
        "connection": {"method": "kubeconfig", "kubeconfig": kubeconfig},
    });
    let project = json!({"name": PROJECT, "cluster": "dev", "namespace": namespace.name()});
    let place = json!({"on": "dev", "image": "debian:12", "compute": "BUILD_GENERAL1_SMALL"});
    let server = &running.server;
    for (method, path, body) in [
        (Method::POST, "clusters", cluster),
        (Method::POST, "projects", project),
        (
            Method::PUT,
            &format!("projects/{PROJECT}/build-place"),
            place,
        ),
    ] {
        let path = format!("/api/v1/{path}");
        server.call(method, &path, Some(&body)).await.unwrap();
    }
}

fn buildspec(command: &str) -> String {
    format!(
        "version: 0.2\nphases:\n  build:\n    commands:\n      - printf 'began\\n'; {command}\n\
         artifacts:\n  files: ['**/*']\n"
    )
}

/// Unpacks the image of one layer as a node would, and lets it play itself.
async fn play_worker(running: &Running, kube: &Kube) -> PlayedImage {
    let server = &running.server;
    let repository = format!("{}/v2/towpath/worker", server.url());
    // Without a token: nodes have none.
    let tags = fetch(&format!("{repository}/tags/list")).await;
    let tags: Value = serde_json::from_slice(&tags).unwrap();
    let tag = tags["tags"][0].as_str().unwrap();
    let answer = reqwest::get(format!("{repository}/manifests/{tag}"))
        .await
        .unwrap();
    let digest = answer.headers()["docker-content-digest"]
        .to_str()
        .unwrap()
        .to_owned();
    let manifest: Value = answer.json().await.unwrap();
    let layer = manifest["layers"][0]["digest"].as_str().unwrap();
    let layer = fetch(&format!("{repository}/blobs/{layer}")).await;
    let root = running.folder.path().join("worker-image");
    unpack(&layer, &root);
    let reference = format!("{}/towpath/worker@{digest}", server.address());
    kube.play_image(&reference, &root).unwrap()
}

async fn fetch(url: &str) -> Vec<u8> {
    let answer = reqwest::get(url).await.unwrap().error_for_status();
    answer.unwrap().bytes().await.unwrap().into()
}

fn unpack(layer: &[u8], root: &Path) {
    std::fs::create_dir(root).unwrap();
    let archive = root.with_extension("tar.gz");
    std::fs::write(&archive, layer).unwrap();
    let unpacked = std::process::Command::new("tar")
        .arg("-xzf")
        .arg(&archive)
        .arg("-C")
        .arg(root)
        .status();
    assert!(unpacked.unwrap().success());
}

#[tokio::test]
async fn a_build_runs_in_a_pod_and_leaves_nothing() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    scene.start(
        2,
        "hostname; seq 100000 | tail -n 1; env | grep -c TOWPATH_WORK || true",
    );
    let execution = scene.running.server.finished(PROJECT, 2).await;
    assert_status(&execution, "succeeded");
    let log = scene.running.log(PROJECT, 2, "Build/Build").await;
    // Its own host name, and nothing of the worker's in the environment of the commands.
    assert!(log.contains(&format!("\nbuild-{PROJECT}-2-")), "{log}");
    assert!(log.contains("\n100000\n0\n"), "{log}");
    assert!(log.contains("artifact: "), "{log}");
    scene.until_nothing_is_left().await;
}

#[tokio::test]
async fn a_cancelled_build_takes_its_pod_with_it() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    scene.start(2, "sleep 1000");
    scene.until_building(2, "").await;
    let path = format!("/api/v1/projects/{PROJECT}/executions/2/cancel");
    let server = &scene.running.server;
    server.call(Method::POST, &path, None).await.unwrap();
    assert_status(&server.finished(PROJECT, 2).await, "cancelled");
    scene.until_nothing_is_left().await;
}

#[tokio::test]
async fn a_build_whose_pod_is_lost_runs_again() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    scene.start(2, "sleep 1000");
    let first = scene.until_building(2, "").await;
    let path = format!("/api/v1/namespaces/{}/pods/{first}", scene.namespace.name());
    let deleted = scene.kube.call(Method::DELETE, &path, None).await;
    deleted.unwrap();
    scene.until_building(2, &first).await;
}

#[tokio::test]
async fn a_killed_server_starts_the_build_again_and_removes_the_first_pod() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    scene.start(2, "sleep 1000");
    let first = scene.until_building(2, "").await;
    let Scene {
        running,
        tree,
        kube,
        namespace,
        _worker,
    } = scene;
    let scene = Scene {
        running: running.kill_and_start().await,
        tree,
        kube,
        namespace,
        _worker,
    };
    scene.until_building(2, &first).await;
    eventually_async("the first pod to go", || async {
        (scene.pods().await.len() == 1).then_some(())
    })
    .await;
}
