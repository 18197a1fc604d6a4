//! Workers call the real endpoint: from a pod of a real API server, whose commands a played kubelet runs here.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use tempfile::TempDir;
use towpath_cluster::{BuildPod, BuildPodSpec, ComputeType, Connection, KubernetesCluster};
use towpath_model::{ActionRunKey, Timestamp};
use towpath_remote::{JobId, RemoteWorkspace};
use towpath_testkit::{KubeNamespace, PlayedImage, kube, worker_program};

use crate::fixture::Server;
use crate::scene::Scene;

/// A pod and the workspace in it.
struct Place {
    workspace: Option<RemoteWorkspace>,
    pod: BuildPod,
    folder: TempDir,
    _server: Server,
    _namespace: KubeNamespace,
    _image: PlayedImage,
}

async fn place() -> Option<Place> {
    let kube = kube()?;
    let namespace = kube.namespace(&[("kube.test/behaviour", "process")]).await;
    let namespace = namespace.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    let run = running_build(&server).await;
    let spec = spec(&server, &run, namespace.name());
    let image = kube.play_image(&spec.worker_image, &worker_root(folder.path()));
    let connection = Connection::Kubeconfig {
        text: std::fs::read_to_string(kube.kubeconfig()).unwrap(),
        context: None,
    };
    let cluster =
        KubernetesCluster::connect("dev".parse().unwrap(), connection, server.store.clone());
    let cluster = cluster.await.unwrap();
    let token = server.store.open_work(&spec.job, &run, Timestamp(1)).await;
    let work = server.work.open(JobId::from(spec.job.clone()));
    let pod = cluster.start_build(&spec, &token.unwrap()).await.unwrap();
    let workspace = Some(work.workspace().await.unwrap());
    Some(Place {
        workspace,
        pod,
        folder,
        _server: server,
        _namespace: namespace,
        _image: image.unwrap(),
    })
}

async fn running_build(server: &Server) -> ActionRunKey {
    server.create_project("hello").await;
    let scene = Scene::start(server, "A change").await;
    scene.action("Build", "Build").await.run
}

fn spec(server: &Server, run: &ActionRunKey, namespace: &str) -> BuildPodSpec {
    let job = JobId::random();
    BuildPodSpec {
        namespace: namespace.parse().unwrap(),
        execution: run.action.execution.clone(),
        image: "this-machine".to_owned(),
        worker_image: format!("worker-of-{job}"),
        url: server.url(&format!("/work/v1/{job}")),
        job: job.to_string(),
        certificate_authorities: None,
        compute: ComputeType::default(),
        timeout: Duration::from_secs(600),
        pull_secret: None,
    }
}

/// An image's root with the worker and, as the one that tests build is not static, the libraries it needs.
fn worker_root(folder: &Path) -> PathBuf {
    let root = folder.join("worker-image");
    std::fs::create_dir(&root).unwrap();
    let worker = worker_program();
    std::fs::copy(&worker, root.join("towpath-worker")).unwrap();
    let libraries = Command::new("ldd").arg(&worker).output().unwrap();
    for word in String::from_utf8(libraries.stdout)
        .unwrap()
        .split_whitespace()
    {
        if word.starts_with('/') {
            let target = root.join(word.trim_start_matches('/'));
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            std::fs::copy(word, target).unwrap();
        }
    }
    root
}

impl Place {
    fn workspace(&self) -> &RemoteWorkspace {
        self.workspace.as_ref().unwrap()
    }

    fn outside(&self) -> &Path {
        self.folder.path()
    }

    /// The worker ends well when its job does, and its pod with it.
    async fn close(mut self) {
        drop(self.workspace.take());
        let end = self.pod.ended(&mut |_| {}).await;
        assert!(
            format!("{end:?}").contains("the worker has ended"),
            "{end:?}"
        );
        self.pod.delete().await;
    }
}

towpath_testkit::workspace_conformance!(pod, place);

#[tokio::test]
async fn only_the_token_of_the_job_opens_its_connection() {
    let server = Server::start().await;
    let run = running_build(&server).await;
    let token = server.store.open_work("job", &run, Timestamp(1)).await;
    let token = token.unwrap().expose_str().unwrap().to_owned();
    let other = server.store.open_work("other", &run, Timestamp(1)).await;
    let other = other.unwrap().expose_str().unwrap().to_owned();
    let admin = server.token.clone();
    let call = async |token: &str| {
        let request = server
            .request(Method::GET, "/work/v1/job")
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .bearer_auth(token);
        request.send().await.unwrap().status()
    };
    for wrong in [&other, &admin, "", "nonsense"] {
        assert_eq!(call(wrong).await, StatusCode::UNAUTHORIZED, "{wrong}");
    }
    assert_eq!(call(&token).await, StatusCode::SWITCHING_PROTOCOLS);
    server.store.close_work("job").await.unwrap();
    assert_eq!(call(&token).await, StatusCode::UNAUTHORIZED);
}
