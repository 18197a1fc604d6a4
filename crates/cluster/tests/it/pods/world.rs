use std::collections::BTreeMap;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use towpath_cluster::{AppStatus, Applied, Cluster, LocalCluster, Object, Parts, Waited, manifest};
use towpath_model::{Namespace, ProjectName};
use towpath_oci::{Images, LayerStore, Registry, Sources};
use towpath_sandbox::{Host, InitProgram};
use towpath_store::{Blobs, Store};

const DEADLINE: Duration = Duration::from_secs(60);

/// A cluster with the image `base.test/busybox`, and the project `hello`.
pub(crate) struct World {
    data: TempDir,
    images: Images,
    store: Store,
    pub(crate) cluster: LocalCluster,
}

impl World {
    /// `None` when this machine cannot run pods; it says so.
    pub(crate) async fn start() -> Option<Self> {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path()).await.unwrap();
        let blobs = Blobs::open(&data.path().join("blobs")).unwrap();
        let registry = Registry::new(store.clone(), blobs);
        let (repository, tag) = ("busybox".parse().unwrap(), "latest".parse().unwrap());
        towpath_testkit::busybox_image(&registry, &repository, &[tag]).await?;
        let sources = Sources {
            own_hosts: ["base.test".parse().unwrap()].into(),
            ..Sources::default()
        };
        let images = Images::new(registry, sources);
        let cluster = cluster(&data, &store, &images).await?;
        Some(Self {
            data,
            images,
            store,
            cluster,
        })
    }

    /// Ends the server's part without a word to the pods, as a killed server does, and starts it again.
    pub(super) async fn restart(self) -> Self {
        drop(self.cluster);
        let cluster = cluster(&self.data, &self.store, &self.images)
            .await
            .unwrap();
        Self { cluster, ..self }
    }

    pub(super) async fn apply(&self, manifests: &str) -> Applied {
        self.cluster
            .apply(&project(), &objects(manifests))
            .await
            .unwrap()
    }

    pub(super) async fn wait(&self, applied: &Applied) -> Waited {
        let mut progress = |line: &str| eprintln!("{line}");
        self.cluster
            .wait_ready(applied, DEADLINE, &mut progress)
            .await
            .unwrap()
    }

    /// Applies and waits until everything is ready.
    pub(super) async fn deploy(&self, manifests: &str) -> AppStatus {
        let applied = self.apply(manifests).await;
        assert_eq!(self.wait(&applied).await, Waited::Ready);
        self.status().await
    }

    pub(super) async fn status(&self) -> AppStatus {
        self.cluster.status(&project()).await.unwrap()
    }

    /// The whole log of a container.
    pub(super) async fn log(&self, pod: &str, container: &str) -> String {
        let chunk = self
            .cluster
            .logs(&namespace(), pod, container, 0, 1 << 20)
            .await
            .unwrap();
        String::from_utf8(chunk.content).unwrap()
    }

    /// The log of the only pod's container `web`, when it holds `text`.
    pub(super) async fn log_with(&self, text: &str) -> String {
        towpath_testkit::eventually_async(&format!("{text:?} in the log"), || async {
            let pod = self.status().await.pods.first()?.name.clone();
            Some(self.log(&pod, "web").await).filter(|log| log.contains(text))
        })
        .await
    }

    /// Nothing is left when the test is over.
    pub(crate) async fn end(self) {
        self.cluster.shutdown(Duration::from_secs(20)).await;
        let left = std::fs::read_dir(self.data.path().join("cluster/pods"))
            .unwrap()
            .count();
        assert_eq!(left, 0, "folders of pods are left");
    }
}

async fn cluster(data: &TempDir, store: &Store, images: &Images) -> Option<LocalCluster> {
    let host = Host::detect(InitProgram::new(towpath_testkit::init_program())).await;
    if let Err(lack) = host.sandbox() {
        let required = std::env::var_os("TOWPATH_REQUIRE_REAL").is_some_and(|value| value == "1");
        assert!(!required, "{lack}");
        eprintln!("skipped: {lack}");
        return None;
    }
    let blobs = images.registry().blobs().clone();
    let parts = Parts {
        store: store.clone(),
        host,
        images: images.clone(),
        layers: LayerStore::open(&data.path().join("layers"), blobs).unwrap(),
        data: data.path().join("cluster"),
    };
    Some(LocalCluster::start(parts).await.unwrap())
}

pub(super) fn project() -> ProjectName {
    "hello".parse().unwrap()
}

pub(super) fn namespace() -> Namespace {
    "hello".parse().unwrap()
}

pub(super) fn objects(manifests: &str) -> Vec<Object> {
    manifest::place(
        manifest::parse("k8s/app.yaml", manifests).unwrap(),
        &namespace(),
    )
    .unwrap()
}

/// A Deployment `web` whose container `web` runs this shell script.
pub(super) fn deployment(replicas: u32, script: &str, more: &str) -> String {
    let script = serde_json::Value::from(script);
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n  \
         progressDeadlineSeconds: 4\n  \
         selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      \
         terminationGracePeriodSeconds: 5\n      \
         containers:\n      - name: web\n        image: base.test/busybox\n        command: [sh, -c, {script}]\n{more}---\n"
    )
}

/// A web server that answers with `page` on port 8080, and its Service.
pub(super) fn web(replicas: u32, page: &str) -> String {
    let script =
        format!("mkdir /www && echo {page} > /www/index.html && exec httpd -f -p 8080 -h /www");
    let more = "        ports: [{name: http, containerPort: 8080}]\n        \
                readinessProbe: {httpGet: {path: /, port: http}}\n";
    deployment(replicas, &script, more)
        + "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  type: LoadBalancer\n  \
           selector: {app: web}\n  ports: [{port: 80, targetPort: http}]\n"
}

/// The port on 127.0.0.1 of the only Service.
pub(super) fn host_port(status: &AppStatus) -> u16 {
    status.services[0].ports[0].host_port.unwrap()
}

/// Asks for `/`.
pub(super) async fn get(port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.contains(" 200 ") => Ok(body.trim().to_owned()),
        _ => Err(std::io::Error::other(format!("{answer:?}"))),
    }
}

/// `KEY=value` lines of a log.
pub(super) fn variables(log: &str) -> BTreeMap<&str, &str> {
    log.lines()
        .filter_map(|line| line.split_once('='))
        .collect()
}
