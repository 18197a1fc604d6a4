//! What a server leaves that is killed: nothing.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use towpath_sandbox::{Limits, PlainWorkspace, Sandbox, Spec, cleanup};

use crate::support::{disk_folder, host, sh, spec, unique_seconds, until_gone, until_running};

const SECONDS: &str = "TOWPATH_TEST_SECONDS";
const WORK: &str = "TOWPATH_TEST_WORK";

#[tokio::test]
async fn nothing_is_left() {
    let work = disk_folder();
    let seconds = unique_seconds(200);
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args([
            "server_killed::server",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(SECONDS, &seconds)
        .env(WORK, work.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("ready")));
    until_running(&seconds, 4).await;
    server.kill().unwrap();
    server.wait().unwrap();
    until_gone(&seconds).await;
    let groups = format!("towpath-{}-", server.id());
    towpath_testkit::eventually_async("the control groups to go", async || {
        let found = Command::new("find")
            .args(["/sys/fs/cgroup", "-name", &format!("{groups}*")])
            .output()
            .unwrap();
        found.stdout.is_empty().then_some(())
    })
    .await;
    cleanup(&host().await, work.path()).await.unwrap();
    assert_eq!(std::fs::read_dir(work.path()).unwrap().count(), 0);
    cleanup(&host().await, Path::new("/no/such/folder"))
        .await
        .unwrap();
}

/// Is killed in the middle.
#[tokio::test]
#[ignore = "run by the other test in a process of its own"]
async fn server() {
    let (Some(seconds), Some(work)) = (std::env::var(SECONDS).ok(), std::env::var_os(WORK)) else {
        return;
    };
    let host = host().await;
    let limits = Limits {
        memory: Some(1 << 30),
        pids: Some(1000),
        cpu_millis: None,
    };
    let script = sh(&format!("setsid sleep {seconds} & sleep {seconds}"));
    let spec = Spec {
        limits,
        ..spec(Path::new("/nonexistent"))
    };
    let sandbox = Sandbox::start(&host, spec).await.unwrap();
    let _isolated = sandbox.exec(&script).await.unwrap();
    let work = PathBuf::from(work).join("plain");
    let workspace = PlainWorkspace::start(&host, &work, &limits).await.unwrap();
    let mut ignored = |_: &[u8]| {};
    println!("ready");
    towpath_model::workspace::Workspace::exec(&workspace, &script, &mut ignored)
        .await
        .unwrap();
}
