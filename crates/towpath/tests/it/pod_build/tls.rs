//! Workers that call over https.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;
use towpath_testkit::{TowpathServer, WorkTree, certificate, certificate_with, kube, require};

use super::scene::{PROJECT, Scene};
use crate::program::{Running, assert_status, program};

/// Options with which a server speaks TLS, and a work tree that pushes to it: what git trusts is not tested here.
fn tls(openssl: &Path, folder: &Path) -> ([String; 4], WorkTree) {
    let (cert, key) = certificate(openssl, folder).unwrap();
    let (cert, key) = (cert.display().to_string(), key.display().to_string());
    let tree = WorkTree::new().unwrap();
    tree.git(&["config", "http.sslVerify", "false"]).unwrap();
    let options = ["--tls-cert".into(), cert, "--tls-key".into(), key];
    (options, tree)
}

fn strs(options: &[String]) -> Vec<&str> {
    options.iter().map(String::as_str).collect()
}

#[tokio::test]
async fn a_worker_calls_over_tls() {
    let (Some(kube), Some(openssl)) = (kube(), require("openssl")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (options, tree) = tls(&openssl, folder.path());
    let running = Running::start_with(folder, &strs(&options)).await;
    assert!(running.server.url().starts_with("https://"));
    let host = running.server.address().to_owned();
    let scene = Scene::with(kube, running, tree, &host).await;
    scene.start(2, "seq 100000 | tail -n 1");
    let execution = scene.running.server.finished(PROJECT, 2).await;
    assert_status(&execution, "succeeded");
    let log = scene.running.log(PROJECT, 2, "Build/Build").await;
    assert!(log.contains("\n100000\n"), "{log}");
}

/// What the worker calls is another server, whose certificate nobody has told it of.
#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_told_in_a_sentence() {
    let (Some(kube), Some(openssl)) = (kube(), require("openssl")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (options, _) = tls(&openssl, folder.path());
    let front = TowpathServer::start(program(), &folder.path().join("data"), &strs(&options))
        .await
        .unwrap();
    let running = Running::start().await;
    let running = running.restart(&["--public-url", front.url()]).await;
    let tree = WorkTree::new().unwrap();
    let scene = Scene::with(kube, running, tree, front.address()).await;
    let calls = format!("https://{}/work/v1/", front.address());
    let reason = failed(&scene, 2).await;
    assert!(
        reason.starts_with(&format!(
            "Build: container build ended with exit code 1: towpath-worker: the certificate of {calls}"
        )) && reason.ends_with(
            " is not trusted: no authority that the worker knows has issued it; name the one that has with \
             `towpath serve --public-ca FILE`"
        ),
        "{reason}"
    );
    let scene = trusting(scene, &front, &folder).await;
    let reason = failed(&scene, 3).await;
    // It calls now, and is told that its job is not there.
    assert!(
        reason.contains("the server refuses with status 401"),
        "{reason}"
    );
}

async fn failed(scene: &Scene, number: u64) -> String {
    scene.start(number, "true");
    let execution = scene.running.server.finished(PROJECT, number).await;
    assert_status(&execution, "failed");
    execution["reason"].as_str().unwrap().to_owned()
}

async fn trusting(scene: Scene, front: &TowpathServer, folder: &TempDir) -> Scene {
    let authority = folder.path().join("cert.pem").display().to_string();
    let options = ["--public-url", front.url(), "--public-ca", &authority];
    Scene {
        running: scene.running.restart(&options).await,
        ..scene
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_told() {
    let Some(openssl) = require("openssl") else {
        return;
    };
    let other = [
        "subjectAltName=DNS:other.example",
        "basicConstraints=CA:FALSE",
    ];
    let authority = ["subjectAltName=IP:127.0.0.1", "basicConstraints=CA:TRUE"];
    for (extensions, why) in [
        (
            other,
            "it is for another name; give the server one for the host of --public-url",
        ),
        (
            authority,
            "it is an authority's (basicConstraints CA:TRUE), not a server's; make one with CA:FALSE",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = certificate_with(&openssl, folder.path(), &extensions).unwrap();
        let options = [
            "--tls-cert",
            cert.to_str().unwrap(),
            "--tls-key",
            key.to_str().unwrap(),
        ];
        let data = folder.path().join("data");
        let server = TowpathServer::start(program(), &data, &options)
            .await
            .unwrap();
        let url = format!("{}/work/v1/job", server.url());
        let ended = worker(&url, &cert, &folder.path().join("work"));
        let said = String::from_utf8(ended.stderr).unwrap();
        let expected = format!("towpath-worker: the certificate of {url} is not trusted: {why}\n");
        assert_eq!((ended.status.code(), said), (Some(1), expected));
    }
}

/// The program that pods run, as this package's build script made it.
fn worker(url: &str, trusted: &Path, folder: &Path) -> Output {
    Command::new(env!("TOWPATH_WORKER"))
        .env("TOWPATH_WORK_URL", url)
        .env("TOWPATH_WORK_TOKEN", "token")
        .env("TOWPATH_WORK_CA", fs::read_to_string(trusted).unwrap())
        .env("TOWPATH_WORK_FOLDER", folder)
        .output()
        .unwrap()
}
