use reqwest::Method;
use serde_json::json;
use towpath_model::{Status, Timestamp};
use towpath_store::RunOutcome;

use crate::fixture::Server;
use crate::scene::{COMMIT, Scene, building};

#[tokio::test]
async fn a_project_says_how_to_push_to_it() {
    let server = Server::start().await;
    server.create_project("hello").await;
    let project = server.json("/api/v1/projects/hello").await;
    assert_eq!(project["clone_url"], server.url("/git/hello.git"));
    assert_eq!(project["branch"], "main");
    assert_eq!(project["namespace"], "hello");
    assert_eq!(project["latest_execution"], json!(null));
    let list = server.json("/api/v1/projects").await;
    assert_eq!(list["projects"], json!([project]));
}

#[tokio::test]
async fn an_execution_tells_its_story() {
    let server = Server::start().await;
    server.create_project("hello").await;
    let (scene, build) = building(&server, "Change the colour").await;
    let execution = server.json(&scene.api()).await;
    assert_eq!(execution["status"], "running");
    assert_eq!(execution["commit"], COMMIT);
    assert_eq!(execution["stages"][0]["status"], "succeeded");
    assert_eq!(execution["stages"][1]["status"], "running");
    let action = &execution["stages"][1]["actions"][0];
    assert_eq!(action["name"], "Build");
    assert_eq!(action["attempt"], 1);
    assert_eq!(action["phases"][2]["name"], "build");
    assert_eq!(action["phases"][2]["status"], "running");
    assert_eq!(execution["artifacts"][0]["name"], "SourceOutput");

    let zip = server
        .get(&format!("{}/artifacts/SourceOutput", scene.api()))
        .await;
    assert_eq!(zip.headers()["content-type"], "application/zip");
    assert_eq!(zip.text().await.unwrap(), "a zip");

    let reason = "the command `cargo test` ended with exit code 101";
    scene
        .end(
            build,
            RunOutcome::Failed {
                reason: reason.into(),
            },
        )
        .await;
    scene.release("kind: Deployment\n").await;
    scene.finish(Status::Failed, Some(reason)).await;
    let execution = server.json(&scene.api()).await;
    assert_eq!(execution["status"], "failed");
    assert_eq!(execution["reason"], reason);
    assert_eq!(execution["stages"][3]["status"], "skipped");
    let manifests = server.get(&format!("{}/manifests", scene.api())).await;
    assert_eq!(
        manifests.headers()["content-type"],
        "text/yaml; charset=utf-8"
    );
    assert_eq!(manifests.text().await.unwrap(), "kind: Deployment\n");
}

#[tokio::test]
async fn executions_are_found_and_paged() {
    let server = Server::start().await;
    server.create_project("hello").await;
    for index in 0..5 {
        let scene = Scene::queued(&server, &format!("{}Change", "x".repeat(index))).await;
        scene.finish(Status::Succeeded, None).await;
    }
    let first = server
        .json("/api/v1/projects/hello/executions?limit=2")
        .await;
    assert_eq!(numbers(&first), [5, 4]);
    assert_eq!(first["next"], 4);
    let rest = server
        .json("/api/v1/projects/hello/executions?before=4")
        .await;
    assert_eq!(numbers(&rest), [3, 2, 1]);
    assert_eq!(rest["next"], json!(null));
    let found = server
        .json("/api/v1/projects/hello/executions?q=xxxx")
        .await;
    assert_eq!(numbers(&found), [5]);
    let by_commit = server
        .json("/api/v1/projects/hello/executions?q=8f3c1d2&limit=1")
        .await;
    assert_eq!(by_commit["next"], 5);
}

fn numbers(list: &serde_json::Value) -> Vec<i64> {
    let executions = list["executions"].as_array().unwrap();
    executions
        .iter()
        .map(|execution| execution["number"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn cancelling_is_asked_for_once() {
    let server = Server::start().await;
    server.create_project("hello").await;
    let scene = Scene::start(&server, "Change").await;
    let cancel = format!("{}/cancel", scene.api());
    let post = || server.authorised(Method::POST, &cancel).send();
    assert_eq!(post().await.unwrap().status(), 202);
    let execution = server.store.execution(&scene.key).await.unwrap().unwrap();
    assert!(execution.cancel_requested_at.is_some());
    scene.finish(Status::Cancelled, None).await;
    assert_eq!(post().await.unwrap().status(), 409);
}

#[tokio::test]
async fn changes_are_told_as_they_happen() {
    let server = Server::start().await;
    server.create_project("hello").await;
    server.create_project("other").await;
    let mut events = server.get("/api/v1/events?project=hello").await;
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    let first = events.chunk().await.unwrap().unwrap();
    assert_eq!(&first[..], b"event: resync\ndata: {}\n\n");
    server
        .store
        .signals()
        .notify_change(&"other".parse().unwrap(), None);
    let scene = Scene::queued(&server, "Change").await;
    let told = events.chunk().await.unwrap().unwrap();
    let told = String::from_utf8(told.to_vec()).unwrap();
    let number = scene.key.number;
    assert_eq!(
        told,
        format!("event: change\ndata: {{\"project\":\"hello\",\"execution\":{number}}}\n\n")
    );
}

#[tokio::test]
async fn the_token_is_made_once_and_can_be_replaced() {
    let server = Server::start().await;
    let again = server.store.ensure_admin_token(Timestamp(2)).await.unwrap();
    assert_eq!(again, None);
    let cookie = server.log_in().await;
    let new = server
        .store
        .replace_admin_token(Timestamp(3))
        .await
        .unwrap();
    let gc = |request: reqwest::RequestBuilder| async { request.send().await.unwrap().status() };
    let post = || server.request(Method::POST, "/api/v1/gc");
    assert_eq!(gc(post().bearer_auth(&server.token)).await, 401);
    assert_eq!(gc(post().bearer_auth(&new)).await, 200);
    let origin = format!("http://{}", server.address);
    assert_eq!(
        gc(post().header("cookie", cookie).header("origin", origin)).await,
        401
    );
}

/// Nothing finishes it here: no loop runs.
#[tokio::test]
async fn a_project_that_is_being_deleted_takes_nothing_new_and_says_so() {
    let server = Server::start().await;
    server.create_project("hello").await;
    let path = "/api/v1/projects/hello";
    let unknown = server.authorised(Method::DELETE, "/api/v1/projects/nobody");
    assert_eq!(unknown.send().await.unwrap().status(), 404);
    let wrong = server.authorised(Method::DELETE, &format!("{path}?force=true"));
    assert_eq!(wrong.send().await.unwrap().status(), 400);
    let asked = server.authorised(Method::DELETE, &format!("{path}?leave_app=true"));
    let asked = asked.send().await.unwrap();
    assert_eq!(asked.status(), 202);
    assert_eq!(
        asked.json::<serde_json::Value>().await.unwrap()["leave_app"],
        true
    );

    let project = server.json(path).await;
    assert_eq!(project["deletion"]["leave_app"], true);
    let page = server.text("/projects/hello").await;
    assert!(page.contains("being deleted</b>"), "{page}");
    let calls = [
        (format!("{path}/executions"), json!({})),
        ("/api/v1/projects".to_owned(), json!({ "name": "hello" })),
    ];
    for (path, body) in calls {
        let refused = server.authorised(Method::POST, &path).json(&body);
        let refused = refused.send().await.unwrap();
        assert_eq!(refused.status(), 409, "{path}");
        let error = refused.json::<serde_json::Value>().await.unwrap();
        assert_eq!(error["error"]["code"], "being_deleted", "{error}");
    }
}
