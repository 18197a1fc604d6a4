use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};

use crate::fixture::{Fixture, project};

async fn ask(server: &Fixture, request: http::request::Builder) -> (StatusCode, String) {
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let response = server.repositories.handle(&project(), request).await;
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn both_services_are_advertised() {
    let server = Fixture::new().await;
    for service in ["git-upload-pack", "git-receive-pack"] {
        let request = Request::get(format!("/git/hello.git/info/refs?service={service}"));
        let (status, body) = ask(&server, request).await;
        assert_eq!(status, 200);
        assert!(body.contains(&format!("# service={service}")), "{body}");
    }
    let request =
        Request::get("/x/info/refs?service=git-upload-pack").header("git-protocol", "version=2");
    let (_, body) = ask(&server, request).await;
    assert!(body.contains("version 2"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_smart_http_is_refused() {
    let server = Fixture::new().await;
    for (request, expected) in [
        (Request::get("/git/hello.git/info/refs"), 403),
        (Request::get("/git/hello.git/HEAD"), 403),
        (Request::get("/git/hello.git/objects/info/packs"), 403),
        (Request::get("/git/hello.git/config"), 404),
        (Request::get("/git/hello.git/git-upload-pack"), 405),
        (Request::post("/git/hello.git/git-upload-pack"), 415),
        (
            Request::post("/git/hello.git/git-upload-pack")
                .header("content-type", "application/x-git-upload-pack-request")
                .header("content-encoding", "br"),
            415,
        ),
    ] {
        let (status, body) = ask(&server, request).await;
        assert_eq!(status.as_u16(), expected, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn git_lfs_is_told_that_there_is_none() {
    let server = Fixture::new().await;
    for path in ["objects/batch", "locks/verify"] {
        let request = Request::post(format!("/git/hello.git/info/lfs/{path}"))
            .header("accept", "application/vnd.git-lfs+json")
            .header("content-type", "application/vnd.git-lfs+json");
        let (status, body) = ask(&server, request).await;
        assert_eq!(status, 501);
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let message = body["message"].as_str().unwrap();
        assert!(message.starts_with("Git LFS is not supported"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_is_not_there_is_not_found() {
    let server = Fixture::new().await;
    server.repositories.delete(&project()).await.unwrap();
    let request = Request::get("/git/hello.git/info/refs?service=git-upload-pack");
    assert_eq!(ask(&server, request).await.0, 404);
}
