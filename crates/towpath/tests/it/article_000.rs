//! The script of `examples/article-000`, as its README has the reader run it.

use std::path::Path;

use serde_json::Value;
use tokio::process::Command;
use towpath_testkit::{kube, require};

use crate::flow::registry_with_busybox;
use crate::program::program;

/// Runs the script and gives what it said; none when the machine lacks what it needs.
async fn run(options: &[&str]) -> Option<String> {
    for needed in ["curl", "openssl", "cc"] {
        require(needed)?;
    }
    let (registry, _blobs) = registry_with_busybox().await?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/article-000/run");
    let output = Command::new(script)
        .args(options)
        .args(["--", "--registry-mirror"])
        .arg(format!("docker.io=http://{}", registry.host()))
        .env("TOWPATH", program())
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    let last = said.lines().last().unwrap_or_default();
    assert!(last.starts_with("article-000: ok in "), "{said}");
    Some(said)
}

#[track_caller]
fn assert_said(said: &str, expected: &[&str]) {
    for expected in expected {
        assert!(said.contains(expected), "no {expected:?} in:\n{said}");
    }
}

#[tokio::test]
async fn a_signed_push_of_github_is_deployed_on_this_machine() {
    let Some(said) = run(&[]).await else { return };
    assert_said(
        &said,
        &[
            "Hello, from article 000!",
            "Welcome, from article 000!",
            "kind: Deployment",
            "greeter@sha256:",
        ],
    );
}

#[tokio::test]
async fn a_signed_push_of_github_is_deployed_on_kubernetes() {
    let Some(kube) = kube() else { return };
    let namespace = kube.namespace(&[]).await.unwrap();
    let name = namespace.name();
    let kubeconfig = kube.kubeconfig().to_str().unwrap();
    let Some(said) = run(&["--kubeconfig", kubeconfig, "--namespace", name]).await else {
        return;
    };
    let path = format!("/apis/apps/v1/namespaces/{name}/deployments/greeter");
    let deployment: Value = kube.get(&path).await.unwrap();
    assert_eq!(deployment["status"]["readyReplicas"], 2, "{deployment:#}");
    let image = &deployment["spec"]["template"]["spec"]["containers"][0]["image"];
    let image = image.as_str().unwrap();
    assert!(image.contains("/greeter@sha256:"), "{image}");
    for kind in ["services", "configmaps"] {
        let path = format!("/api/v1/namespaces/{name}/{kind}/greeter");
        kube.get(&path).await.unwrap();
    }
    assert_said(&said, &["kind: Deployment", "greeter@sha256:"]);
}
