//! Where a project's builds run, as the API takes it and as it is shown.

use reqwest::Method;
use serde_json::{Value, json};

use crate::clusters::{prod, send};
use crate::fixture::Server;

const PATH: &str = "/api/v1/projects/web/build-place";

async fn server() -> Server {
    let server = Server::start().await;
    send(&server, Method::POST, "/api/v1/clusters", Some(&prod())).await;
    server.create_project("web").await;
    server
}

async fn put(server: &Server, place: Value) -> (u16, Value) {
    send(server, Method::PUT, PATH, Some(&place)).await
}

#[tokio::test]
async fn a_project_says_where_it_builds() {
    let server = server().await;
    let shown = server.json("/api/v1/projects/web").await;
    assert_eq!(shown["build_place"], json!({"on": "sandbox"}));
    let page = server.text("/projects/web").await;
    assert!(
        page.contains("in sandboxes of the server's machine"),
        "{page}"
    );
    let place = json!({
        "on": "prod", "image": "ghcr.io/acme/<tools>:3", "compute": "BUILD_GENERAL1_LARGE",
        "pull_secret": "ghcr",
    });
    assert_eq!(put(&server, place.clone()).await, (200, place.clone()));
    let shown = server.json("/api/v1/projects/web").await;
    assert_eq!(shown["build_place"], place);
    let page = server.text("/projects/web").await;
    for part in [
        "in pods of cluster prod",
        "<code>ghcr.io/acme/&#60;tools&#62;:3</code>",
        "pulled with secret <code>ghcr</code>",
        "<code>BUILD_GENERAL1_LARGE</code>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[tokio::test]
async fn what_is_no_place_is_refused() {
    let server = server().await;
    for (place, code) in [
        (json!({"on": "nowhere"}), "no_such_cluster"),
        (json!({"on": "local"}), "bad_build_place"),
        (
            json!({"on": "sandbox", "pull_secret": "ghcr"}),
            "bad_build_place",
        ),
        (
            json!({"on": "prod", "pull_secret": "No Secret"}),
            "bad_pull_secret",
        ),
        (json!({"on": "prod", "compute": "HUGE"}), "bad_compute_type"),
        (json!({"on": "prod", "image": ""}), "bad_build_place"),
    ] {
        let (status, answer) = put(&server, place.clone()).await;
        assert_eq!(
            (status, &answer["error"]["code"]),
            (400, &json!(code)),
            "{place}"
        );
    }
}
