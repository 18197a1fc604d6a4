//! The program beside upstream's: the same bytes for the same flags.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use towpath_testkit::require;

use crate::program::program;

/// Of the cases of crate kustomize, every so manieth: all of them are compared there.
const STEP: usize = 15;

fn cases() -> Vec<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kustomize/tests/corpus");
    let entries = fs::read_dir(corpus).unwrap();
    let mut cases: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|case| !case.join("options.json").exists())
        .collect();
    cases.sort();
    cases.into_iter().step_by(STEP).collect()
}

fn build(program: &Path, before: &[&str], flags: &[&str], folder: &Path) -> Output {
    Command::new(program)
        .args(before)
        .arg("build")
        .args(flags)
        .arg(".")
        .current_dir(folder)
        .output()
        .unwrap()
}

#[track_caller]
fn same(upstream: &Path, flags: &[&str], folder: &Path) {
    let expected = build(upstream, &[], flags, folder);
    let found = build(program(), &["kustomize"], flags, folder);
    let said = String::from_utf8_lossy(&found.stderr);
    let place = folder.display();
    assert_eq!(
        String::from_utf8_lossy(&found.stdout),
        String::from_utf8_lossy(&expected.stdout),
        "{place} {flags:?}: {said}"
    );
    // Upstream's program exits with 1, and with 2 where it crashes.
    assert_eq!(
        found.status.success(),
        expected.status.success(),
        "{place} {flags:?}: {said}"
    );
    assert_ne!(found.status.code(), Some(2), "{place} {flags:?}: {said}");
}

#[test]
fn the_same_bytes_come_out() {
    let Some(upstream) = require("kustomize") else {
        return;
    };
    for case in cases() {
        same(&upstream, &[], &case.join("input"));
    }
}

/// A base beside the overlay, objects of two namespaces, and a file outside of the folder.
fn shop() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("outside.txt", "x"),
        ("base/kustomization.yaml", "resources: [all.yaml]\n"),
        (
            "base/all.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: a}\n---\n\
             apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: Web}\n---\n\
             apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n",
        ),
        (
            "dev/kustomization.yaml",
            "resources: [../base]\nlabels:\n- pairs: {a: b}\n",
        ),
        (
            "out/kustomization.yaml",
            "configMapGenerator:\n- name: c\n  files: [../outside.txt]\n",
        ),
    ] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn flags_mean_the_same() {
    let Some(upstream) = require("kustomize") else {
        return;
    };
    let shop = shop();
    let none = ["--load-restrictor", "LoadRestrictionsNone"];
    for (folder, flags) in [
        ("dev", &[][..]),
        ("dev", &["--reorder", "none"]),
        ("dev", &["--reorder=legacy"]),
        ("dev", &["--enable-managedby-label"]),
        ("dev", &["--enable-helm", "--helm-command", "helm3"]),
        ("dev", &["--enable-alpha-plugins", "--network", "-e", "A=b"]),
        (
            "dev",
            &["--as-current-user", "--mount", "type=bind,src=a,dst=b"],
        ),
        ("out", &[]),
        ("out", &none),
        ("absent-kustomization", &[]),
    ] {
        fs::create_dir_all(shop.path().join(folder)).unwrap();
        same(&upstream, flags, &shop.path().join(folder));
    }
}

#[test]
fn files_of_a_folder_are_named_the_same() {
    let Some(upstream) = require("kustomize") else {
        return;
    };
    let shop = shop();
    let written = |program: &Path, before: &[&str], out: &str| {
        let out = shop.path().join(out);
        fs::create_dir(&out).unwrap();
        let flags = ["-o", out.to_str().unwrap()];
        let output = build(program, before, &flags, &shop.path().join("dev"));
        assert!(output.status.success());
        let entries = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap());
        let mut files: Vec<(String, String)> = entries
            .map(|entry| {
                let name = entry.file_name().into_string().unwrap();
                (name, fs::read_to_string(entry.path()).unwrap())
            })
            .collect();
        files.sort();
        files
    };
    let expected = written(&upstream, &[], "theirs");
    assert_eq!(written(program(), &["kustomize"], "ours"), expected);
    assert_eq!(expected.len(), 3);
}
