use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};
use towpath_testkit::{
    Kube, KubeNamespace, PlayedImage, TowpathServer, WorkTree, eventually_async, kube,
};

use crate::program::{Running, assert_status};

pub(super) const PROJECT: &str = "podded";
pub(super) const BEHAVIOUR: &str = "kube.test/behaviour";

/// A server, and a project whose builds run in a namespace of the API server.
pub(super) struct Scene {
    pub(super) running: Running,
    pub(super) tree: WorkTree,
    pub(super) kube: Kube,
    pub(super) namespace: KubeNamespace,
    /// Until the worker's image is played, pods cannot start.
    pub(super) worker: PlayedImage,
}

impl Scene {
    pub(super) async fn new() -> Option<Self> {
        let kube = kube()?;
        let running = Running::start().await;
        let host = running.server.address().to_owned();
        Some(Self::with(kube, running, WorkTree::new().unwrap(), &host).await)
    }

    /// `host` is what the server's registry is called in pods. The worker's image is in it from the first build
    /// on, which fails, as no image can be pulled.
    pub(super) async fn with(kube: Kube, running: Running, tree: WorkTree, host: &str) -> Self {
        let namespace = kube.namespace(&[(BEHAVIOUR, "pull-error")]).await.unwrap();
        create_project(&running, &kube, &namespace).await;
        tree.write("buildspec.yml", buildspec("true")).unwrap();
        let execution = running.push(&tree, PROJECT, 1).await;
        assert_status(&execution, "failed");
        let reason = execution["reason"].as_str().unwrap();
        assert!(
            reason.contains("container build cannot start: ImagePullBackOff"),
            "{reason}"
        );
        let worker = play_worker(&running, &kube, host).await;
        namespace.annotate(BEHAVIOUR, "process").await.unwrap();
        let scene = Self {
            running,
            tree,
            kube,
            namespace,
            worker,
        };
        scene.until_nothing_is_left().await;
        scene
    }

    pub(super) fn start(&self, number: u64, command: &str) {
        self.tree
            .write("buildspec.yml", buildspec(command))
            .unwrap();
        self.tree.commit(&format!("Change {number}")).unwrap();
        self.tree
            .push(&self.running.server.git_url(PROJECT))
            .unwrap();
    }

    pub(super) async fn pods(&self) -> Vec<Value> {
        let list = self.kube.get(&self.path("pods")).await.unwrap();
        list["items"].as_array().unwrap().clone()
    }

    /// Of what is in the namespace.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("/api/v1/namespaces/{}/{rest}", self.namespace.name())
    }

    /// Changes where builds run, but for the cluster.
    pub(super) async fn build_with(&self, place: Value) {
        let mut place = place;
        place["on"] = "dev".into();
        let path = format!("/api/v1/projects/{PROJECT}/build-place");
        let server = &self.running.server;
        server.call(Method::PUT, &path, Some(&place)).await.unwrap();
    }

    /// The name of the pod in which the command has begun, unless that is `other`.
    pub(super) async fn until_building(&self, number: u64, other: &str) -> String {
        eventually_async("the build to run in its pod", || async {
            let pods = self.pods().await;
            let mut names = pods
                .iter()
                .filter_map(|pod| pod["metadata"]["name"].as_str());
            let name = names.find(|name| *name != other)?.to_owned();
            let log = self.running.log(PROJECT, number, "Build/Build").await;
            (log.contains(&name) && log.contains("began\n")).then_some(name)
        })
        .await
    }

    /// What the API says of a project, as text.
    pub(super) async fn log(&self, path: &str) -> String {
        let server = &self.running.server;
        let url = format!("{}/api/v1/projects/{path}", server.url());
        let answer = server.client().get(url).bearer_auth(server.token()).send();
        answer.await.unwrap().text().await.unwrap()
    }

    pub(super) async fn until_nothing_is_left(&self) {
        let secrets = self.path("secrets");
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
async fn play_worker(running: &Running, kube: &Kube, host: &str) -> PlayedImage {
    let server = &running.server;
    let repository = format!("{}/v2/towpath/worker", server.url());
    // Without a token: nodes have none.
    let tags = fetch(server, &format!("{repository}/tags/list")).await;
    let tags: Value = serde_json::from_slice(&tags).unwrap();
    let tag = tags["tags"][0].as_str().unwrap();
    let manifest = server.client().get(format!("{repository}/manifests/{tag}"));
    let answer = manifest.send().await.unwrap();
    let digest = answer.headers()["docker-content-digest"]
        .to_str()
        .unwrap()
        .to_owned();
    let manifest: Value = answer.json().await.unwrap();
    let layer = manifest["layers"][0]["digest"].as_str().unwrap();
    let layer = fetch(server, &format!("{repository}/blobs/{layer}")).await;
    let root = running.folder.path().join("worker-image");
    unpack(&layer, &root);
    let reference = format!("{host}/towpath/worker@{digest}");
    kube.play_image(&reference, &root).unwrap()
}

async fn fetch(server: &TowpathServer, url: &str) -> Vec<u8> {
    let answer = server.client().get(url).send().await.unwrap();
    let answer = answer.error_for_status();
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
