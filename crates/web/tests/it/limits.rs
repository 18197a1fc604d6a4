use std::io::{Read, Write};
use std::net::TcpStream;

use reqwest::Method;

use crate::fixture::Server;

#[tokio::test]
async fn what_a_client_sends_wrong_has_a_code() {
    let server = Server::start().await;
    server.create_project("hello").await;
    let projects = "/api/v1/projects";
    let big = format!("{{\"name\":\"{}\"}}", "x".repeat(100_000));
    for (path, body, status, code) in [
        (projects, "{\"name\":\"hello\"}", 409, "exists"),
        (projects, "{\"name\":\"Hello\"}", 400, "bad_name"),
        (
            projects,
            "{\"name\":\"a\",\"branch\":\"a..b\"}",
            400,
            "bad_branch",
        ),
        (
            projects,
            "{\"name\":\"a\",\"cluster\":\"moon\"}",
            400,
            "no_such_cluster",
        ),
        (
            projects,
            "{\"name\":\"a\",\"colour\":\"blue\"}",
            422,
            "bad_body",
        ),
        (projects, "{\"name\":", 400, "bad_body"),
        (projects, &big, 413, "bad_body"),
        (
            "/api/v1/projects/nope/executions",
            "{}",
            404,
            "no_such_project",
        ),
        ("/api/v1/projects/hello/executions", "{}", 409, "no_commit"),
        (
            "/api/v1/projects/hello/executions",
            "{\"request\":\"a b\"}",
            400,
            "bad_request_token",
        ),
        (
            "/api/v1/projects/hello/executions/7/cancel",
            "",
            404,
            "no_such_execution",
        ),
        ("/api/v1/nothing", "", 404, "no_such_path"),
    ] {
        let request = server
            .authorised(Method::POST, path)
            .header("content-type", "application/json")
            .body(body.to_owned());
        let response = request.send().await.unwrap();
        let got = response.status().as_u16();
        let text = response.text().await.unwrap();
        let start: String = body.chars().take(60).collect();
        assert_eq!(got, status, "{path} {start}: {text}");
        assert!(
            text.contains(&format!("\"code\":\"{code}\"")),
            "{path} {start}: {text}"
        );
    }
    for (path, code) in [
        ("/api/v1/projects?x=1", "bad_parameter"),
        ("/api/v1/projects/hello/executions?limit=0", "bad_parameter"),
        (
            "/api/v1/projects/hello/executions?limit=many",
            "bad_parameter",
        ),
        ("/api/v1/projects/HELLO", "bad_path"),
        ("/api/v1/projects/hello/executions/one", "bad_path"),
        (
            "/api/v1/projects/hello/executions/1/manifests",
            "no_such_execution",
        ),
        (
            "/api/v1/projects/hello/app/pods/a/log",
            "cluster_unavailable",
        ),
    ] {
        let text = server.get(path).await.text().await.unwrap();
        assert!(
            text.contains(&format!("\"code\":\"{code}\"")),
            "{path}: {text}"
        );
    }
}

#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful() {
    let server = Server::start().await;
    for path in ["/", "/login", "/api/v1/projects", "/nothing", "/v2/"] {
        let response = server.get(path).await;
        let headers = response.headers();
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe"));
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["x-frame-options"], "DENY", "{path}");
    }
}

#[tokio::test]
async fn assets_are_kept_for_ever_under_their_hash() {
    let server = Server::start().await;
    let page = server.text("/").await;
    let addresses: Vec<&str> = page
        .split(['"', '\''])
        .filter(|text| text.starts_with("/assets/"))
        .collect();
    assert_eq!(addresses.len(), 5, "{page}");
    for address in addresses {
        let response = server.get(address).await;
        assert_eq!(response.status(), 200, "{address}");
        let cache = response.headers()["cache-control"].to_str().unwrap();
        assert!(cache.contains("immutable"), "{cache}");
    }
    assert_eq!(server.get("/assets/0/towpath.css").await.status(), 404);
}

#[tokio::test]
async fn health_is_for_everybody() {
    let server = Server::start().await;
    let request = server
        .request(Method::GET, "/healthz")
        .header("host", "10.0.0.1");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.text().await.unwrap(), "{\"status\":\"ok\"}");
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_instead_of_http_is_an_error_and_no_hang() {
    let server = Server::start().await;
    let address = server.address;
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"\x16\x03\x01 hello\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    })
    .await
    .unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}
