//! Builds in pods of a real API server; a played kubelet runs the pods' commands as processes here.

mod kept;
mod lost;
mod names;
mod private_images;
mod scene;
mod tls;

use reqwest::Method;
use towpath_testkit::eventually_async;

use crate::program::assert_status;
use scene::{PROJECT, Scene};

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
        worker,
    } = scene;
    let scene = Scene {
        running: running.kill_and_start().await,
        tree,
        kube,
        namespace,
        worker,
    };
    scene.until_building(2, &first).await;
    eventually_async("the first pod to go", || async {
        (scene.pods().await.len() == 1).then_some(())
    })
    .await;
}
