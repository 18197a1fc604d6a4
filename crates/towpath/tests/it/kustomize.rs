//! `towpath kustomize build` on folders of the disk.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::program::program;

fn build(arguments: &[&str], here: &Path) -> Output {
    Command::new(program())
        .args(["kustomize", "build"])
        .args(arguments)
        .current_dir(here)
        .output()
        .unwrap()
}

/// A base and an overlay beside it.
fn example() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        (
            "base/web.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n",
        ),
        (
            "test/kustomization.yaml",
            "resources: [../base]\nnamePrefix: test-\nconfigMapGenerator:\n- name: c\n  files: [k=a.txt]\n",
        ),
        ("test/a.txt", "a\n"),
    ] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn an_overlay_finds_its_base() {
    let folder = example();
    let output = build(&["test"], folder.path());
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "apiVersion: v1\ndata:\n  k: |\n    a\nkind: ConfigMap\nmetadata:\n  name: test-c-98h6d7b966\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: test-web\n"
    );
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn each_object_gets_a_file_in_a_folder() {
    let folder = example();
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    let output = build(&["test", "-o", "out"], folder.path());
    assert_eq!(output.status.code(), Some(0));
    let text = fs::read_to_string(out.join("v1_service_test-web.yaml")).unwrap();
    assert!(
        text.starts_with("apiVersion: v1\nkind: Service\n"),
        "{text}"
    );
}

#[test]
fn problems_are_1_and_name_the_place() {
    let folder = example();
    fs::write(
        folder.path().join("test/kustomization.yaml"),
        "resources: [../base]\nnamePrefx: a-\n",
    )
    .unwrap();
    let output = build(&["test"], folder.path());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("test/kustomization.yaml:2:1: unknown key `namePrefx`")
            && said.contains("did you mean `namePrefix`?"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_link_to_a_folder_is_that_folder() {
    let folder = example();
    let linked = folder.path().join("top");
    fs::create_dir(&linked).unwrap();
    symlink("../test", linked.join("here")).unwrap();
    fs::write(
        linked.join("kustomization.yaml"),
        "bases: [here]\nnameSuffix: -x\n",
    )
    .unwrap();
    let output = build(&["top"], folder.path());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("top/kustomization.yaml:1:1: `bases` is deprecated; use `resources` instead"),
        "{said}"
    );
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("name: test-web-x\n"),
        "{said}"
    );
}

#[test]
fn links_do_not_lead_out() {
    let folder = example();
    fs::write(folder.path().join("secret.txt"), "s").unwrap();
    fs::remove_file(folder.path().join("test/a.txt")).unwrap();
    symlink("../secret.txt", folder.path().join("test/a.txt")).unwrap();
    let output = build(&["test"], folder.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let any = ["test", "--load-restrictor", "LoadRestrictionsNone"];
    assert_eq!(build(&any, folder.path()).status.code(), Some(0));
}
