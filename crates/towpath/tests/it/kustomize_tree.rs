//! `towpath kustomize tree`: what includes what, and where a field comes from.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::program::program;

fn shop() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("base/kustomization.yaml", "resources:\n- web.yaml\n"),
        (
            "base/web.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n",
        ),
        (
            "dev/kustomization.yaml",
            "resources:\n- ../base\nnamePrefix: dev-\npatches:\n- path: more.yaml\nreplicas:\n- name: web\n  count: 3\n\
             configMapGenerator:\n- name: c\n  literals: [a=1]\n",
        ),
        (
            "dev/more.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 2\n",
        ),
    ] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[track_caller]
fn check(here: &Path, arguments: &[&str], code: i32, expected: &str) {
    let output = Command::new(program())
        .args(["kustomize", "tree", "dev"])
        .args(arguments)
        .current_dir(here)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert_eq!(String::from_utf8_lossy(&said), expected);
    assert_eq!(output.status.code(), Some(code));
}

#[test]
fn what_includes_what() {
    let shop = shop();
    let expected = "dev
├── ../base  (resources, line 2)
│   └── web.yaml  (resources, line 2)
└── more.yaml  (patches, line 5)
";
    check(shop.path(), &[], 0, expected);
}

#[test]
fn a_field_has_a_history() {
    let shop = shop();
    check(
        shop.path(),
        &["--why", "Deployment/dev-web", "spec.replicas"],
        0,
        "Deployment/dev-web spec.replicas: 3
  1  base/web.yaml:6:13
  2  dev/kustomization.yaml:5:3  patches[0]
  3  dev/kustomization.yaml:7:3  replicas[0]
",
    );
    check(
        shop.path(),
        &["--why", "Deployment/dev-web", "metadata.name"],
        0,
        "Deployment/dev-web metadata.name: \"dev-web\"
  \"web\"  base/web.yaml:4:9
  \"dev-web\"  dev/kustomization.yaml:3:1  namePrefix
",
    );
}

#[test]
fn generated_objects_come_from_their_generator() {
    let shop = shop();
    check(
        shop.path(),
        &["--why", "ConfigMap/dev-c-h29d89cmmt", "data.a"],
        0,
        "ConfigMap/dev-c-h29d89cmmt data.a: \"1\"
  \"1\"  dev/kustomization.yaml:10:3  configMapGenerator[0]
",
    );
}

#[test]
fn what_is_not_there_is_said() {
    let shop = shop();
    check(
        shop.path(),
        &["--why", "Deployment/dev-web", "spec.replica"],
        1,
        "error: there is no `spec.replica`: `spec` of Deployment/dev-web has replicas\n",
    );
    check(
        shop.path(),
        &["--why", "Deployment/web", "spec.replicas"],
        1,
        "error: the output has no Deployment/web; did you mean Deployment/dev-web?\n",
    );
}

#[test]
fn a_folder_without_a_kustomization_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(program())
        .args(["kustomize", "tree"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("there is no kustomization.yaml"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}
