//! Pushing blobs in pieces, by hand.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, SystemTime};

use http::{Method, StatusCode};
use reqwest::Response;
use towpath_model::{Digest, Timestamp};
use towpath_oci::registry::Keep;
use towpath_testkit::eventually_async;

use crate::fixture::{Fixture, error, header};

async fn begin(fixture: &Fixture) -> String {
    let response = fixture.send(Method::POST, "/v2/a/blobs/uploads/").await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    assert_eq!(header(&response, "range"), "0-0");
    header(&response, "location")
}

async fn patch(fixture: &Fixture, path: &str, range: &str, content: &str) -> Response {
    let request = fixture.request(Method::PATCH, path);
    let request = request
        .header("content-range", range)
        .body(content.to_owned());
    request.send().await.unwrap()
}

async fn put(fixture: &Fixture, path: &str, digest: &Digest, content: &str) -> Response {
    let path = format!("{path}?digest={digest}");
    let request = fixture.request(Method::PUT, &path).body(content.to_owned());
    request.send().await.unwrap()
}

/// How many files there are, however deep.
pub(crate) fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap();
    let count = entries.map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path) } else { 1 }
    });
    count.sum()
}

#[tokio::test]
async fn chunks_come_in_order() {
    let fixture = Fixture::new().await;
    let upload = begin(&fixture).await;
    let first = patch(&fixture, &upload, "0-3", "0123").await;
    assert_eq!(first.status(), StatusCode::ACCEPTED);
    assert_eq!(header(&first, "range"), "0-3");
    for wrong in ["0-1", "5-6", "3-4"] {
        let answer = patch(&fixture, &upload, wrong, "xx").await;
        assert_eq!(answer.status(), StatusCode::RANGE_NOT_SATISFIABLE);
        assert_eq!(header(&answer, "range"), "0-3");
        assert_eq!(header(&answer, "location"), upload);
    }
    let status = fixture.get(&upload).await;
    assert_eq!(status.status(), StatusCode::NO_CONTENT);
    assert_eq!(header(&status, "range"), "0-3");
    assert_eq!(
        patch(&fixture, &upload, "4-5", "45").await.status(),
        StatusCode::ACCEPTED
    );
    let digest = Digest::of(b"01234567");
    let done = put(&fixture, &upload, &digest, "67").await;
    assert_eq!(done.status(), StatusCode::CREATED);
    let location = header(&done, "location");
    assert_eq!(
        fixture.get(&location).await.bytes().await.unwrap(),
        "01234567"
    );
    assert_eq!(
        fixture.status(Method::GET, &upload).await,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn content_of_another_digest_leaves_nothing() {
    let fixture = Fixture::new().await;
    let digest = Digest::of(b"right");
    let upload = begin(&fixture).await;
    let answer = error(put(&fixture, &upload, &digest, "wrong").await).await;
    assert_eq!(
        answer,
        (StatusCode::BAD_REQUEST, "DIGEST_INVALID".to_owned())
    );
    let large = "x".repeat(3 << 20);
    let answer = put(&fixture, &begin(&fixture).await, &digest, &large).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    for digest in [digest, Digest::of(b"wrong")] {
        let path = format!("/v2/a/blobs/{digest}");
        assert_eq!(
            fixture.status(Method::GET, &path).await,
            StatusCode::NOT_FOUND
        );
    }
    assert_eq!(files(&fixture.data.path().join("blobs")), 0);
}

#[tokio::test]
async fn a_chunk_that_is_not_as_long_as_it_says_ends_the_upload() {
    let fixture = Fixture::new().await;
    let upload = begin(&fixture).await;
    let answer = error(patch(&fixture, &upload, "0-9", "01").await).await;
    assert_eq!(answer, (StatusCode::BAD_REQUEST, "SIZE_INVALID".to_owned()));
    assert_eq!(
        fixture.status(Method::GET, &upload).await,
        StatusCode::NOT_FOUND
    );
    let upload = begin(&fixture).await;
    let answer = error(patch(&fixture, &upload, "x", "01").await).await;
    assert_eq!(
        answer,
        (StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID".to_owned())
    );
}

#[tokio::test]
async fn an_upload_belongs_to_its_repository_and_can_be_cancelled() {
    let fixture = Fixture::new().await;
    let upload = begin(&fixture).await;
    let elsewhere = upload.replace("/v2/a/", "/v2/b/");
    assert_eq!(
        fixture.status(Method::GET, &elsewhere).await,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        fixture.status(Method::DELETE, &upload).await,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        fixture.status(Method::GET, &upload).await,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing() {
    let fixture = Fixture::new().await;
    let upload = begin(&fixture).await;
    let mut client = TcpStream::connect(fixture.server.host()).unwrap();
    let head = format!("PATCH {upload} HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n");
    client.write_all(head.as_bytes()).unwrap();
    client.write_all(&vec![0; 3 << 20]).unwrap();
    let blobs = fixture.data.path().join("blobs");
    eventually_async("the upload to reach the disk", || async {
        (files(&blobs) > 0).then_some(())
    })
    .await;
    drop(client);
    eventually_async("the upload to be gone", || async {
        let status = fixture.status(Method::GET, &upload).await;
        (status == StatusCode::NOT_FOUND && files(&blobs) == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn not_everybody_can_upload_at_once() {
    let fixture = Fixture::new().await;
    for _ in 0..256 {
        begin(&fixture).await;
    }
    let refused = error(fixture.send(Method::POST, "/v2/a/blobs/uploads/").await).await;
    let expected = (StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS".to_owned());
    assert_eq!(refused, expected);
}

#[tokio::test]
async fn an_upload_that_rests_for_too_long_is_forgotten() {
    let fixture = Fixture::new().await;
    let upload = begin(&fixture).await;
    assert_eq!(
        patch(&fixture, &upload, "0-1", "01").await.status(),
        StatusCode::ACCEPTED
    );
    let keep = Keep {
        digests: BTreeSet::new(),
        grace: Duration::from_secs(3600),
        foreign: Duration::from_secs(3600),
    };
    for (minutes, expected) in [(59, StatusCode::NO_CONTENT), (61, StatusCode::NOT_FOUND)] {
        let now = Timestamp::from(SystemTime::now()).plus(Duration::from_secs(minutes * 60));
        fixture.registry.collect(&keep, now).await.unwrap();
        assert_eq!(fixture.status(Method::GET, &upload).await, expected);
    }
}
