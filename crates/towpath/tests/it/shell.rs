//! Into the sandbox of a failed build, on the laptop and on the server, at a real terminal.

use std::process::{Command, Output};

use tempfile::TempDir;
use towpath_model::workspace::Exit;
use towpath_testkit::WorkTree;

use crate::program::{Running, assert_status, program};
use crate::seat::Seat;

/// Leaves its marks in the folder, the environment and the working directory, and fails.
pub(crate) const FAILS: &str = "version: 0.2
env: {variables: {GIVEN: given}}
phases:
  build:
    commands:
      - mkdir sub; cd sub; echo kept > file
      - EXPORTED=exported; false
";

fn failing_tree() -> WorkTree {
    let tree = WorkTree::new().unwrap();
    tree.write("buildspec.yml", FAILS).unwrap();
    tree
}

/// What a visitor finds, whichever way they came.
pub(crate) async fn looks_around(seat: &mut Seat) {
    seat.sees("(failed build)").await;
    seat.types("echo \"<$GIVEN $EXPORTED ${PWD##*/} $(cat file)>\"\n")
        .await;
    seat.sees("<given exported sub kept>").await;
    seat.types("echo \"[$(stty size) $TERM $(tty)]\"\n").await;
    seat.sees("[33 101 xterm /dev/pts/").await;
    seat.resizes(44, 111);
    seat.types("sh -c 'echo wai\"\"ting; exec sleep 600'\n")
        .await;
    seat.sees("waiting\r\n").await;
    seat.types("\x03").await;
    seat.sees("^C").await;
    seat.sees("# ").await;
    seat.types("echo \"after $?, [$(stty size)]\"\n").await;
    seat.sees("after 130, [44 111]").await;
    seat.types("sleep 600 & jobs\n").await;
    seat.sees("Running").await;
}

#[tokio::test]
async fn a_run_leaves_a_shell_where_it_failed() {
    let (cache, tree) = (TempDir::new_in("/var/tmp").unwrap(), failing_tree());
    let env = [("XDG_CACHE_HOME", cache.path().to_str().unwrap())];
    let mut seat = Seat::run(&["run", "--shell-on-failure"], tree.path(), &env).await;
    seat.sees("failed: exit code 1").await;
    looks_around(&mut seat).await;
    seat.types("exit 0\n").await;
    let (said, exit) = seat.leaves().await;
    assert_eq!(exit, Exit::Code(1), "the run has failed: {said}");
}

#[tokio::test]
async fn a_run_that_succeeds_leaves_no_shell() {
    let cache = TempDir::new_in("/var/tmp").unwrap();
    let tree = WorkTree::new().unwrap();
    let spec = FAILS.replace("false", "true");
    tree.write("buildspec.yml", spec).unwrap();
    let env = [("XDG_CACHE_HOME", cache.path().to_str().unwrap())];
    let seat = Seat::run(&["run", "--shell-on-failure"], tree.path(), &env).await;
    let (said, exit) = seat.leaves().await;
    assert_eq!(exit, Exit::Code(0), "{said}");
    assert!(!said.contains("shell where it failed"), "{said}");
}

pub(crate) async fn enters(running: &Running, project: &str, number: &str) -> Seat {
    let home = running.folder.path();
    let env = [
        ("TOWPATH_SERVER", running.server.url()),
        ("TOWPATH_TOKEN", running.server.token()),
        ("HOME", home.to_str().unwrap()),
    ];
    Seat::run(&["exec", project, number, "Build"], home, &env).await
}

pub(crate) fn exec(running: &Running, arguments: &[&str], token: &str) -> Output {
    Command::new(program())
        .arg("exec")
        .args(arguments)
        .env("TOWPATH_SERVER", running.server.url())
        .env("TOWPATH_TOKEN", token)
        .env("HOME", running.folder.path())
        .output()
        .unwrap()
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test]
async fn the_server_keeps_a_failed_sandbox_for_visitors() {
    let running = Running::start().await;
    running.server.create_project("hello").await.unwrap();
    let tree = failing_tree();
    assert_status(&running.push(&tree, "hello", 1).await, "failed");
    let log = running.log("hello", 1, "Build/Build").await;
    assert!(
        log.contains("Enter it: towpath exec hello 1 Build/Build"),
        "{log}"
    );
    let mut seat = enters(&running, "hello", "1").await;
    looks_around(&mut seat).await;
    seat.types("exit 7\n").await;
    let (text, exit) = seat.leaves().await;
    assert_eq!(exit, Exit::Code(7), "{text}");

    let (url, token) = (running.server.url(), running.server.token());
    let cat = exec(
        &running,
        &[
            "hello",
            "1",
            "Build",
            "--",
            "sh",
            "-c",
            "cat file; pwd; exit 3",
        ],
        token,
    );
    assert_eq!(cat.status.code(), Some(3), "{}", said(&cat));
    assert_eq!(said(&cat), "kept\n/codebuild/output/src/sub\n");
    let page = reqwest::Client::new()
        .get(format!("{url}/projects/hello/executions/1"))
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    let page = page.text().await.unwrap();
    assert!(page.contains("towpath exec hello 1 Build/Build"), "{page}");
}

#[tokio::test]
async fn nobody_enters_what_is_not_kept_or_without_the_token() {
    let running = Running::start().await;
    running.server.create_project("hello").await.unwrap();
    assert_status(&running.push(&failing_tree(), "hello", 1).await, "failed");
    let command = ["hello", "1", "Build", "--", "true"];
    let token = running.server.token();
    let refused = exec(&running, &command, "wrong");
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    let unknown = exec(&running, &["hello", "1", "Test", "--", "true"], token);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        said(&unknown).contains("it has Source/Source, Build/Build"),
        "{}",
        said(&unknown)
    );
    let source = exec(&running, &["hello", "1", "Source", "--", "true"], token);
    assert_eq!(source.status.code(), Some(2));
    assert!(said(&source).contains("is not kept"), "{}", said(&source));
    assert_eq!(exec(&running, &command, token).status.code(), Some(0));
    let no_seat = exec(&running, &["hello", "1", "Build"], token);
    assert!(
        said(&no_seat).contains("needs a terminal"),
        "{}",
        said(&no_seat)
    );
    let body = serde_json::json!({});
    let gc = running
        .server
        .call(reqwest::Method::POST, "/api/v1/gc", Some(&body));
    assert_eq!(gc.await.unwrap()["sandboxes"], 1);
    let gone = exec(&running, &command, token);
    assert!(said(&gone).contains("is not kept"), "{}", said(&gone));
}

#[tokio::test]
async fn a_kept_sandbox_goes_when_its_time_has_come() {
    let running = Running::start()
        .await
        .restart(&["--keep-failed", "1s"])
        .await;
    running.server.create_project("hello").await.unwrap();
    assert_status(&running.push(&failing_tree(), "hello", 1).await, "failed");
    let token = running.server.token();
    towpath_testkit::eventually("the sandbox to go", || {
        let gone = exec(&running, &["hello", "1", "Build", "--", "true"], token);
        (gone.status.code() == Some(2) && said(&gone).contains("is not kept")).then_some(())
    });
    let work = running.folder.path().join("data/work/actions");
    towpath_testkit::eventually("its files to go", || {
        let mut left = std::fs::read_dir(&work).unwrap();
        left.next().is_none().then_some(())
    });
}
