//! Pushes that must not succeed, clients that go, and a server that was killed.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use towpath_git::Options;
use towpath_testkit::eventually_async;

use crate::fixture::{Fixture, main_branch, now, project};

/// No project of that name in the database: its events cannot be written.
async fn without_a_place_for_events(options: Options) -> Fixture {
    let server = Fixture::without_project(options).await;
    server
        .repositories
        .create(&project(), &main_branch())
        .await
        .unwrap();
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_cannot_be_recorded_fails_for_the_client() {
    let server = without_a_place_for_events(Options::default()).await;
    let copy = server.working_copy("copy").await;
    let commit = copy.commit("first").await;
    let push = copy.try_git(&["push", "origin", "main"]).await;
    let stderr = String::from_utf8_lossy(&push.stderr);
    assert!(!push.status.success(), "{stderr}");
    assert!(stderr.contains("could not record this push"), "{stderr}");

    // When the cause is gone the tick finds what moved.
    server.add_project().await;
    let observed = server.repositories.observe_all(now()).await.unwrap();
    assert_eq!(observed.len(), 1);
    assert_eq!(
        server.events().await,
        [format!("refs/heads/main - {} 1", commit.short())]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_without_side_band_fails_as_well() {
    let server = without_a_place_for_events(Options::default()).await;
    let copy = server.working_copy("copy").await;
    let commit = copy.commit("first").await;
    let zero = "0".repeat(40);
    let line = format!("{zero} {commit} refs/heads/main\0 report-status");
    let pack = copy
        .try_git(&["pack-objects", "--stdout", "--all", "--quiet"])
        .await
        .stdout;
    let mut content = format!("{:04x}{line}0000", line.len() + 4).into_bytes();
    content.extend(pack);
    let answer = call(&server, "git-receive-pack", &content).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    // Cut off: neither a report nor the end of the content.
    assert!(
        !answer.contains("unpack ok") && !answer.ends_with("0\r\n\r\n"),
        "{answer}"
    );

    server.add_project().await;
    let answer = call(&server, "git-receive-pack", b"0000").await;
    assert!(answer.ends_with("0\r\n\r\n"), "{answer}");
    assert_eq!(server.events().await.len(), 1);
}

async fn call(server: &Fixture, service: &str, content: &[u8]) -> String {
    let mut connection = open_call(server, service, content.len()).await;
    connection.write_all(content).await.unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// A request whose content is still to come.
async fn open_call(server: &Fixture, service: &str, length: usize) -> TcpStream {
    let mut connection = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST /git/hello.git/{service} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Content-Type: application/x-{service}-request\r\nContent-Length: {length}\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection
}

async fn wait_for_backends(server: &Fixture, running: bool) {
    eventually_async("git backends to start or to end", || async {
        ((server.backends() > 0) == running).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn git_ends_when_its_client_goes() {
    let server = Fixture::new().await;
    for service in ["git-receive-pack", "git-upload-pack"] {
        let connection = open_call(&server, service, 1000).await;
        wait_for_backends(&server, true).await;
        drop(connection);
        wait_for_backends(&server, false).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn git_inherits_nothing_of_the_servers_environment() {
    let server = Fixture::new().await;
    let _waiting = open_call(&server, "git-upload-pack", 1000).await;
    wait_for_backends(&server, true).await;
    let environments = server.backend_environments();
    // What the backend starts has more in its environment, which the backend put there.
    let environment = environments
        .iter()
        .min_by_key(|environment| environment.len());
    let mut names: Vec<_> = environment
        .unwrap()
        .iter()
        .filter_map(|variable| variable.split('=').next())
        .collect();
    names.sort_unstable();
    let expected = [
        "CONTENT_TYPE",
        "GIT_ATTR_NOSYSTEM",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_HTTP_EXPORT_ALL",
        "GIT_LITERAL_PATHSPECS",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_PROJECT_ROOT",
        "GIT_TERMINAL_PROMPT",
        "HOME",
        "LC_ALL",
        "PATH",
        "PATH_INFO",
        "REMOTE_ADDR",
        "REMOTE_USER",
        "REQUEST_METHOD",
    ];
    assert_eq!(names, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn git_ends_when_nothing_moves() {
    let options = Options {
        stall: Duration::from_millis(200),
        ..Options::default()
    };
    let server = without_a_place_for_events(options).await;
    let mut connection = open_call(&server, "git-receive-pack", 1000).await;
    let mut answer = Vec::new();
    // The server closes the connection in the middle of its answer.
    let _closed = connection.read_to_end(&mut answer).await;
    wait_for_backends(&server, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_killed_half_way_leaves_a_working_repository() {
    let server = Fixture::new().await;
    let (copy, _) = server.pushed(&[("a", "1")]).await;
    copy.write("b", vec![b'x'; 100_000]);
    copy.commit("second").await;
    let url = server.url();
    let mut push = tokio::process::Command::new("git")
        .args(["push", &url, "main"])
        .current_dir(&copy.path)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .spawn()
        .unwrap();
    push.kill().await.unwrap();
    wait_for_backends(&server, false).await;
    copy.git(&["push", "--quiet", "origin", "main"]).await;
    copy.git(&["fetch", "--quiet"]).await;
    let events = server.events().await;
    assert_eq!(events.len(), 2, "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_beyond_the_limit_wait_for_their_turn() {
    let options = Options {
        concurrency: 1,
        ..Options::default()
    };
    let server = without_a_place_for_events(options).await;
    let waiting = open_call(&server, "git-upload-pack", 1000).await;
    wait_for_backends(&server, true).await;
    let second = call(&server, "git-upload-pack", b"0000");
    tokio::pin!(second);
    let early = tokio::time::timeout(Duration::from_millis(50), &mut second).await;
    assert!(early.is_err(), "it was served beyond the limit");
    drop(waiting);
    assert!(second.await.starts_with("HTTP/1.1 200 OK"));
}
