use std::path::Path;
use std::time::Duration;

use towpath_model::workspace::Exit;
use towpath_sandbox::{Host, Limits, Sandbox, Spec};

use crate::support::{host, output, processes_with, run, sh, spec, unique_seconds};

async fn limited(host: &Host, limits: Limits) -> Sandbox {
    Sandbox::start(
        host,
        Spec {
            limits,
            ..spec(Path::new("/nonexistent"))
        },
    )
    .await
    .unwrap()
}

fn lacks(host: &Host, what: &str) -> bool {
    let lacks = host.notes().iter().any(|lack| lack.what.contains(what));
    if lacks {
        eprintln!("skipped: on this machine {what} cannot be limited");
    }
    lacks
}

#[tokio::test]
async fn too_much_memory_is_told_from_a_failure() {
    let host = host().await;
    if lacks(&host, "memory") {
        return;
    }
    let sandbox = limited(
        &host,
        Limits {
            memory: Some(64 << 20),
            ..Limits::default()
        },
    )
    .await;
    assert_eq!(sandbox.notes(), <&[String]>::default());
    let (_, exit) = run(
        &sandbox,
        "exec awk 'BEGIN { s = \"x\"; while (1) s = s s }'",
    )
    .await;
    assert_eq!(exit, Exit::OutOfMemory);
    let (_, exit) = run(
        &sandbox,
        "awk 'BEGIN { s = \"x\"; while (1) s = s s }'; exit 2",
    )
    .await;
    assert_eq!(exit, Exit::OutOfMemory);
    assert_eq!(run(&sandbox, "exit 1").await.1, Exit::Code(1));
}

#[tokio::test]
async fn a_fork_bomb_stays_in_its_sandbox() {
    let host = host().await;
    let sandbox = limited(
        &host,
        Limits {
            pids: Some(64),
            ..Limits::default()
        },
    )
    .await;
    let neighbour = limited(&host, Limits::default()).await;
    let seconds = unique_seconds(300);
    let (said, exit) = run(
        &sandbox,
        &format!("while :; do sleep {seconds} >/dev/null 2>&1 & done"),
    )
    .await;
    assert_eq!(exit, Exit::Code(2), "{said}");
    assert!(said.contains("Cannot fork"), "{said}");
    assert_eq!(output(&neighbour, "echo unharmed").await, "unharmed\n");
    sandbox.stop().await.unwrap();
    assert_eq!(processes_with(&seconds), <[i32; 0]>::default());
}

/// Each process starts two others and ends: faster than one can list and kill them.
#[tokio::test]
async fn a_quick_fork_bomb_is_killed_too() {
    let host = host().await;
    let sandbox = limited(
        &host,
        Limits {
            pids: Some(200),
            ..Limits::default()
        },
    )
    .await;
    let bomb = "bomb() { bomb & bomb & }; while :; do bomb; done 2>/dev/null";
    let bomb = sandbox.exec(&sh(bomb)).await.unwrap();
    let other = sandbox
        .exec(&sh("while :; do sleep 0.01; done"))
        .await
        .unwrap();
    drop(bomb);
    drop(other);
    towpath_testkit::eventually_async("a command to find room", async || {
        run(&sandbox, "echo through")
            .await
            .1
            .success()
            .then_some(())
    })
    .await;
    tokio::time::timeout(Duration::from_secs(30), sandbox.stop())
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn cpu_time_is_shared_out() {
    let host = host().await;
    if lacks(&host, "CPU") {
        return;
    }
    let sandbox = limited(
        &host,
        Limits {
            cpu_millis: Some(100),
            ..Limits::default()
        },
    )
    .await;
    assert_eq!(sandbox.notes(), <&[String]>::default());
    assert_eq!(output(&sandbox, "echo slow").await, "slow\n");
}

#[tokio::test]
async fn groups_go_with_their_sandbox() {
    let host = host().await;
    let limits = Limits {
        memory: Some(1 << 30),
        pids: Some(100),
        cpu_millis: Some(1000),
    };
    let sandbox = limited(&host, limits).await;
    let own = output(&sandbox, "cat /proc/self/cgroup").await;
    let names: Vec<_> = own
        .lines()
        .filter_map(|line| line.rsplit_once('/').map(|(_, name)| name))
        .collect();
    let names: Vec<_> = names
        .into_iter()
        .filter(|name| name.starts_with("towpath-"))
        .collect();
    assert!(!names.is_empty() || lacks(&host, "memory"), "{own}");
    sandbox.stop().await.unwrap();
    for name in names {
        let found = std::process::Command::new("find")
            .args(["/sys/fs/cgroup", "-name", name])
            .output();
        assert_eq!(String::from_utf8(found.unwrap().stdout).unwrap(), "");
    }
}
