//! Clusters and deletions on pages.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use towpath_testkit::eventually_async;

use crate::clusters::{prod, send};
use crate::fixture::Server;
use crate::scene::Scene;

async fn with_prod() -> Server {
    let server = Server::start().await;
    let (status, added) = send(&server, Method::POST, "/api/v1/clusters", Some(&prod())).await;
    assert_eq!(status, 201, "{added}");
    server
}

#[tokio::test]
async fn the_list_of_clusters_teaches_how_to_add_one() {
    let server = Server::start().await;
    let page = server.text("/clusters").await;
    assert!(
        page.contains("towpath cluster add NAME --kubeconfig FILE"),
        "{page}"
    );
    assert!(page.contains(">unavailable</span>"), "{page}");
    assert!(page.contains("there is none in these tests"), "{page}");
    let missing = server.get("/clusters/none").await;
    assert_eq!(missing.status(), 404);
}

#[tokio::test]
async fn a_cluster_is_looked_at_behind_the_page() {
    let server = with_prod().await;
    let mut events = server.get("/api/v1/events?clusters=true").await;
    let began = Instant::now();
    let page = server.text("/clusters").await;
    assert!(began.elapsed() < Duration::from_secs(3), "the page waited");
    assert!(page.contains(">checking</span>"), "{page}");
    let mut told = String::new();
    while !told.contains("event: cluster") {
        told.push_str(&String::from_utf8_lossy(
            &events.chunk().await.unwrap().unwrap(),
        ));
    }
    let page = server.text("/clusters").await;
    assert!(page.contains(">unreachable</span>"), "{page}");
    assert!(page.contains("https://127.0.0.1:1"), "{page}");
    assert!(page.contains("checked <time"), "{page}");
    let one = server.text("/clusters/prod").await;
    assert!(
        one.contains("data-say=\"Cluster prod: unreachable\""),
        "{one}"
    );
    assert!(
        one.contains("Not known: the cluster could not be asked."),
        "{one}"
    );
    assert!(!one.contains("hunter2"), "{one}");
}

#[tokio::test]
async fn a_cluster_shows_its_projects() {
    let server = with_prod().await;
    let body = json!({"name": "web", "cluster": "prod", "namespace": "shop"});
    let (status, made) = send(&server, Method::POST, "/api/v1/projects", Some(&body)).await;
    assert_eq!(status, 201, "{made}");
    server.create_project("hello").await;
    let place = json!({"on": "prod"});
    let path = "/api/v1/projects/hello/build-place";
    let (status, made) = send(&server, Method::PUT, path, Some(&place)).await;
    assert_eq!(status, 200, "{made}");
    let page = server.text("/clusters/prod").await;
    for shown in [
        "deploys in namespace <b>shop</b>",
        "builds in namespace <b>hello</b>",
    ] {
        assert!(page.contains(shown), "{shown} {page}");
    }
    let list = server.text("/clusters").await;
    assert!(
        list.contains("2 projects") && list.contains("1 project<"),
        "{list}"
    );
}

async fn ask_to_delete(
    server: &Server,
    cookie: Option<&str>,
    form: &[(&str, &str)],
) -> (u16, String) {
    let mut request = server
        .request(Method::POST, "/projects/hello/delete")
        .header("origin", server.url(""))
        .form(form);
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_project_is_deleted_when_its_name_was_typed() {
    let server = Server::start().await;
    server.create_project("hello").await;
    let scene = Scene::queued(&server, "Change").await;
    let anonymous = server.text("/projects/hello").await;
    assert!(!anonymous.contains("Delete project"), "{anonymous}");
    let (status, _) = ask_to_delete(&server, None, &[("name", "hello")]).await;
    assert_eq!(status, 303, "to the login");
    let cookie = server.log_in().await;
    for typed in [&[][..], &[("name", "helo")]] {
        let (status, page) = ask_to_delete(&server, Some(&cookie), typed).await;
        assert_eq!(status, 400);
        assert!(page.contains("Nothing was deleted"), "{page}");
    }
    let hello = "hello".parse().unwrap();
    assert_eq!(server.store.project_deletion(&hello).await.unwrap(), None);
    let form = [("name", "hello"), ("leave_app", "yes")];
    let (status, _) = ask_to_delete(&server, Some(&cookie), &form).await;
    assert_eq!(status, 303);
    let deletion = server.store.project_deletion(&hello).await.unwrap();
    assert!(deletion.unwrap().leave_app);
    let page = server.text("/projects/hello").await;
    for shown in [
        "being deleted</b>",
        "1 execution, which is being cancelled",
        "stays there",
    ] {
        assert!(page.contains(shown), "{shown} {page}");
    }
    assert!(!page.contains("Delete project"), "{page}");
    let list = server.text("/").await;
    assert!(list.contains(">being deleted</span>"), "{list}");
    drop(scene);
}

/// The page of a project that is gone leads on.
#[tokio::test]
async fn a_project_that_is_gone_is_not_found() {
    let server = Server::start().await;
    server.create_project("hello").await;
    let cookie = server.log_in().await;
    let (status, _) = ask_to_delete(&server, Some(&cookie), &[("name", "hello")]).await;
    assert_eq!(status, 303);
    let hello = "hello".parse().unwrap();
    let deletion = server
        .store
        .project_deletion(&hello)
        .await
        .unwrap()
        .unwrap();
    assert!(server.store.finish_deletion(&deletion).await.unwrap());
    eventually_async("the page to be gone", || async {
        (server.get("/projects/hello").await.status() == 404).then_some(())
    })
    .await;
}
