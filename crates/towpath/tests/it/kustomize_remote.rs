//! Kustomizations that name repositories and files by URL.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use towpath_testkit::require;

use crate::program::program;

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n";

fn git(folder: &Path, arguments: &[&str]) {
    let output = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@b"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A repository with a base, and beside it an overlay of that.
fn overlay(base: &str, origins: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "repo/base/kustomization.yaml", base);
    write(folder.path(), "repo/base/web.yaml", SERVICE);
    write(
        folder.path(),
        "beside/kustomization.yaml",
        "resources: []\n",
    );
    let repo = folder.path().join("repo");
    git(&repo, &["init", "--quiet", "--initial-branch=main"]);
    git(&repo, &["add", "."]);
    git(&repo, &["commit", "--quiet", "-m", "One"]);
    let metadata = if origins {
        "buildMetadata: [originAnnotations]\n"
    } else {
        ""
    };
    let text = format!(
        "resources:\n- file://{}//base?ref=main\nnamePrefix: a-\n{metadata}",
        repo.display()
    );
    write(folder.path(), "overlay/kustomization.yaml", &text);
    folder
}

fn build(program: &Path, before: &[&str], folder: &Path) -> Output {
    Command::new(program)
        .args(before)
        .args(["build", "overlay"])
        .current_dir(folder)
        .output()
        .unwrap()
}

#[test]
fn a_base_in_a_repository_is_fetched() {
    let folder = overlay("resources: [web.yaml]\n", false);
    let output = build(program(), &["kustomize"], folder.path());
    let said = String::from_utf8_lossy(&output.stderr);
    let expected = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a-web\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{said}");
}

#[test]
fn origins_are_as_upstream_has_them() {
    let Some(upstream) = require("kustomize") else {
        return;
    };
    let folder = overlay("resources: [web.yaml]\n", true);
    let output = build(program(), &["kustomize"], folder.path());
    let expected = build(&upstream, &[], folder.path());
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&expected.stdout)
    );
}

#[test]
fn a_repository_does_not_lead_out_of_itself() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "secret/kustomization.yaml",
        "resources: [s.yaml]\n",
    );
    write(folder.path(), "secret/s.yaml", SERVICE);
    let up = "../".repeat(20);
    let secret = folder.path().join("secret");
    let base = format!(
        "resources: [{up}{}]\n",
        secret.strip_prefix("/").unwrap().display()
    );
    let folder = overlay(&base, false);
    let output = build(program(), &["kustomize"], folder.path());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("security; "), "{said}");
}

/// Answers the requests that come with these, one after another.
fn serve(answers: Vec<(u16, &'static str)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = BufReader::new(stream.try_clone().unwrap()).lines();
            while request.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let head = format!(
                "HTTP/1.1 {status} -\r\ncontent-length: {}\r\nconnection: close",
                body.len()
            );
            write!(stream, "{head}\r\n\r\n{body}").unwrap();
        }
    });
    format!("http://{address}")
}

#[test]
fn an_http_url_of_any_name_is_asked_for_a_file_first() {
    let folder = tempfile::tempdir().unwrap();
    let host = serve(vec![(200, SERVICE)]);
    let text = format!("resources: ['{host}/org/repo/install?ref=main']\n");
    write(folder.path(), "overlay/kustomization.yaml", &text);
    let output = build(program(), &["kustomize"], folder.path());
    let said = String::from_utf8_lossy(&output.stderr);
    let expected = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{said}");
}

#[test]
fn a_page_for_people_is_taken_for_a_repository() {
    let folder = tempfile::tempdir().unwrap();
    let host = serve(vec![(200, "<!DOCTYPE html>"), (404, "")]);
    let text = format!("resources: ['{host}/org/repo/base']\n");
    write(folder.path(), "overlay/kustomization.yaml", &text);
    let output = build(program(), &["kustomize"], folder.path());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("is neither a file (it holds no objects) nor a repository: git fetch"),
        "{said}"
    );
}

#[test]
fn what_cannot_be_fetched_is_said() {
    for (url, says) in [
        (
            "http://127.0.0.1:9/web.yaml",
            "cannot fetch http://127.0.0.1:9/web.yaml",
        ),
        ("file:///does/not/exist//base", "git fetch"),
        ("ftp://host/a/b", "is not the URL"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("resources: ['{url}']\n");
        write(folder.path(), "overlay/kustomization.yaml", &text);
        let output = build(program(), &["kustomize"], folder.path());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(says), "{said}");
    }
}
