//! `towpath check`: what is wrong in a folder, by file, line and column.

use std::fs;
use std::process::Command;

use crate::program::program;

const SERVICE: &str =
    "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n";

#[track_caller]
fn check(files: &[(&str, &str)], code: i32, says: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let output = Command::new(program())
        .arg("check")
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    for text in says {
        assert!(said.contains(text), "no {text:?} in:\n{said}");
    }
    assert_eq!(output.status.code(), Some(code), "{said}");
}

#[test]
fn a_good_folder_is_fine() {
    let files = [
        (
            "buildspec.yml",
            "version: 0.2\nphases: {build: {commands: [make]}}\n",
        ),
        ("Dockerfile", "FROM busybox\n"),
        ("k8s/kustomization.yaml", "resources: [web.yaml]\n"),
        ("k8s/web.yaml", SERVICE),
    ];
    check(&files, 0, &["Fine: buildspec.yml, Dockerfile, k8s."]);
    check(&[("k8s/a/web.yml", SERVICE)], 0, &["Fine: k8s."]);
    check(&[], 0, &["Nothing to check"]);
}

#[test]
fn problems_have_places() {
    let files = [
        (
            "buildspec.yml",
            "version: 0.2\nphases: {build: {comands: [make]}}\n",
        ),
        ("Dockerfile", "FROM busybox\nCOPPY a b\n"),
        ("k8s/kustomization.yaml", "resources: [absent.yaml]\n"),
    ];
    let says = [
        "buildspec.yml:2:18: unknown key `comands`",
        "Dockerfile:2:1: ",
        "k8s/kustomization.yaml:1:13: there is no file",
        "3 problems",
    ];
    check(&files, 1, &says);
    check(
        &[("k8s/a.yaml", SERVICE), ("k8s/b.yaml", "kind: [\n")],
        1,
        &["k8s/b.yaml:"],
    );
}

#[test]
fn a_folder_that_is_not_there_is_2() {
    let output = Command::new(program())
        .args(["check", "/does/not/exist"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}
