//! How a cluster gets at the images that it is to run.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use towpath_cluster::Clusters;
use towpath_model::Timestamp;
use towpath_pipeline::{PullTokens, PullTokensParts, Pulling};
use towpath_store::{PullScope, Store};
use towpath_testkit::{TowpathServer, eventually_async, free_port, kube, require};

use crate::kube::{CLUSTER, PROJECT, Scene, said, towpath};
use crate::program::assert_status;

const SECRET: &str = "towpath-pull-hello";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Reading needs a token behind a proxy. Nodes pull with a real client what they are to run, by the server's public
/// name.
async fn scene() -> Option<Scene> {
    require("skopeo")?;
    let listen = format!("127.0.0.1:{}", free_port());
    let public = format!("http://{}", public_name(&listen));
    let options = ["--behind-proxy", "--public-url", &public];
    let scene = Scene::start_at(kube()?, &listen, &options).await;
    let pull = scene.namespace.annotate("kube.test/pull", "true");
    pull.await.unwrap();
    Some(scene)
}

/// What images are called by, of a server that listens there.
fn public_name(listen: &str) -> String {
    listen.replace("127.0.0.1", "localhost")
}

fn registry(scene: &Scene) -> String {
    public_name(scene.running.server.address())
}

/// The token in the namespace's secret.
async fn token(scene: &Scene) -> String {
    let secret = scene.object(&format!("secrets/{SECRET}")).await.unwrap();
    assert_eq!(secret["type"], "kubernetes.io/dockerconfigjson");
    let data = secret["data"][".dockerconfigjson"].as_str().unwrap();
    let config: Value = serde_json::from_slice(&BASE64_STANDARD.decode(data).unwrap()).unwrap();
    let login = &config["auths"][format!("{}/{PROJECT}", registry(scene))];
    login["password"].as_str().unwrap().to_owned()
}

async fn pulls(server: &TowpathServer, token: Option<&str>) -> bool {
    let url = format!("{}/v2/{PROJECT}/manifests/latest", server.url());
    let request = server.client().get(url);
    let request = match token {
        Some(token) => request.basic_auth("towpath", Some(token)),
        None => request,
    };
    let status = request.send().await.unwrap().status().as_u16();
    assert!([200, 401].contains(&status), "{status}");
    status == 200
}

/// What the events of the namespace's pods say.
async fn events(scene: &Scene) -> String {
    let path = format!("/api/v1/namespaces/{}/events", scene.namespace.name());
    let list = scene.kube.get(&path).await.unwrap();
    let items = list["items"].as_array().unwrap();
    let messages = items.iter().filter_map(|event| event["message"].as_str());
    messages.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn pods_pull_with_a_token_of_their_project() {
    let Some(scene) = scene().await else { return };
    assert_status(&scene.push(1).await, "succeeded");
    let deployment = scene.object("deployments/hello").await.unwrap();
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["imagePullSecrets"], json!([{"name": SECRET}]));
    let image = pod["containers"][0]["image"].as_str().unwrap();
    let named = format!("{}/{PROJECT}@sha256:", registry(&scene));
    assert!(image.starts_with(&named), "{image}");
    let pulled = format!("Successfully pulled image \"{image}\"");
    eventually_async("the pull to be told", || async {
        events(&scene).await.contains(&pulled).then_some(())
    })
    .await;
    let (server, token) = (&scene.running.server, token(&scene).await);
    assert!(!pulls(server, None).await);
    assert!(pulls(server, Some(&token)).await);

    let path = "/api/v1/projects/hello/executions/1/manifests";
    let request = server.client().get(format!("{}{path}", server.url()));
    let recorded = request.bearer_auth(server.token()).send().await.unwrap();
    let recorded = recorded.text().await.unwrap();
    assert!(recorded.contains("imagePullSecrets"), "{recorded}");
    assert!(!recorded.contains(&token) && !recorded.contains("dockerconfigjson"));

    assert_status(&scene.push(2).await, "succeeded");
    let again = self::token(&scene).await;
    assert_eq!(again, token, "it is not made anew each time");
}

/// A secret that somebody has spoilt: the pods say so in the client's words, and the next deployment mends it.
#[tokio::test]
async fn a_secret_that_does_not_pull_is_told_and_mended() {
    let Some(scene) = scene().await else { return };
    assert_status(&scene.push(1).await, "succeeded");
    let namespace = format!("/api/v1/namespaces/{}", scene.namespace.name());
    let config = json!({"auths": {registry(&scene): {"auth": "YTpi"}}}).to_string();
    let spoilt = json!({"data": {".dockerconfigjson": BASE64_STANDARD.encode(config)}});
    let secret = format!("{namespace}/secrets/{SECRET}");
    let kube = &scene.kube;
    kube.call(Method::PATCH, &secret, Some(&spoilt))
        .await
        .unwrap();
    kube.call(Method::DELETE, &format!("{namespace}/pods"), None)
        .await
        .unwrap();
    let reason = eventually_async("the project to be told", || async {
        let project = scene.running.server.get("/api/v1/projects/hello").await;
        let reason = project.unwrap()["app_reason"].as_str()?.to_owned();
        reason.contains("ErrImagePull").then_some(reason)
    })
    .await;
    assert!(reason.contains("unauthorized"), "{reason}");
    assert_status(&scene.push(2).await, "succeeded");
    assert!(pulls(&scene.running.server, Some(&token(&scene).await)).await);
}

/// What a server does by itself, here and with the time that is given to it.
async fn pull_tokens(scene: &Scene, store: &Store) -> PullTokens {
    PullTokens::new(PullTokensParts {
        store: store.clone(),
        clusters: Clusters::new(store.clone(), Err("not here".to_owned())),
        registry_host: registry(scene).parse().unwrap(),
        pulling: Pulling {
            only_here: true,
            needs_token: true,
        },
    })
}

fn now() -> Timestamp {
    std::time::SystemTime::now().into()
}

#[tokio::test]
async fn a_pull_secret_is_kept_fresh_without_a_deployment() {
    let Some(scene) = scene().await else { return };
    let server = &scene.running.server;
    let store = Store::open(&scene.running.folder.path().join("data"))
        .await
        .unwrap();
    let scope = PullScope {
        project: PROJECT.parse().unwrap(),
        cluster: CLUSTER.parse().unwrap(),
        namespace: scene.namespace.name().parse().unwrap(),
    };
    // A deployment still takes it, the server would not keep it any longer.
    let made = Timestamp(now().0 - (DAY * 30).as_millis() as i64 + 3_600_000);
    let old = store.pull_token(&scope, made).await.unwrap();
    let old = old.expose_str().unwrap().to_owned();
    assert_status(&scene.push(1).await, "succeeded");
    let fresh = eventually_async("the secret to be renewed", || async {
        let token = token(&scene).await;
        (token != old).then_some(token)
    })
    .await;
    assert!(pulls(server, Some(&fresh)).await);
    assert!(
        pulls(server, Some(&old)).await,
        "what pulls just now goes on"
    );

    // Nowhere at first: it is tried again, and what is there still pulls.
    scene.lose_cluster().await;
    let tokens = pull_tokens(&scene, &store).await;
    let month = now().plus(29 * DAY + DAY / 2);
    tokens.look(month).await;
    assert_eq!(token(&scene).await, fresh);
    assert!(pulls(server, Some(&fresh)).await);
    scene.mend_cluster();

    // The next server finds what this one has left: the newest is in no secret yet.
    let tokens = pull_tokens(&scene, &store).await;
    tokens.look(month.plus(DAY / 12)).await;
    let newest = token(&scene).await;
    assert_ne!(newest, fresh);
    assert!(pulls(server, Some(&newest)).await);
    assert!(
        !pulls(server, Some(&fresh)).await,
        "the older ones have ended"
    );
    assert!(!pulls(server, Some(&old)).await);
}

#[tokio::test]
async fn a_pull_secret_that_is_gone_is_put_back_without_a_deployment() {
    let Some(scene) = scene().await else { return };
    assert_status(&scene.push(1).await, "succeeded");
    let data = scene.running.folder.path().join("data");
    let store = Store::open(&data).await.unwrap();
    let before = token(&scene).await;
    let secret = format!(
        "/api/v1/namespaces/{}/secrets/{SECRET}",
        scene.namespace.name()
    );
    let delete = async || {
        scene
            .kube
            .call(Method::DELETE, &secret, None)
            .await
            .unwrap()
    };
    delete().await;
    let tokens = pull_tokens(&scene, &store).await;
    tokens.look(now()).await;
    assert_eq!(token(&scene).await, before, "the same, which is young");

    // Whoever has just looked does so again in a minute or so.
    delete().await;
    tokens.look(now().plus(Duration::from_secs(80))).await;
    assert_eq!(token(&scene).await, before);
    assert!(pulls(&scene.running.server, Some(&before)).await);
}

/// What is left goes on when its pods are made anew, on another node say, until somebody ends it.
#[tokio::test]
async fn an_app_that_was_left_goes_on_pulling_until_it_is_forgotten() {
    let Some(scene) = scene().await else { return };
    assert_status(&scene.push(1).await, "succeeded");
    let (server, token) = (&scene.running.server, token(&scene).await);
    let deleted = towpath(
        server,
        &["project", "delete", PROJECT, "--yes", "--leave-app"],
    );
    assert!(deleted.status.success(), "{}", said(&deleted));
    assert!(
        said(&deleted).contains("towpath project forget hello"),
        "{}",
        said(&deleted)
    );
    let pods = format!("/api/v1/namespaces/{}/pods", scene.namespace.name());
    let old = pod_names(&scene, &pods).await;
    let deleted = scene.kube.call(Method::DELETE, &pods, None).await;
    deleted.unwrap();
    eventually_async("new pods that have pulled", || async {
        let list = scene.kube.get(&pods).await.ok()?;
        let pods = list["items"].as_array()?;
        let is_new_and_ready = |pod: &Value| {
            let name = pod["metadata"]["name"].as_str().unwrap_or_default();
            !old.iter().any(|old| old == name) && pod["status"]["phase"] == "Running"
        };
        pods.iter().any(is_new_and_ready).then_some(())
    })
    .await;

    let left = towpath(server, &["project", "left"]);
    for expected in [PROJECT, CLUSTER, scene.namespace.name(), "with its token"] {
        assert!(
            said(&left).contains(expected),
            "{expected}: {}",
            said(&left)
        );
    }
    let elsewhere = ["project", "forget", PROJECT, "--namespace", "elsewhere"];
    let refused = towpath(server, &elsewhere);
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    assert!(pulls(server, Some(&token)).await);
    let forgotten = towpath(server, &["project", "forget", PROJECT]);
    assert!(forgotten.status.success(), "{}", said(&forgotten));
    assert!(!pulls(server, Some(&token)).await);
    let left = towpath(server, &["project", "left"]);
    assert!(
        said(&left).contains("No deleted project"),
        "{}",
        said(&left)
    );
}

async fn pod_names(scene: &Scene, pods: &str) -> Vec<String> {
    let list = scene.kube.get(pods).await.unwrap();
    let pods = list["items"].as_array().unwrap();
    let name = |pod: &Value| pod["metadata"]["name"].as_str().unwrap().to_owned();
    pods.iter().map(name).collect()
}
