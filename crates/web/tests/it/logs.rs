use towpath_store::RunOutcome;

use crate::fixture::Server;
use crate::scene::{Running, Scene};

async fn running(server: &Server) -> (Scene<'_>, Running, String) {
    server.create_project("hello").await;
    let scene = Scene::start(server, "Change").await;
    let running = scene.action("Build", "Build").await;
    let path = format!("{}/actions/Build/Build/log", scene.api());
    (scene, running, path)
}

#[tokio::test]
async fn a_log_is_read_from_any_offset() {
    let server = Server::start().await;
    let (scene, mut running, path) = running(&server).await;
    running.log.write(b"one\ntwo\n").unwrap();
    let response = server.get(&format!("{path}?offset=4&limit=2")).await;
    assert_eq!(response.headers()["towpath-log-next"], "6");
    assert_eq!(response.headers()["towpath-log-size"], "8");
    assert_eq!(response.headers()["towpath-log-open"], "true");
    assert_eq!(response.text().await.unwrap(), "tw");
    scene.end(running, RunOutcome::Succeeded).await;
    let response = server.get(&format!("{path}?offset=100")).await;
    assert_eq!(response.headers()["towpath-log-next"], "8");
    assert_eq!(response.headers()["towpath-log-open"], "false");
    assert_eq!(server.get(&format!("{path}?attempt=2")).await.status(), 404);
}

#[tokio::test]
async fn a_followed_log_ends_with_its_action() {
    let server = Server::start().await;
    let (scene, mut running, path) = running(&server).await;
    running.log.write(b"one\n").unwrap();
    let mut response = server.get(&format!("{path}?follow=true")).await;
    assert_eq!(&response.chunk().await.unwrap().unwrap()[..], b"one\n");
    running.log.write(b"two, unfinished").unwrap();
    assert_eq!(
        &response.chunk().await.unwrap().unwrap()[..],
        b"two, unfinished"
    );
    scene.end(running, RunOutcome::Succeeded).await;
    assert_eq!(response.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn a_page_shows_windows_of_a_long_log() {
    let server = Server::start().await;
    let (scene, mut running, _) = running(&server).await;
    for line in 1..=100_000 {
        running
            .log
            .write(format!("line {line}\n").as_bytes())
            .unwrap();
    }
    running.log.write(b"error: <the needle>\n").unwrap();
    for line in 1..=1000 {
        running
            .log
            .write(format!("after {line}\n").as_bytes())
            .unwrap();
    }
    let tail = server.text(&scene.page()).await;
    assert!(tail.contains("after 1000</code>") && !tail.contains("needle"));
    assert!(tail.len() < 100_000, "{}", tail.len());

    let found = server.text(&format!("{}?q=NEEDLE", scene.page())).await;
    assert!(found.contains("&lt;the <mark>needle</mark>&gt;"), "{found}");
    assert!(found.contains("id=\"L100001\" class=\"marked\""));

    let line = server.text(&format!("{}?line=500", scene.page())).await;
    assert!(line.contains("id=\"L500\" class=\"marked\"") && line.contains("line 510</code>"));

    let earlier = server
        .text(&format!(
            "{}/log?action=Build/Build&before=500",
            scene.page()
        ))
        .await;
    assert!(earlier.contains("line 499</code>") && !earlier.contains("line 500</code>"));
    let later = server
        .text(&format!(
            "{}/log?action=Build/Build&offset=7&line=2",
            scene.page()
        ))
        .await;
    assert!(later.contains("line 2</code>") && !later.contains("line 1</code>"));

    let reason = "the build failed".to_owned();
    scene.end(running, RunOutcome::Failed { reason }).await;
    let failed = server.text(&scene.page()).await;
    assert!(
        failed.contains("id=\"L100001\" class=\"marked\""),
        "opens at the first error"
    );
}
