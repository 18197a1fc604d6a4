//! `towpath check`: what is wrong in a folder, by file, line and column.

use std::fs;
use std::process::Command;

use crate::program::program;

const SERVICE: &str =
    "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n";

#[track_caller]
fn check(files: &[(&str, &str)], code: i32, says: &[&str]) {
    check_with(&[], files, code, says);
}

#[track_caller]
fn check_with(options: &[&str], files: &[(&str, &str)], code: i32, says: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let output = Command::new(program())
        .arg("check")
        .args(options)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    for text in says {
        assert!(said.contains(text), "no {text:?} in:\n{said}");
    }
    assert_eq!(output.status.code(), Some(code), "{said}");
}

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web:latest}]}
";

#[test]
fn a_good_folder_is_fine() {
    let files = [
        (
            "buildspec.yml",
            "version: 0.2\nphases: {build: {commands: [make]}}\n",
        ),
        ("Dockerfile", "FROM busybox\n"),
        ("k8s/kustomization.yaml", "resources: [web.yaml]\n"),
        ("k8s/web.yaml", DEPLOYMENT),
    ];
    check_with(
        &["--project", "web"],
        &files,
        0,
        &["Fine: buildspec.yml, Dockerfile, k8s."],
    );
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
        "buildspec.yml:2:18: error: unknown key `comands`",
        "Dockerfile:2:1: ",
        " 2 | phases: {build: {comands: [make]}}\n   |                  ^~~~~~~\n   = did you mean",
        "k8s/kustomization.yaml:1:13: error: there is no file",
        "3 errors in",
    ];
    check(&files, 1, &says);
    check(
        &[("k8s/a.yaml", SERVICE), ("k8s/b.yaml", "kind: [\n")],
        1,
        &["k8s/b.yaml:"],
    );
}

#[test]
fn what_the_local_cluster_does_not_do_is_told_and_what_a_deployment_needs() {
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\n";
    let files = [
        ("Dockerfile", "FROM busybox\n"),
        ("k8s/a.yaml", DEPLOYMENT),
        ("k8s/b.yaml", ingress),
        ("Jenkinsfile", "pipeline {}\n"),
    ];
    let says = [
        "k8s/b.yaml:1:1: warning: the local cluster keeps Ingress web and does not run it",
        "Jenkinsfile:1:1: warning: this version does not read it",
        "Fine, with 2 warnings",
    ];
    check_with(&["--project", "web"], &files, 0, &says);
    let says =
        ["k8s/a.yaml:8:37: error: no container in the manifests uses the project's image `other`"];
    check_with(&["--project", "other"], &files, 1, &says);
    let says = [
        "k8s/a.yaml:8:37: warning: no container",
        "or name the project with --project",
    ];
    check(&files, 0, &says);
    let says = ["Fine, with 1 warning: "];
    check_with(
        &["--project", "web", "--for", "kubernetes"],
        &files,
        0,
        &says,
    );
    let unsupported = DEPLOYMENT.replace("containers:", "hostNetwork: true, containers:");
    check(
        &[("k8s/a.yaml", &unsupported)],
        1,
        &["k8s/a.yaml:8:12: error: "],
    );
    check(
        &[("k8s/a.yaml", SERVICE), ("k8s/b.yaml", SERVICE)],
        1,
        &["k8s/b.yaml:"],
    );
}

#[test]
fn files_are_known_by_their_names_and_folders_by_what_they_hold() {
    let files = [("deploy/a.yaml", SERVICE), ("other.txt", "")];
    check_with(&["deploy"], &files, 0, &["Fine: deploy."]);
    check_with(&["deploy/a.yaml"], &files, 0, &["Fine: deploy/a.yaml."]);
    check_with(&["other.txt"], &files, 2, &[]);
    let files = [
        ("Dockerfile.dev", "FORM x\n"),
        ("buildspec-test.yml", "version: 9\n"),
    ];
    let says = [
        "Dockerfile.dev:1:1: error",
        "buildspec-test.yml:1:",
        "3 errors",
    ];
    check_with(&["Dockerfile.dev", "buildspec-test.yml"], &files, 1, &says);
}

#[test]
fn programs_get_json() {
    let files = [("Dockerfile", "FROM busybox\nCOPPY a b\n")];
    let says = [
        r#""severity": "error""#,
        r#""file": "Dockerfile""#,
        r#""line": 2"#,
        r#""help": "did you mean `COPY`?""#,
        r#""checked""#,
    ];
    check_with(&["--json"], &files, 1, &says);
}

#[test]
fn a_folder_that_is_not_there_is_2() {
    let output = Command::new(program())
        .args(["check", "/does/not/exist"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}
