//! What the command line says when it is used wrongly, and its exit codes.

use std::process::{Command, Output};

use towpath_testkit::WorkTree;

use crate::program::{Running, program};

fn towpath(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    Command::new(program())
        .args(arguments)
        .env("XDG_CONFIG_HOME", folder.path())
        .env_remove("TOWPATH_SERVER")
        .env_remove("TOWPATH_TOKEN")
        .output()
        .unwrap()
}

#[track_caller]
fn check(arguments: &[&str], code: i32, says: &str) {
    let output = towpath(arguments);
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(says), "no {says:?} in:\n{said}");
}

#[test]
fn usage_is_2_and_says_what_was_expected() {
    check(&[], 2, "Usage");
    check(&["serve"], 2, "--data");
    check(
        &["project", "create", "Not_A_Label"],
        2,
        "expected 1 to 63 of a-z",
    );
    check(
        &["serve", "--data", "/tmp/x", "--registry-mirror", "nonsense"],
        2,
        "registry-mirror",
    );
    check(&["cancel", "hello", "zero"], 2, "not an execution's number");
    check(&["--version"], 0, "towpath");
}

/// `towpath kustomize` is read on its own.
#[test]
fn kustomize_is_described_as_among_the_other_commands() {
    for command in [&["kustomize"][..], &["kustomize", "edit", "set", "image"]] {
        let among = towpath(&[&["help"], command].concat());
        let alone = towpath(&[command, &["--help"]].concat());
        assert!(among.status.success() && alone.status.success());
        assert_eq!(alone.stdout, among.stdout);
    }
}

#[test]
fn a_server_that_is_not_there_is_named() {
    check(
        &["status", "--server", "http://127.0.0.1:9"],
        2,
        "http://127.0.0.1:9",
    );
}

#[tokio::test]
async fn a_port_or_a_data_folder_in_use_is_said() {
    let running = Running::start().await;
    let other = running.folder.path().join("other");
    let data = running.folder.path().join("data");
    let address = running.server.address();
    check(
        &[
            "serve",
            "--data",
            other.to_str().unwrap(),
            "--listen",
            address,
        ],
        2,
        "cannot listen on",
    );
    let args = [
        "serve",
        "--data",
        data.to_str().unwrap(),
        "--listen",
        "127.0.0.1:0",
    ];
    check(&args, 2, "another server uses the data folder");
}

#[test]
fn a_database_that_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir_all(data.join("towpath.db")).unwrap();
    let args = [
        "serve",
        "--data",
        data.to_str().unwrap(),
        "--listen",
        "127.0.0.1:0",
    ];
    check(&args, 2, "cannot open the database");
    std::fs::remove_dir(data.join("towpath.db")).unwrap();
    std::fs::write(
        data.join("towpath.db"),
        "not a database, and longer than a header would be",
    )
    .unwrap();
    check(&args, 2, "cannot open the database");
}

#[tokio::test]
async fn off_loopback_plain_http_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let args = [
        "serve",
        "--data",
        data.to_str().unwrap(),
        "--listen",
        "0.0.0.0:0",
    ];
    check(&args, 2, "--tls-cert");
}

fn push_scripts(running: &Running, project: &str) {
    let tree = WorkTree::new().unwrap();
    tree.write("ci/build.sh", "echo built by script\n").unwrap();
    tree.write("ci/test.sh", "echo tested by script\n").unwrap();
    tree.commit("Scripts").unwrap();
    tree.push(&running.server.git_url(project)).unwrap();
}

#[tokio::test]
async fn a_developers_day_on_the_command_line() {
    let running = Running::start().await;
    let (url, token) = (running.server.url(), running.server.token());
    let server = ["--server", url, "--token", token];
    let run = |arguments: &[&str], code: i32, says: &str| {
        let arguments: Vec<&str> = arguments.iter().chain(&server).copied().collect();
        check(&arguments, code, says);
    };
    run(&["project", "list"], 0, "towpath project create");
    run(&["project", "create", "hello"], 0, "git push");
    run(&["project", "create", "hello"], 2, "already exists");
    run(
        &["project", "show", "hello"],
        0,
        "refs/heads/main".trim_start_matches("refs/heads/"),
    );
    run(
        &["project", "show", "nobody"],
        2,
        "there is no project nobody",
    );
    run(&["project", "list", "--json"], 0, "\"name\": \"hello\"");
    run(&["status", "hello"], 0, "no execution yet");
    run(&["logs", "hello"], 2, "no execution yet");
    run(&["cancel", "hello"], 2, "no execution yet");
    run(&["gc"], 0, "Removed 0 executions");
    push_scripts(&running, "hello");
    run(&["logs", "-f", "hello"], 0, "tested by script");
    run(&["logs", "hello", "1", "Build"], 0, "built by script");
    run(
        &["logs", "hello", "1", "Nothing"],
        2,
        "this execution has Source, Build",
    );
    run(&["status", "hello"], 0, "succeeded");
    run(&["cancel", "hello"], 2, "has ended already");
    check(&["login", "--server", url, "--token", "wrong"], 2, "token");
    check(
        &["login", "--server", url, "--token", token],
        0,
        "Logged in",
    );
}
