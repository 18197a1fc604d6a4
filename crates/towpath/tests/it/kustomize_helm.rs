//! `helmCharts`. The program helm stands outside: a script that prints an object with what it was given.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;
use towpath_testkit::require;

use crate::program::program;

const HELM: &str = r#"#!/bin/sh
case "$1" in
version) echo v3.16.0; exit 0;;
template) ;;
*) echo "unexpected $1" >&2; exit 1;;
esac
printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata:\n  values: |\n' "$2"
shift 3
flags=
while [ $# -gt 0 ]; do
  if [ "$1" = -f ]; then sed 's/^/    /' "$2"; shift; else flags="$flags $1"; fi
  shift
done
printf '  flags: "%s"\n' "$flags"
"#;

fn chart(kustomization: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("kustomization.yaml", kustomization);
    write("charts/web/Chart.yaml", "name: web\n");
    write("charts/web/values.yaml", "a: {b: 1, c: 2}\nd: [1]\n");
    write("more.yaml", "e: 5\n");
    write("helm", HELM);
    let helm = folder.path().join("helm");
    fs::set_permissions(helm, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn build(program: &Path, before: &[&str], flags: &[&str], folder: &Path) -> Output {
    Command::new(program)
        .args(before)
        .arg("build")
        .args(flags)
        .current_dir(folder)
        .output()
        .unwrap()
}

#[test]
fn helm_is_called_as_upstream_calls_it() {
    let Some(upstream) = require("kustomize") else {
        return;
    };
    for fields in [
        "",
        "  namespace: ns\n  includeCRDs: true\n  skipTests: true\n  skipHooks: true\n",
        "  additionalValuesFiles: [more.yaml]\n  apiVersions: [v9]\n  kubeVersion: '1.30'\n",
        "  valuesFile: more.yaml\n",
        "  valuesInline: {a: {b: 9}, x: y}\n  valuesMerge: replace\n",
    ] {
        let text = format!("namePrefix: p-\nhelmCharts:\n- name: web\n  releaseName: r\n{fields}");
        let folder = chart(&text);
        let helm = folder.path().join("helm");
        let flags = ["--enable-helm", "--helm-command", helm.to_str().unwrap()];
        let expected = build(&upstream, &[], &flags, folder.path());
        let found = build(program(), &["kustomize"], &flags, folder.path());
        assert_eq!(
            String::from_utf8_lossy(&found.stdout),
            String::from_utf8_lossy(&expected.stdout),
            "{fields}: {}",
            String::from_utf8_lossy(&found.stderr)
        );
        assert!(expected.status.success(), "{fields}");
    }
}

#[test]
fn values_are_merged() {
    let values = |how: &str| {
        let text = format!(
            "helmCharts:\n- name: web\n  releaseName: r\n  valuesMerge: {how}\n  valuesInline: {{a: {{b: 9, e: 1}}}}\n"
        );
        let folder = chart(&text);
        let flags = ["--enable-helm", "--helm-command", "./helm"];
        let output = build(program(), &["kustomize"], &flags, folder.path());
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(values("override").contains("b: 9"));
    assert!(values("merge").contains("b: 1"));
    assert!(values("merge").contains("e: 1"));
}

#[test]
fn helm_is_not_run_unasked_and_its_lack_is_said() {
    let folder = chart("namePrefix: a-\nhelmCharts:\n- name: web\n");
    let missing = ["--enable-helm", "--helm-command", "/no/such/helm"];
    for (flags, says) in [
        (
            &[][..],
            "kustomization.yaml:2:1: must specify --enable-helm",
        ),
        (&missing, "cannot run /no/such/helm: install helm"),
    ] {
        let output = build(program(), &["kustomize"], flags, folder.path());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1));
        assert!(said.contains(says), "{said}");
    }
}
