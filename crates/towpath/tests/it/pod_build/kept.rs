//! Into the pod of a failed build.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use towpath_model::workspace::Exit;
use towpath_testkit::eventually;

use super::lost::NODE;
use super::scene::{BEHAVIOUR, PROJECT, Scene};
use crate::program::assert_status;
use crate::shell::{FAILS, enters, exec, looks_around, said};

/// Fails in a pod that is kept; gives the pod's name.
async fn fails(scene: &Scene, number: u64) -> String {
    scene.tree.write("buildspec.yml", FAILS).unwrap();
    scene.tree.write("number", number.to_string()).unwrap();
    let execution = scene.running.push(&scene.tree, PROJECT, number).await;
    assert_status(&execution, "failed");
    let log = scene.running.log(PROJECT, number, "Build/Build").await;
    let invitation = format!("Enter it: towpath exec {PROJECT} {number} Build/Build");
    assert!(log.contains(&invitation), "{log}");
    let pods = scene.pods().await;
    assert_eq!(pods.len(), 1, "{pods:?}");
    pods[0]["metadata"]["name"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_pod_of_a_failed_build_is_kept_for_visitors() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    fails(&scene, 2).await;
    let mut seat = enters(&scene.running, PROJECT, "2").await;
    looks_around(&mut seat).await;
    seat.types("exit 7\n").await;
    let (text, exit) = seat.leaves().await;
    assert_eq!(exit, Exit::Code(7), "{text}");
    let token = scene.running.server.token();
    let command = [
        PROJECT,
        "2",
        "Build",
        "--",
        "sh",
        "-c",
        "cat file; hostname; exit 3",
    ];
    let cat = exec(&scene.running, &command, token);
    assert_eq!(cat.status.code(), Some(3), "{}", said(&cat));
    let inside = format!("kept\nbuild-{PROJECT}-2-");
    assert!(said(&cat).starts_with(&inside), "{}", said(&cat));
    let gc = scene.running.server.call(Method::POST, "/api/v1/gc", None);
    assert_eq!(gc.await.unwrap()["sandboxes"], 1);
    scene.until_nothing_is_left().await;
    let gone = exec(&scene.running, &command, token);
    assert!(said(&gone).contains("is not kept"), "{}", said(&gone));
}

#[tokio::test]
async fn a_kept_pod_goes_with_its_server_and_when_its_time_has_come() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    fails(&scene, 2).await;
    let scene = Scene {
        running: scene.running.kill_and_start().await,
        ..scene
    };
    scene.until_nothing_is_left().await;
    fails(&scene, 3).await;
    let running = scene.running.restart(&["--keep-failed", "1s"]).await;
    let scene = Scene { running, ..scene };
    scene.until_nothing_is_left().await;
    scene.start(4, "false");
    let execution = scene.running.server.finished(PROJECT, 4).await;
    assert_status(&execution, "failed");
    scene.until_nothing_is_left().await;
}

#[tokio::test]
async fn a_visitor_is_told_that_the_pod_is_gone() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let pod = fails(&scene, 2).await;
    let mut seat = enters(&scene.running, PROJECT, "2").await;
    seat.sees("(failed build)").await;
    let path = scene.path(&format!("pods/{pod}"));
    let deleted = scene.kube.call(Method::DELETE, &path, None).await;
    deleted.unwrap();
    let (text, exit) = seat.leaves().await;
    let why = "the pod is being deleted: somebody deleted it, or its node is drained";
    assert!(exit == Exit::Code(2) && text.contains(why), "{exit} {text}");
    let token = scene.running.server.token();
    eventually("the pod to be no more kept", || {
        let gone = exec(
            &scene.running,
            &[PROJECT, "2", "Build", "--", "true"],
            token,
        );
        said(&gone).contains("is not kept").then_some(())
    });
}

/// A minute, the lease of a worker.
#[tokio::test]
async fn a_visitor_is_told_that_the_node_is_silent() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let node = scene.namespace.name();
    scene.namespace.annotate(NODE, node).await.unwrap();
    let pod = fails(&scene, 2).await;
    let mut seat = enters(&scene.running, PROJECT, "2").await;
    seat.sees("(failed build)").await;
    let lost = json!({"metadata": {"annotations": {BEHAVIOUR: "node-lost"}}});
    let path = scene.path(&format!("pods/{pod}"));
    let patched = scene.kube.call(Method::PATCH, &path, Some(&lost)).await;
    patched.unwrap();
    seat.patience(Duration::from_secs(120));
    let (text, exit) = seat.leaves().await;
    let why = "nothing was heard of its worker for 60 s";
    assert!(exit == Exit::Code(2) && text.contains(why), "{exit} {text}");
    eventually("the pod to be no more kept", || {
        let token = scene.running.server.token();
        let gone = exec(
            &scene.running,
            &[PROJECT, "2", "Build", "--", "true"],
            token,
        );
        said(&gone).contains("is not kept").then_some(())
    });
}
