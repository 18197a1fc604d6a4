//! Projects that are deleted, and what is left of them: nothing.

use std::path::Path;
use std::process::Output;

use reqwest::Method;
use serde_json::json;
use towpath_testkit::{TowpathServer, WorkTree, eventually_async, kube};

use crate::kube::{PROJECT, Scene, said, towpath};
use crate::program::{Running, assert_status};

fn delete(server: &TowpathServer, options: &[&str]) -> Output {
    towpath(server, &[&["project", "delete", PROJECT], options].concat())
}

async fn gone(server: &TowpathServer) {
    let path = format!("/api/v1/projects/{PROJECT}");
    eventually_async("the project to be gone", || async {
        let error = server.get(&path).await.err()?.to_string();
        error.contains("no_such_project").then_some(())
    })
    .await;
}

fn holds_nothing(data: &Path) {
    for path in [format!("repos/{PROJECT}.git"), format!("logs/{PROJECT}")] {
        assert!(!data.join(&path).exists(), "{path}");
    }
}

#[tokio::test]
async fn nothing_is_left_and_the_name_is_free_again() {
    let running = Running::start().await;
    let server = &running.server;
    server.create_project(PROJECT).await.unwrap();
    let tree = WorkTree::prebuilt(PROJECT, 1, "echo building").unwrap();
    assert_status(&running.push(&tree, PROJECT, 1).await, "succeeded");
    let tags = format!("{}/v2/{PROJECT}/tags/list", server.url());
    let tags = || async { reqwest::get(&tags).await.unwrap().status() };
    assert_eq!(tags().await, 200);

    let asked = delete(server, &[]);
    assert_eq!(asked.status.code(), Some(2), "{}", said(&asked));
    assert!(
        said(&asked).contains("say so with --yes"),
        "{}",
        said(&asked)
    );
    let deleted = delete(server, &["--yes"]);
    assert!(deleted.status.success(), "{}", said(&deleted));
    assert_eq!(said(&deleted), "Project hello is deleted.\n");
    holds_nothing(&running.folder.path().join("data"));
    assert_eq!(tags().await, 404);

    server.create_project(PROJECT).await.unwrap();
    eventually_async("the pods to be gone", || async {
        let app = server.get("/api/v1/projects/hello/app").await.unwrap();
        (app["pods"] == json!([])).then_some(())
    })
    .await;
    assert_status(&running.push(&tree, PROJECT, 1).await, "succeeded");
    running.server.stop().await.unwrap();
}

/// What was asked for is done by the next server, and what ran is cancelled.
#[tokio::test]
async fn a_deletion_goes_on_after_the_server_was_killed() {
    let running = Running::start().await;
    running.server.create_project(PROJECT).await.unwrap();
    let tree = WorkTree::new().unwrap();
    for script in ["ci/build.sh", "ci/test.sh"] {
        tree.write(script, "#!/bin/sh\necho sleeping\nsleep 600\n")
            .unwrap();
    }
    tree.commit("One").unwrap();
    tree.push(&running.server.git_url(PROJECT)).unwrap();
    eventually_async("the build to run", || async {
        let log = running.log(PROJECT, 1, "Build/Build").await;
        log.contains("sleeping").then_some(())
    })
    .await;
    let path = format!("/api/v1/projects/{PROJECT}");
    let deletion = running.server.call(Method::DELETE, &path, None).await;
    assert!(deletion.unwrap()["requested_at"].is_string());
    let running = running.kill_and_start().await;
    gone(&running.server).await;
    holds_nothing(&running.folder.path().join("data"));
    running.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_cluster_that_does_not_answer_holds_a_deletion_up_and_says_what_to_do() {
    let Some(kube) = kube() else { return };
    let scene = Scene::start(kube, &[]).await;
    assert_status(&scene.push(1).await, "succeeded");
    let server = &scene.running.server;
    scene.lose_cluster().await;
    let stuck = delete(server, &["--yes"]);
    assert_eq!(stuck.status.code(), Some(1), "{}", said(&stuck));
    for expected in ["cannot be reached", "project delete hello --leave-app"] {
        assert!(said(&stuck).contains(expected), "{}", said(&stuck));
    }
    let shown = towpath(server, &["project", "show", PROJECT]);
    assert!(
        said(&shown).contains("being deleted, and stuck"),
        "{}",
        said(&shown)
    );
    assert!(scene.tree.push(&server.git_url(PROJECT)).is_err());
    assert!(scene.object("deployments/hello").await.is_some());

    scene.mend_cluster();
    gone(server).await;
    eventually_async("its objects to be gone", || async {
        scene
            .object("deployments/hello")
            .await
            .is_none()
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_app_may_be_left_where_it_is() {
    let Some(kube) = kube() else { return };
    let scene = Scene::start(kube, &[]).await;
    assert_status(&scene.push(1).await, "succeeded");
    let deleted = delete(&scene.running.server, &["--yes", "--leave-app"]);
    assert!(deleted.status.success(), "{}", said(&deleted));
    assert!(scene.object("deployments/hello").await.is_some());
}
