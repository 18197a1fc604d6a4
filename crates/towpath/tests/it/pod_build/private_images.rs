//! Images of builds that not everybody may pull.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use towpath_testkit::{WorkTree, kube};

use super::scene::{PROJECT, Scene};
use crate::program::{Running, assert_status};

/// Behind a proxy even reading takes a token.
async fn scene() -> Option<Scene> {
    let kube = kube()?;
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start_with(folder, &["--behind-proxy"]).await;
    let host = running.server.address().to_owned();
    Some(Scene::with(kube, running, WorkTree::new().unwrap(), &host).await)
}

async fn reason(scene: &Scene, number: u64) -> String {
    scene.start(number, "true");
    let execution = scene.running.server.finished(PROJECT, number).await;
    assert_status(&execution, "failed");
    execution["reason"].as_str().unwrap().to_owned()
}

/// What a pod pulls with: the name of the secret, and its login for a repository.
async fn pulls_with(scene: &Scene, pod: &str, repository: &str) -> (String, Value) {
    let pod = scene.kube.get(&scene.path(&format!("pods/{pod}"))).await;
    let name = pod.unwrap()["spec"]["imagePullSecrets"][0]["name"].clone();
    let name = name.as_str().unwrap().to_owned();
    let path = scene.path(&format!("secrets/{name}"));
    let secret = scene.kube.get(&path).await.unwrap();
    assert_eq!(secret["type"], "kubernetes.io/dockerconfigjson");
    let config = secret["data"][".dockerconfigjson"].as_str().unwrap();
    let config: Value = serde_json::from_slice(&BASE64_STANDARD.decode(config).unwrap()).unwrap();
    (name, config["auths"][repository].clone())
}

async fn status(scene: &Scene, path: &str, token: &str) -> StatusCode {
    let server = &scene.running.server;
    let url = format!("{}{path}", server.url());
    let request = server.client().get(url).basic_auth("towpath", Some(token));
    request.send().await.unwrap().status()
}

#[tokio::test]
async fn images_of_our_registry_are_pulled_with_a_token_of_their_project() {
    let Some(scene) = scene().await else {
        return;
    };
    let repository = format!("{}/tools", scene.running.server.address());
    scene
        .build_with(json!({"image": format!("{repository}:1")}))
        .await;
    let refused = reason(&scene, 2).await;
    assert!(refused.contains("there is no project tools"), "{refused}");
    scene.running.server.create_project("tools").await.unwrap();
    scene.start(3, "sleep 1000");
    let pod = scene.until_building(3, "").await;
    let (secret, login) = pulls_with(&scene, &pod, &repository).await;
    assert_eq!(secret, pod, "it goes with the pod");
    let token = login["password"].as_str().unwrap();
    let tags = |project: &str| format!("/v2/{project}/tags/list");
    let unauthorized = StatusCode::UNAUTHORIZED;
    assert_ne!(status(&scene, &tags("tools"), token).await, unauthorized);
    assert_eq!(status(&scene, &tags(PROJECT), token).await, unauthorized);
    let cancel = format!("/api/v1/projects/{PROJECT}/executions/3/cancel");
    let server = &scene.running.server;
    server.call(Method::POST, &cancel, None).await.unwrap();
    scene.until_nothing_is_left().await;
}

#[tokio::test]
async fn foreign_images_are_pulled_with_a_secret_that_is_there() {
    let Some(scene) = scene().await else {
        return;
    };
    let place = json!({"image": "registry.example/tools:1", "pull_secret": "registry"});
    scene.build_with(place).await;
    let missing = reason(&scene, 2).await;
    assert!(
        missing.starts_with("Build: there is no secret registry in namespace ")
            && missing.contains("kubectl create secret docker-registry registry --namespace"),
        "{missing}"
    );
    let config = json!({"auths": {"registry.example": {"auth": "YTpi"}}});
    let secret = json!({
        "metadata": {"name": "registry"},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": config.to_string()},
    });
    let path = scene.path("secrets");
    let made = scene.kube.call(Method::POST, &path, Some(&secret)).await;
    made.unwrap();
    scene.start(3, "sleep 1000");
    let pod = scene.until_building(3, "").await;
    let (name, login) = pulls_with(&scene, &pod, "registry.example").await;
    assert_eq!(
        (name.as_str(), &login["auth"]),
        ("registry", &json!("YTpi"))
    );
}
