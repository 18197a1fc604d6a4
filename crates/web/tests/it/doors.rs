//! git and registry clients as they are, through the guard.

use std::process::Command;

use tempfile::TempDir;
use towpath_model::Event;
use towpath_testkit::{WorkTree, require};

use crate::fixture::Server;

fn clone_url(server: &Server, password: &str) -> String {
    format!("http://anyone:{password}@{}/git/hello.git", server.address)
}

#[tokio::test(flavor = "multi_thread")]
async fn git_pushes_with_the_token_and_reads_without() {
    let server = Server::start().await;
    server.create_project("hello").await;
    let tree = WorkTree::new().unwrap();
    tree.write("README", "hello").unwrap();
    let commit = tree.commit("Say hello").unwrap();

    let anonymous = tree
        .push(&server.url("/git/hello.git"))
        .unwrap_err()
        .to_string();
    assert!(anonymous.contains("could not read Username"), "{anonymous}");
    let wrong = tree
        .push(&clone_url(&server, "wrong"))
        .unwrap_err()
        .to_string();
    assert!(wrong.contains("Authentication failed"), "{wrong}");
    tree.push(&clone_url(&server, &server.token)).unwrap();

    let events = server.store.unhandled_events().await.unwrap();
    let Event::RefUpdated(update) = &events[0].event else {
        panic!("{events:?}")
    };
    assert_eq!(update.new.as_ref().unwrap().as_str(), commit);
    let listed = tree
        .git(&["ls-remote", &server.url("/git/hello.git"), "main"])
        .unwrap();
    assert!(listed.starts_with(&commit), "{listed}");
    let started = server
        .authorised(reqwest::Method::POST, "/api/v1/projects/hello/executions")
        .json(&serde_json::json!({ "request": "once" }));
    let again = started.try_clone().unwrap();
    let started: serde_json::Value =
        serde_json::from_str(&started.send().await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(
        (&started["commit"], &started["new"]),
        (&commit.into(), &true.into())
    );
    let again: serde_json::Value =
        serde_json::from_str(&again.send().await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(again["new"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn skopeo_pushes_with_the_token_and_reads_without() {
    let Some(skopeo) = require("skopeo") else {
        return;
    };
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    image(&folder);
    let run = |arguments: &[&str]| {
        let output = Command::new(&skopeo)
            .args(arguments)
            .env("REGISTRY_AUTH_FILE", folder.path().join("auth.json"))
            .output()
            .unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let source = format!("oci:{}", folder.path().join("image").display());
    let target = format!("docker://{}/hello:1", server.address);
    let copy = ["copy", "--dest-tls-verify=false", &source, &target];
    let (pushed, said) = run(&copy);
    assert!(!pushed && said.contains("unauthorized"), "{said}");
    let right = format!("anyone:{}", server.token);
    let (pushed, said) = run(&[&copy[..], &["--dest-creds", &right]].concat());
    assert!(pushed, "{said}");
    let (read, said) = run(&["inspect", "--tls-verify=false", "--raw", &target]);
    assert!(read, "{said}");
    let (read, said) = run(&[
        "inspect",
        "--tls-verify=false",
        "--raw",
        "--creds",
        "a:wrong",
        &target,
    ]);
    assert!(!read && said.contains("unauthorized"), "{said}");
}

/// An image without layers in an OCI layout: skopeo cares for the wire, not for the content.
fn image(folder: &TempDir) {
    let blobs = folder.path().join("image/blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    let put = |content: String| {
        let digest = towpath_model::Digest::of(content.as_bytes());
        std::fs::write(blobs.join(digest.hex()), &content).unwrap();
        (digest, content.len())
    };
    let (config, size) = put(
        r#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]},"config":{}}"#
            .to_owned(),
    );
    let (manifest, length) = put(format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":{size}}},"layers":[]}}"#
    ));
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{manifest}","size":{length}}}]}}"#
    );
    std::fs::write(folder.path().join("image/index.json"), index).unwrap();
    let layout = folder.path().join("image/oci-layout");
    std::fs::write(layout, r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
}
