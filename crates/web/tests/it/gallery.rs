//! A server with something to see on every page, the awkward among it: names, titles and lines as long as they may be.

use std::time::SystemTime;

use reqwest::Method;
use serde_json::json;
use towpath_cluster::{Cluster, manifest};
use towpath_model::{Digest, Namespace, ProjectName, Provider, Status, Timestamp};
use towpath_store::{
    ClusterKey, DeliveryState, NewDelivery, PullScope, RunOutcome, StoredManifest,
};
use towpath_testkit::{KubeNamespace, eventually_async, kube};

use crate::clusters::{prod, send};
use crate::fixture::Server;
use crate::scene::{Running, Scene, building};

const LONG_NAME: &str = "a-project-whose-name-is-as-long-as-a-name-of-a-project-may-be00";
const LONG_BRANCH: &str = "feature/a-branch-that-somebody-named-by-the-whole-title-of-the-ticket-which-was-long-already-at-100";
const LONG_TITLE: &str = "Replace_the_configuration_of_the_connection_pool_that_nobody_has_understood_since_it_was_written_by_one_that_is_understood";

/// All pages with what they show, and what has to live as long.
pub(crate) struct Gallery<'a> {
    /// A short name for each, and its address.
    pub(crate) pages: Vec<(&'static str, String)>,
    _running: (Scene<'a>, Running),
    _namespace: Option<KubeNamespace>,
}

impl<'a> Gallery<'a> {
    pub(crate) async fn hang(server: &'a Server) -> Self {
        for project in ["hello", "billing", "website", LONG_NAME, "old"] {
            server.create_project(project).await;
        }
        ended(server).await;
        let (failed, long) = (failed(server).await, long(server).await);
        let waiting = Scene::of(server, "billing", "main", "Send reminders").await;
        images(server).await;
        followed(server).await;
        server
            .store
            .request_deletion(&"old".parse().unwrap(), false, now())
            .await
            .unwrap();
        send(server, Method::POST, "/api/v1/clusters", Some(&prod())).await;
        let namespace = deployed(server).await;
        looked_at(server).await;
        let running = building(server, "Change the page to lightskyblue").await;
        let mut pages = pages();
        for (name, scene) in [
            ("execution", &running.0),
            ("failed", &failed),
            ("long-execution", &long),
            ("waiting", &waiting),
        ] {
            pages.push((name, scene.page()));
        }
        if namespace.is_some() {
            for (name, path) in [
                ("cluster", "/clusters/lab"),
                ("cluster-limited", "/clusters/limited"),
                ("app-deployed", "/projects/shop/app"),
                ("project-deployed", "/projects/shop"),
            ] {
                pages.push((name, path.to_owned()));
            }
        }
        Self {
            pages,
            _running: running,
            _namespace: namespace,
        }
    }
}

fn pages() -> Vec<(&'static str, String)> {
    [
        ("projects", "/"),
        ("projects-none-found", "/?q=nothing-like-it"),
        ("project", "/projects/hello"),
        ("project-none-found", "/projects/hello?q=nothing-like-it"),
        ("app", "/projects/hello/app"),
        ("images", "/projects/hello/images"),
        ("images-none", "/projects/website/images"),
        ("login", "/login"),
        ("error", "/nothing"),
        ("error-bad", "/projects/NOPE"),
        ("empty", "/projects/website"),
        ("deleting", "/projects/old"),
        ("followed", "/projects/followed"),
        ("clusters", "/clusters"),
        ("cluster-unreachable", "/clusters/prod"),
        ("cluster-local", "/clusters/local"),
    ]
    .map(|(name, path)| (name, path.to_owned()))
    .into_iter()
    .chain([("long-name", format!("/projects/{LONG_NAME}"))])
    .collect()
}

fn now() -> Timestamp {
    SystemTime::now().into()
}

async fn ended(server: &Server) {
    for (title, status) in [
        ("Say hello", Status::Succeeded),
        ("Answer HEAD requests", Status::Superseded),
        ("Change the page to green", Status::Cancelled),
        ("Change the page to blue", Status::Succeeded),
    ] {
        let scene = Scene::queued(server, title).await;
        scene.finish(status, None).await;
    }
}

async fn failed(server: &Server) -> Scene<'_> {
    let (mut scene, mut build) = building(server, "Count the visitors").await;
    build.log.write(FAILURE.as_bytes()).unwrap();
    scene.end_phase(&build, "build", 3200, Status::Failed).await;
    let reason = "phase build: the command `cargo test` ended with exit code 101";
    fail(&scene, build, reason).await;
    scene
}

async fn fail(scene: &Scene<'_>, build: Running, reason: &str) {
    let outcome = RunOutcome::Failed {
        reason: reason.to_owned(),
    };
    scene.end(build, outcome).await;
    scene.finish(Status::Failed, Some(reason)).await;
}

/// An execution with everything that is long.
async fn long(server: &Server) -> Scene<'_> {
    let scene = Scene::of(server, LONG_NAME, LONG_BRANCH, LONG_TITLE).await;
    scene.planned().await;
    let mut build = scene.action("Build", "Build").await;
    let line = "x".repeat(3000);
    build
        .log
        .write(format!("$ echo {line}\n{line}\n").as_bytes())
        .unwrap();
    let reason = format!(
        "phase build: the command `echo {}` ended with exit code 1",
        &line[..300]
    );
    fail(&scene, build, &reason).await;
    scene
}

async fn images(server: &Server) {
    for tag in [
        "latest",
        "8f3c1d2a9b0e4f5566778899aabbccddeeff0011",
        &"t".repeat(128),
    ] {
        let manifest = StoredManifest {
            repository: "hello".to_owned(),
            digest: Digest::of(tag.as_bytes()),
            media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
            size: 700,
            subject: None,
            pushed_at: now(),
        };
        server.store.put_manifest(&manifest, &[tag]).await.unwrap();
    }
}

/// A project that follows a remote, whose git host has called.
async fn followed(server: &Server) {
    let body = json!({ "name": "followed", "branch": LONG_BRANCH, "remote": {
        "url": "https://github.com/acme/a-repository-with-a-rather-long-name", "webhook_secret": "It's-a-Secret" } });
    let (status, made) = send(server, Method::POST, "/api/v1/projects", Some(&body)).await;
    assert_eq!(status, 201, "{made}");
    for (key, state, reason) in [
        (
            "1",
            DeliveryState::Done,
            format!("refs/heads/{LONG_BRANCH} is 8f3c1d2"),
        ),
        (
            "2",
            DeliveryState::Ignored,
            "refs/heads/main was deleted, which starts nothing".to_owned(),
        ),
        (
            "3",
            DeliveryState::Failed,
            "the remote does not answer".to_owned(),
        ),
        (
            "4",
            DeliveryState::Pending,
            format!("refs/heads/{LONG_BRANCH} is 8f3c1d2"),
        ),
    ] {
        let delivery = server.store.record_delivery(delivery(key)).await.unwrap();
        let end = server
            .store
            .end_delivery(delivery.id, state, &reason, now());
        end.await.unwrap();
    }
}

fn delivery(key: &str) -> NewDelivery {
    NewDelivery {
        key: key.to_owned(),
        provider: Provider::Github,
        path: "/webhooks/github/followed".to_owned(),
        project: Some("followed".parse().unwrap()),
        repository: None,
        branch: None,
        event: "push".to_owned(),
        state: DeliveryState::Pending,
        reason: String::new(),
        size: 2,
        body: "{}".to_owned(),
        received_at: now(),
    }
}

/// Where there is an API server to test with: a cluster that answers, with an app of which a part fails, and one
/// whose account may do little.
async fn deployed(server: &Server) -> Option<KubeNamespace> {
    let kube = kube()?;
    let text = std::fs::read_to_string(kube.kubeconfig()).unwrap();
    for (name, context) in [("lab", json!(null)), ("limited", json!("limited"))] {
        let connection = json!({"method": "kubeconfig", "kubeconfig": text, "context": context});
        let body = json!({"name": name, "connection": connection});
        send(server, Method::POST, "/api/v1/clusters", Some(&body)).await;
    }
    let namespace = kube.namespace(&[]).await.unwrap();
    for (project, cluster) in [("shop", "lab"), ("checkout", "limited")] {
        let body = json!({"name": project, "cluster": cluster, "namespace": namespace.name()});
        send(server, Method::POST, "/api/v1/projects", Some(&body)).await;
    }
    let home = namespace.name().parse().unwrap();
    let objects = manifest::place(manifest::parse("app.yaml", APP).unwrap(), &home).unwrap();
    let lab = server.clusters.get(&"lab".parse().unwrap()).await.unwrap();
    lab.apply(&"shop".parse().unwrap(), &objects).await.unwrap();
    left_behind(server, &home).await;
    eventually_async("the pods to run and to fail", || async {
        let page = server.text("/projects/shop/app").await;
        (page.contains("CrashLoopBackOff") && page.contains(", ready")).then_some(())
    })
    .await;
    Some(namespace)
}

/// What a project has left in that cluster that is gone.
async fn left_behind(server: &Server, namespace: &Namespace) {
    let project: ProjectName = "former".parse().unwrap();
    let cluster = "lab".parse().unwrap();
    let store = &server.store;
    let body = json!({"name": project.as_str(), "cluster": "lab", "namespace": namespace.as_str()});
    send(server, Method::POST, "/api/v1/projects", Some(&body)).await;
    let object = ClusterKey {
        namespace: namespace.to_string(),
        name: PullScope::secret_name(&project),
        group: String::new(),
        kind: "Secret".to_owned(),
    };
    let objects = [(object, "v1".to_owned())];
    let applied = store.begin_kubernetes_apply(&cluster, &project, &objects, now());
    applied.await.unwrap();
    let scope = PullScope {
        project: project.clone(),
        cluster,
        namespace: namespace.clone(),
    };
    store.pull_token(&scope, now()).await.unwrap();
    let asked = store.request_deletion(&project, true, now()).await;
    assert!(asked.unwrap());
    let deletion = store.project_deletion(&project).await.unwrap().unwrap();
    assert!(store.finish_deletion(&deletion).await.unwrap());
    let left = server.json("/api/v1/left-apps").await;
    assert_eq!(left["left_apps"][0]["pulls"], true, "{left}");
}

async fn looked_at(server: &Server) {
    eventually_async("the clusters to be looked at", || async {
        let page = server.text("/clusters").await;
        (!page.contains(">checking<")).then_some(())
    })
    .await;
}

const APP: &str = "\
{apiVersion: apps/v1, kind: Deployment, metadata: {name: shop}, spec: {replicas: 2, selector: {matchLabels: {app: shop}},
  template: {metadata: {labels: {app: shop}}, spec: {containers: [{name: shop, image: shop}]}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: mailer}, spec: {selector: {matchLabels: {app: mailer}},
  template: {metadata: {labels: {app: mailer}, annotations: {kube.test/behaviour: failing}},
  spec: {containers: [{name: mailer, image: mailer}]}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: shop}, spec: {selector: {app: shop}, ports: [{port: 80}]}}
";

const FAILURE: &str = "\
$ cargo test\n\
\u{1b}[1m\u{1b}[32m   Compiling\u{1b}[0m hello v0.1.0\n\
\u{1b}[1m\u{1b}[31merror[E0425]\u{1b}[0m\u{1b}[1m: cannot find value `visitors` in this scope\u{1b}[0m\n\
\u{20} \u{1b}[34m-->\u{1b}[0m src/server.rs:44:21\n\
\u{20}  \u{1b}[34m|\u{1b}[0m\n\
\u{1b}[34m44 |\u{1b}[0m     let count = visitors + 1;\n\
\u{20}  \u{1b}[34m|\u{1b}[0m                 \u{1b}[31m^^^^^^^^ not found in this scope\u{1b}[0m\n\
\n\
\u{1b}[1m\u{1b}[31merror\u{1b}[0m: could not compile `hello` (bin \"hello\") due to 1 previous error\n\
\u{1b}[90mnote\u{1b}[0m: \u{1b}[35mtarget\u{1b}[0m \u{1b}[36mx86_64\u{1b}[0m \u{1b}[2mfaint\u{1b}[0m \u{1b}[30;43mWARN\u{1b}[0m \
\u{1b}[37;41mERROR\u{1b}[0m \u{1b}[30;42mPASS\u{1b}[0m \u{1b}[97;44mINFO\u{1b}[0m\n";
