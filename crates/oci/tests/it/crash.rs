//! What a killed server leaves behind.

use std::convert::Infallible;
use std::path::Path;
use std::process::{Command, Stdio};

use bytes::Bytes;
use http::Request;
use http_body_util::StreamBody;
use towpath_model::Digest;
use towpath_oci::{LayerStore, Registry};
use towpath_store::{Blobs, Store};
use towpath_testkit::eventually;

use crate::uploads::files;

const CHILD: &str = "TOWPATH_TEST_CRASH";

#[tokio::test]
async fn a_killed_server_leaves_no_half_blob() {
    let data = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    let mut child = Command::new(program)
        .args(["--exact", "crash::child"])
        .env(CHILD, data.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let blobs = data.path().join("blobs");
    let whole = Digest::of(b"whole");
    eventually("the upload to reach the disk", || {
        (blobs.is_dir() && files(&blobs) > 1).then_some(())
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let registry = open(data.path()).await;
    assert_eq!(files(&blobs), 1);
    let pull = Request::get(format!("/v2/a/blobs/{whole}"));
    let response = registry
        .handle(pull.body(http_body_util::Empty::<Bytes>::new()).unwrap())
        .await;
    assert!(response.status().is_success());
}

#[tokio::test]
async fn half_a_layer_is_gone_when_the_server_is_back() {
    let data = tempfile::tempdir().unwrap();
    let half = data.path().join("unpacking").join("half");
    std::fs::create_dir_all(&half).unwrap();
    std::fs::write(half.join("file"), "half").unwrap();
    let blobs = Blobs::open(&data.path().join("blobs")).unwrap();
    LayerStore::open(data.path(), blobs).unwrap();
    assert!(!half.exists());
}

/// Does nothing unless [`a_killed_server_leaves_no_half_blob`] starts it, and then has no end.
#[tokio::test]
async fn child() {
    let Some(data) = std::env::var_os(CHILD) else {
        return;
    };
    let registry = open(Path::new(&data)).await;
    push(&registry, Digest::of(b"whole"), vec![Bytes::from("whole")]).await;
    let endless = std::iter::repeat_n(Bytes::from(vec![1; 1 << 20]), 4);
    push(&registry, Digest::of(b"never"), endless.collect()).await;
}

async fn open(data: &Path) -> Registry {
    let store = Store::open(data).await.unwrap();
    Registry::new(store, Blobs::open(&data.join("blobs")).unwrap())
}

/// A client that goes silent after the pieces, unless they are all there is.
async fn push(registry: &Registry, digest: Digest, pieces: Vec<Bytes>) {
    let stays = pieces.len() > 1;
    let frames = pieces
        .into_iter()
        .map(|piece| Ok::<_, Infallible>(http_body::Frame::data(piece)));
    let frames = futures_util::stream::iter(frames);
    let request = Request::post(format!("/v2/a/blobs/uploads/?digest={digest}"));
    if stays {
        let silence = futures_util::stream::pending();
        let body = StreamBody::new(futures_util::StreamExt::chain(frames, silence));
        registry.handle(request.body(body).unwrap()).await;
    } else {
        registry
            .handle(request.body(StreamBody::new(frames)).unwrap())
            .await;
    }
}
