use std::fs;

use crate::fixture::{Fixture, main_branch, now, project};

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_recorded_before_it_is_answered() {
    let server = Fixture::new().await;
    let (copy, first) = server.pushed(&[("a", "1")]).await;
    let first_event = format!("refs/heads/main - {} 1", first.short());
    assert_eq!(server.events().await, [&*first_event]);

    copy.write("a", "2");
    let second = copy.commit("second").await;
    copy.git(&["push", "--quiet", "origin", "main"]).await;
    let second_event = format!("refs/heads/main {} {} 2", first.short(), second.short());
    assert_eq!(server.events().await, [first_event, second_event]);
    assert!(
        server
            .repositories
            .observe(&project(), now())
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_pushed_is_cloned_and_fetched() {
    let server = Fixture::new().await;
    let (copy, first) = server.pushed(&[("a", "1"), ("dir/b", "2")]).await;
    let clone = server.clone_to("clone", &[]).await;
    assert_eq!(clone.head().await, first);
    assert_eq!(fs::read_to_string(clone.path.join("dir/b")).unwrap(), "2");
    assert_eq!(
        clone.git(&["symbolic-ref", "HEAD"]).await.trim(),
        "refs/heads/main"
    );

    let second = copy.commit("second").await;
    copy.git(&["push", "--quiet", "origin", "main"]).await;
    clone.git(&["pull", "--quiet"]).await;
    assert_eq!(clone.head().await, second);

    let shallow = server.clone_to("shallow", &["--depth=1"]).await;
    assert_eq!(
        shallow.git(&["rev-list", "--count", "HEAD"]).await.trim(),
        "1"
    );
    let partial = server.clone_to("partial", &["--filter=blob:none"]).await;
    assert_eq!(fs::read_to_string(partial.path.join("a")).unwrap(), "1");
    let old = server
        .clone_to("old", &["--config=protocol.version=0"])
        .await;
    assert_eq!(old.head().await, second);
}

#[tokio::test(flavor = "multi_thread")]
async fn branches_and_tags_come_move_and_go() {
    let server = Fixture::new().await;
    let (copy, first) = server.pushed(&[("a", "1")]).await;
    copy.git(&["tag", "--annotate", "--message=t", "v1"]).await;
    copy.git(&["push", "--quiet", "origin", "main:other", "v1"])
        .await;
    copy.git(&["commit", "--quiet", "--amend", "--message=rewritten"])
        .await;
    let rewritten = copy.head().await;
    let refused = copy.try_git(&["push", "origin", "main"]).await;
    assert!(!refused.status.success());
    copy.git(&["push", "--quiet", "--force", "origin", "main"])
        .await;
    copy.git(&["push", "--quiet", "origin", "--delete", "other"])
        .await;
    let (first, rewritten) = (first.short(), rewritten.short());
    assert_eq!(
        server.events().await,
        [
            format!("refs/heads/main - {first} 1"),
            format!("refs/heads/other - {first} 1"),
            format!("refs/tags/v1 - {first} 1"),
            format!("refs/heads/main {first} {rewritten} 2"),
            format!("refs/heads/other {first} - 2"),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_with_a_compressed_request_is_served() {
    let server = Fixture::new().await;
    let (copy, _) = server.pushed(&[("a", "1")]).await;
    let clone = server.clone_to("clone", &[]).await;
    for round in 0..80 {
        clone.commit(&format!("local {round}")).await;
    }
    let second = copy.commit("second").await;
    copy.git(&["push", "--quiet", "origin", "main"]).await;
    clone.git(&["fetch", "--quiet"]).await;
    assert_eq!(
        clone.git(&["rev-parse", "origin/main"]).await.trim(),
        second.as_str()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_pushes_are_each_recorded_once() {
    let server = Fixture::new().await;
    let (copy, _) = server.pushed(&[("a", "1")]).await;
    let branches: Vec<_> = (0..8).map(|n| format!("branch-{n}")).collect();
    for branch in &branches {
        copy.git(&["branch", branch]).await;
    }
    let push = async |branch: &String| copy.git(&["push", "--quiet", "origin", branch]).await;
    futures_util::future::join_all(branches.iter().map(push)).await;
    let mut events = server.events().await;
    assert_eq!(events.len(), 9, "{events:?}");
    events.sort();
    events.dedup();
    assert_eq!(events.len(), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_to_a_branch_that_moved_meanwhile_is_refused() {
    let server = Fixture::new().await;
    let (copy, _) = server.pushed(&[("a", "1")]).await;
    let other = server.clone_to("other", &[]).await;
    other.commit("theirs").await;
    other.git(&["push", "--quiet", "origin", "main"]).await;
    copy.commit("ours").await;
    let refused = copy.try_git(&["push", "origin", "main"]).await;
    assert!(!refused.status.success());
    assert_eq!(server.events().await.len(), 2);
}

/// Set in a process of its own, whose memory is no other test's.
const ALONE: &str = "TOWPATH_TEST_ALONE";

/// 100 MB that do not compress go through without staying in memory.
#[tokio::test(flavor = "multi_thread")]
async fn a_big_push_is_streamed() {
    if std::env::var_os(ALONE).is_none() {
        let alone = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "push::a_big_push_is_streamed"])
            .env(ALONE, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&alone.stdout);
        assert!(said.contains("1 passed"), "{said}");
        return;
    }
    let server = Fixture::new().await;
    let copy = server.working_copy("copy").await;
    copy.write("big", noise(100 << 20));
    let commit = copy.commit("big").await;
    let before = resident_bytes();
    let arguments = ["push", "--quiet", "origin", "main"];
    let mut push = Box::pin(copy.git(&arguments));
    let mut highest = before;
    let mut every = tokio::time::interval(std::time::Duration::from_millis(5));
    loop {
        tokio::select! {
            _ = &mut push => break,
            _ = every.tick() => highest = highest.max(resident_bytes()),
        }
    }
    let growth = highest - before;
    assert!(growth < 48 << 20, "memory grew by {growth} bytes");
    assert_eq!(
        server
            .repositories
            .resolve(&project(), &main_branch())
            .await
            .unwrap(),
        Some(commit)
    );
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes
}

fn resident_bytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<usize>()
        .unwrap()
        << 10
}
