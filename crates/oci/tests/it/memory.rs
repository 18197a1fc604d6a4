//! A large blob does not go through memory. Measured in a process of its own, since the tests share theirs.

use std::convert::Infallible;
use std::process::Command;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, StreamBody};
use towpath_model::{Digest, Hasher};
use towpath_oci::Registry;

use crate::fixture::Fixture;

const CHILD: &str = "TOWPATH_TEST_MEMORY";
const PIECE: usize = 64 * 1024;
const LIMIT_KB: u64 = 16 * 1024;

/// Megabytes; a gigabyte is tried with TOWPATH_TEST_MEMORY_MB=1024.
fn size() -> usize {
    let text = std::env::var("TOWPATH_TEST_MEMORY_MB").ok();
    text.map_or(200, |text| text.parse().unwrap()) << 20
}

#[test]
fn a_large_blob_does_not_go_through_memory() {
    let program = std::env::current_exe().unwrap();
    let status = Command::new(program)
        .args(["--exact", "memory::child", "--nocapture"])
        .env(CHILD, "1")
        .status()
        .unwrap();
    assert!(status.success());
}

/// Does nothing unless [`a_large_blob_does_not_go_through_memory`] starts it.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let fixture = Fixture::new().await;
    push(&fixture.registry, 8 << 20).await;
    let before = peak_kb();
    let digest = push(&fixture.registry, size()).await;
    let pushed = peak_kb() - before;
    assert!(pushed < LIMIT_KB, "{pushed} kB more after the push");
    pull(&fixture.registry, digest).await;
    let pulled = peak_kb() - before;
    assert!(pulled < LIMIT_KB, "{pulled} kB more after the pull");
    println!(
        "{} MB: {pushed} kB more to push, {pulled} kB to pull",
        size() >> 20
    );
}

async fn push(registry: &Registry, size: usize) -> Digest {
    let piece = Bytes::from(vec![7; PIECE]);
    let mut hasher = Hasher::new();
    (0..size / PIECE).for_each(|_| hasher.update(&piece));
    let digest = hasher.finish();
    let pieces = std::iter::repeat_n(piece, size / PIECE);
    let frames = pieces.map(|piece| Ok::<_, Infallible>(http_body::Frame::data(piece)));
    let body = StreamBody::new(futures_util::stream::iter(frames));
    let request = Request::post(format!("/v2/a/blobs/uploads/?digest={digest}"));
    let response = registry.handle(request.body(body).unwrap()).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    digest
}

async fn pull(registry: &Registry, digest: Digest) {
    let request = Request::get(format!("/v2/a/blobs/{digest}"));
    let request = request.body(http_body_util::Empty::<Bytes>::new()).unwrap();
    let mut body = registry.handle(request).await.into_body();
    let mut hasher = Hasher::new();
    while let Some(frame) = body.frame().await {
        hasher.update(&frame.unwrap().into_data().unwrap());
    }
    assert_eq!(hasher.finish(), digest);
}

fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
