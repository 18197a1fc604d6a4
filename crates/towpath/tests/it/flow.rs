//! Whole ways of a change, as a developer walks them.

use std::path::Path;

use towpath_oci::{Registry, Tag};
use towpath_store::{Blobs, Store};
use towpath_testkit::{RegistryServer, TowpathServer, WorkTree, answers, busybox_image, require};

use crate::program::{Running, assert_status, program, stages};

/// Article 000's project in C: its base image is a public name that is mapped onto our own registry.
#[tokio::test]
async fn a_project_made_from_article_000_alone_is_deployed() {
    let Some((registry, _blobs)) = registry_with_busybox().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mirror = format!("docker.io=http://{}", registry.host());
    let options = ["--registry-mirror", &mirror];
    let data = folder.path().join("data");
    let server = TowpathServer::start(program(), &data, &options)
        .await
        .unwrap();
    let running = Running { server, folder };
    running.server.create_project("greeter").await.unwrap();
    let tree = WorkTree::new().unwrap();
    tree.copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/article-000"))
        .unwrap();
    let execution = running.push(&tree, "greeter", 1).await;
    assert_status(&execution, "succeeded");
    assert_eq!(stages(&execution), ["Source", "Build", "Image", "Deploy"]);
    let url = running.server.app_url("greeter").await;
    answers(&url, "Hello, from article 000!\n").await.unwrap();
}

/// Serves `library/busybox`, made from Debian's busybox-static.
pub(crate) async fn registry_with_busybox() -> Option<(RegistryServer, tempfile::TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let registry = Registry::new(store, Blobs::open(&folder.path().join("blobs")).unwrap());
    let repository = "library/busybox".parse().unwrap();
    busybox_image(&registry, &repository, &[Tag::latest()]).await?;
    Some((RegistryServer::start(registry).await, folder))
}

#[tokio::test]
async fn plain_scripts_and_makefiles_are_builds_too() {
    let running = Running::start().await;
    running.server.create_project("plain").await.unwrap();
    let tree = WorkTree::new().unwrap();
    tree.write("ci/build.sh", "#!/bin/sh\necho built by script\n")
        .unwrap();
    tree.write("ci/test.sh", "#!/bin/sh\necho tested by script\n")
        .unwrap();
    let execution = running.push(&tree, "plain", 1).await;
    assert_status(&execution, "succeeded");
    assert_eq!(stages(&execution), ["Source", "Build"]);
    let log = running.log("plain", 1, "Build/Build").await;
    assert!(
        log.contains("built by script") && log.contains("tested by script"),
        "{log}"
    );
    tree.git(&["rm", "-rq", "ci"]).unwrap();
    tree.write(
        "Makefile",
        "build:\n\t@echo built by make\ntest:\n\t@echo tested by make\n",
    )
    .unwrap();
    let execution = running.push(&tree, "plain", 2).await;
    if require("make").is_some() {
        assert_status(&execution, "succeeded");
        let log = running.log("plain", 2, "Build/Build").await;
        assert!(
            log.contains("built by make") && log.contains("tested by make"),
            "{log}"
        );
    }
}

#[tokio::test]
async fn a_bad_file_fails_its_action_with_its_place() {
    let running = Running::start().await;
    running.server.create_project("hello").await.unwrap();
    let tree = WorkTree::prebuilt("hello", 1, "true").unwrap();
    let cases = [
        (
            "buildspec.yml",
            "version: 0.2\nphases:\n  biuld:\n    commands: [ls]\n",
            "buildspec.yml:3:3",
            "build",
        ),
        (
            "buildspec.yml",
            "version: 0.2\nphases:\n  build:\n    commands:\n      - echo no >&2; exit 3\n",
            "exit code 3",
            "build",
        ),
        (
            "Dockerfile",
            "FROM scratch\nCOPPY a b\n",
            "Dockerfile:2:1",
            "COPY",
        ),
        (
            "k8s/app.yml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec:\n  replicaz: 2\n  template: {spec: {containers: [{name: x, image: hello}]}}\n",
            "k8s/app.yml:5:3",
            "replicas",
        ),
    ];
    for (number, (path, text, place, hint)) in (1..).zip(cases) {
        let good = std::fs::read_to_string(tree.path().join(path)).unwrap();
        tree.write(path, text).unwrap();
        let execution = running.push(&tree, "hello", number).await;
        assert_status(&execution, "failed");
        let reason = execution["reason"].as_str().unwrap();
        assert!(reason.contains(place) && reason.contains(hint), "{reason}");
        tree.write(path, good).unwrap();
    }
}

/// Article 002's shape: a base, and an overlay that is what is deployed.
#[tokio::test]
async fn a_kustomization_is_rendered_and_deployed() {
    let running = Running::start().await;
    running.server.create_project("hello").await.unwrap();
    let tree = WorkTree::prebuilt("hello", 1, "true").unwrap();
    std::fs::create_dir_all(tree.path().join("base")).unwrap();
    std::fs::rename(
        tree.path().join("k8s/app.yml"),
        tree.path().join("base/app.yml"),
    )
    .unwrap();
    tree.write("base/kustomization.yaml", "resources: [app.yml]\n")
        .unwrap();
    let overlay = "resources: [../../base]\nreplicas: [{name: hello, count: 2}]\n";
    tree.write("k8s/prod/kustomization.yaml", overlay).unwrap();
    let execution = running.push(&tree, "hello", 1).await;
    assert_status(&execution, "failed");
    let reason = execution["reason"].as_str().unwrap();
    assert!(
        reason.contains("k8s/prod/kustomization.yaml") && reason.contains("none at its top"),
        "{reason}"
    );
    tree.write(
        "k8s/kustomization.yaml",
        "resources: [prod]\nlabels: [{pairs: {team: a}}]\n",
    )
    .unwrap();
    assert_status(&running.push(&tree, "hello", 2).await, "succeeded");
    answers(&running.server.app_url("hello").await, "version 0")
        .await
        .unwrap();
    let app = running
        .server
        .get("/api/v1/projects/hello/app")
        .await
        .unwrap();
    assert_eq!(app["pods"].as_array().unwrap().len(), 2, "{app:#}");
    let log = running.log("hello", 2, "Deploy/Deploy").await;
    assert!(log.contains("rendered from the kustomization"), "{log}");
    tree.write(
        "k8s/kustomization.yaml",
        "resources: [prod]\nnamePrefiks: a-\n",
    )
    .unwrap();
    let execution = running.push(&tree, "hello", 3).await;
    assert_status(&execution, "failed");
    let reason = execution["reason"].as_str().unwrap();
    assert!(
        reason.contains("k8s/kustomization.yaml:2") && reason.contains("namePrefix"),
        "{reason}"
    );
}

#[tokio::test]
async fn only_the_projects_branch_starts_its_pipeline() {
    let running = Running::start().await;
    running.server.create_project("hello").await.unwrap();
    let tree = WorkTree::new().unwrap();
    tree.write("ci/build.sh", "true\n").unwrap();
    tree.write("ci/test.sh", "true\n").unwrap();
    let url = running.server.git_url("hello");
    tree.commit("One").unwrap();
    tree.git(&[
        "push",
        "--quiet",
        &url,
        "main:refs/heads/other",
        "main:refs/tags/v1",
    ])
    .unwrap();
    tree.git(&["push", "--quiet", &url, "--delete", "refs/heads/other"])
        .unwrap();
    tree.push(&url).unwrap();
    let execution = running.server.finished("hello", 1).await;
    assert_eq!(execution["ref_name"], "refs/heads/main");
    let list = running
        .server
        .get("/api/v1/projects/hello/executions")
        .await
        .unwrap();
    assert_eq!(list["executions"].as_array().unwrap().len(), 1, "{list:#}");
}

#[tokio::test]
async fn a_change_rolls_over_without_a_failed_request_and_what_is_gone_is_pruned() {
    let running = Running::start().await;
    running.server.create_project("hello").await.unwrap();
    let tree = WorkTree::prebuilt("hello", 2, "true").unwrap();
    tree.write(
        "k8s/extra.yml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n",
    )
    .unwrap();
    assert_status(&running.push(&tree, "hello", 1).await, "succeeded");
    let url = running.server.app_url("hello").await;
    answers(&url, "version 0").await.unwrap();
    std::fs::remove_file(tree.path().join("k8s/extra.yml")).unwrap();
    tree.write("page", "version 1").unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let prober = tokio::spawn(probe(url.clone(), stop.clone()));
    assert_status(&running.push(&tree, "hello", 2).await, "succeeded");
    answers(&url, "version 1").await.unwrap();
    stop.cancel();
    let failures = prober.await.unwrap();
    assert!(failures.is_empty(), "{failures:#?}");
    let log = running.log("hello", 2, "Deploy/Deploy").await;
    assert!(log.contains("pruned") && log.contains("extra"), "{log}");
}

/// Asks ten times a second and gives what went wrong.
async fn probe(url: String, stop: tokio_util::sync::CancellationToken) -> Vec<String> {
    let client = towpath_testkit::visitor().unwrap();
    let mut failures = Vec::new();
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(100));
    while !stop.is_cancelled() {
        ticks.tick().await;
        let answer = client
            .get(&url)
            .send()
            .await
            .and_then(reqwest::Response::error_for_status);
        match answer {
            Ok(answer) => failures.extend(answer.text().await.err().map(|error| error.to_string())),
            Err(error) => failures.push(format!("{error:?}")),
        }
    }
    failures
}

#[tokio::test]
async fn cancelling_ends_the_build_and_what_it_started() {
    let running = Running::start().await;
    running.server.create_project("slow").await.unwrap();
    let tree = WorkTree::new().unwrap();
    let marker = format!("{}", 7_000_000 + std::process::id());
    let script = format!("#!/bin/sh\nsetsid sleep {marker} &\nsleep {marker}\n");
    tree.write("ci/build.sh", script).unwrap();
    tree.write("ci/test.sh", "true\n").unwrap();
    tree.commit("Sleep").unwrap();
    tree.push(&running.server.git_url("slow")).unwrap();
    towpath_testkit::eventually("the build to sleep", || {
        (sleepers(&marker) == 2).then_some(())
    });
    let path = "/api/v1/projects/slow/executions/1/cancel";
    running
        .server
        .call(reqwest::Method::POST, path, Some(&serde_json::json!({})))
        .await
        .unwrap();
    assert_status(&running.server.finished("slow", 1).await, "cancelled");
    towpath_testkit::eventually("the sleepers to end", || {
        (sleepers(&marker) == 0).then_some(())
    });
}

#[tokio::test]
async fn a_newer_execution_supersedes_one_that_waits() {
    let running = Running::start().await;
    running.server.create_project("slow").await.unwrap();
    // Builds have the machine's network and wait until somebody listens here.
    let gate = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let tree = WorkTree::new().unwrap();
    let knock = format!(
        "(exec 3<>/dev/tcp/{}/{}) 2>/dev/null",
        gate.ip(),
        gate.port()
    );
    let script = format!("#!/bin/bash\nuntil {knock}; do sleep 0.05; done\n");
    tree.write("ci/build.sh", script).unwrap();
    tree.write("ci/test.sh", "#!/bin/sh\n").unwrap();
    let url = running.server.git_url("slow");
    for number in 1..=3 {
        tree.commit(&format!("Change {number}")).unwrap();
        tree.push(&url).unwrap();
        let path = format!("/api/v1/projects/slow/executions/{number}");
        // Each has left Source, so that they meet before Build.
        towpath_testkit::eventually_async("its source", || async {
            let execution = running.server.get(&path).await.ok()?;
            let source = execution["stages"][0]["status"].as_str()?;
            (source == "succeeded" || execution["status"] == "superseded").then_some(())
        })
        .await;
    }
    assert_status(&running.server.finished("slow", 2).await, "superseded");
    let _gate = std::net::TcpListener::bind(gate).unwrap();
    assert_status(&running.server.finished("slow", 1).await, "succeeded");
    assert_status(&running.server.finished("slow", 3).await, "succeeded");
}

#[tokio::test]
async fn retention_removes_old_executions_beside_a_running_app() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = TowpathServer::start(program(), &data, &["--keep-executions", "2"])
        .await
        .unwrap();
    let running = Running { server, folder };
    running.server.create_project("hello").await.unwrap();
    let tree = WorkTree::prebuilt("hello", 1, "true").unwrap();
    for number in 1..=4 {
        tree.write("page", format!("version {number}")).unwrap();
        assert_status(&running.push(&tree, "hello", number).await, "succeeded");
    }
    let url = running.server.app_url("hello").await;
    let body = serde_json::json!({});
    let collected = running
        .server
        .call(reqwest::Method::POST, "/api/v1/gc", Some(&body))
        .await
        .unwrap();
    assert_eq!(collected["executions"], 2, "{collected:#}");
    assert!(
        running
            .server
            .get("/api/v1/projects/hello/executions/2")
            .await
            .is_err()
    );
    assert!(
        running
            .server
            .get("/api/v1/projects/hello/executions/3")
            .await
            .is_ok()
    );
    answers(&url, "version 4").await.unwrap();
    let server = running.restart(&["--keep-executions", "2"]).await;
    answers(&server.server.app_url("hello").await, "version 4")
        .await
        .unwrap();
    tree.write("page", "version 5").unwrap();
    assert_status(&server.push(&tree, "hello", 5).await, "succeeded");
}

/// Processes of this machine that sleep for just this long.
fn sleepers(marker: &str) -> usize {
    let wanted = format!("sleep\0{marker}\0").into_bytes();
    let processes = std::fs::read_dir("/proc").unwrap();
    let commands = processes
        .flatten()
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    commands.filter(|command| *command == wanted).count()
}
