//! Charts. The program helm stands outside: a script that prints an object with what it was given.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use towpath_testkit::require;

use crate::program::program;

const HELM: &str = r#"#!/bin/sh
case "$1" in
version) echo v3.16.0; exit 0;;
template) ;;
*) echo "unexpected $1" >&2; exit 1;;
esac
[ "$2" = loud ] && printf 'Pulled: chart\nDigest: sha256:0\n---\n'
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
    write(
        "charts/web/values.yaml",
        "a: {b: 1, c: 2}\nd: [1]\nyes: on\n",
    );
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

fn add(folder: &TempDir, path: &str, text: &str) {
    let path = folder.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

const PLUGIN: &str = "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: any}\nname: web\nreleaseName: plugged\nvaluesInline: {x: [1]}\n";
const BASE: &str = "namePrefix: b-\nhelmCharts:\n- {name: web, releaseName: r}\n- {name: web, releaseName: s, namespace: own}\n";

#[test]
fn charts_are_generated_as_upstream_generates_them() {
    let Some(upstream) = require("kustomize") else {
        return;
    };
    for (kustomization, flags) in [
        ("generators: [plugin.yaml]\nnamespace: ns\n", &[][..]),
        (
            "generators: [plugin.yaml]\nbuildMetadata: [originAnnotations]\n",
            &[],
        ),
        (
            "generators:\n- |-\n  apiVersion: builtin\n  kind: HelmChartInflationGenerator\n  metadata: {name: any}\n  name: web\n  chartHome: elsewhere\n  releaseName: i\n",
            &[],
        ),
        (
            "helmCharts: [{name: web, releaseName: r}]\nbuildMetadata: [originAnnotations, transformerAnnotations]\nnamespace: ns\n",
            &[],
        ),
        (
            "helmCharts: [{name: web, releaseName: r}]\nhelmGlobals: {chartHome: elsewhere}\n",
            &[],
        ),
        (
            "helmChartInflationGenerator:\n- {chartName: web, releaseName: r, values: more.yaml, releaseNamespace: no, extraArgs: [--no]}\n- {chartName: web, releaseName: s, valuesLocal: {d: [2]}, chartHome: elsewhere}\n",
            &[],
        ),
        (
            "helmCharts: [{name: web, releaseName: r}]\nhelmGlobals: {}\nhelmChartInflationGenerator: [{chartName: web, releaseName: s, chartHome: no}]\n",
            &[],
        ),
        (
            "helmCharts: [{name: web, releaseName: r}]\nconfigMapGenerator: [{name: c, literals: [a=1]}]\nsecretGenerator: [{name: c}]\ngenerators: [plugin.yaml]\n",
            &[],
        ),
        (
            "helmCharts: [{name: web, releaseName: r, apiVersions: [v1], kubeVersion: '1.30'}]\n",
            &["--helm-api-versions", "v2", "--helm-kube-version", "1.31"],
        ),
        (
            "helmCharts: [{name: web, releaseName: r}]\n",
            &[
                "--helm-api-versions",
                "v2",
                "--helm-kube-version",
                "1.31",
                "--helm-debug",
            ],
        ),
        (
            "helmCharts: [{name: web, releaseName: r, namespace: other}]\nnamespace: ns\npatches: [{target: {name: r}, patch: '[{\"op\": \"add\", \"path\": \"/data/new\", \"value\": \"a\"}]'}]\n",
            &[],
        ),
        ("resources: [base]\nnamespace: outer\n", &[]),
        ("resources: [one, two]\n", &[]),
        ("components: [part]\nnamespace: ns\n", &[]),
        ("helmCharts: [{name: web, releaseName: loud}]\n", &[]),
        (
            "helmCharts: [{name: web, releaseName: r}]\nconfigMapGenerator: [{name: r}]\n",
            &[],
        ),
        (
            "helmCharts: [{name: web, releaseName: r}]\nhelmGlobals: {chartHome: ../elsewhere}\n",
            &[],
        ),
        (
            "helmCharts: [{name: web, releaseName: r, valuesMerge: other}]\n",
            &[],
        ),
        (
            "helmCharts: [{name: web, releaseName: r, version: 1.0.0}]\n",
            &[],
        ),
        ("helmCharts: [{name: absent, releaseName: r}]\n", &[]),
        ("helmCharts: [{releaseName: r}]\n", &[]),
        (
            "transformers: [plugin.yaml]\nhelmCharts: [{name: web, releaseName: r}]\n",
            &[],
        ),
    ] {
        let folder = chart(kustomization);
        add(&folder, "plugin.yaml", PLUGIN);
        add(&folder, "base/kustomization.yaml", BASE);
        add(&folder, "base/charts/web/values.yaml", "of: base\n");
        for (name, namespace) in [("one", "first"), ("two", "second")] {
            let overlay =
                format!("resources: [../base]\nnamespace: {namespace}\nnamePrefix: {name}-\n");
            add(&folder, &format!("{name}/kustomization.yaml"), &overlay);
        }
        add(
            &folder,
            "part/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nhelmCharts: [{name: web, releaseName: r}]\n",
        );
        add(&folder, "part/charts/web/values.yaml", "of: part\n");
        add(&folder, "elsewhere/web/values.yaml", "of: elsewhere\n");
        let helm = folder.path().join("helm");
        let own = ["--enable-helm", "--helm-command", helm.to_str().unwrap()];
        let flags = [&own, flags].concat();
        let expected = build(&upstream, &[], &flags, folder.path());
        let found = build(program(), &["kustomize"], &flags, folder.path());
        let said = String::from_utf8_lossy(&found.stderr);
        assert_eq!(
            String::from_utf8_lossy(&found.stdout),
            String::from_utf8_lossy(&expected.stdout),
            "{kustomization}: {said}, upstream: {}",
            String::from_utf8_lossy(&expected.stderr)
        );
        assert_eq!(found.status.success(), expected.status.success(), "{said}");
    }
}

/// What helm was given as values.
fn values(built: &Output) -> Option<Value> {
    let parse = |text: &str| {
        let documents = towpath_yaml::parse("text", text).unwrap();
        Some(documents.first()?.root.to_json())
    };
    let object = parse(std::str::from_utf8(&built.stdout).unwrap())?;
    parse(object["data"]["values"].as_str().unwrap())
}

#[test]
fn values_are_merged_as_upstream_merges_them() {
    let Some(upstream) = require("kustomize") else {
        return;
    };
    for inline in [
        "{a: {b: 9, e: 1}}",
        "{a: null, d: [2], x: {y: null, z: {}}, 'yes': no}",
        "{a: text}",
        "{d: {e: 1}}",
    ] {
        for how in ["override", "merge", "replace"] {
            let folder = chart(&format!(
                "helmCharts:\n- name: web\n  releaseName: r\n  valuesMerge: {how}\n  valuesInline: {inline}\n"
            ));
            let helm = folder.path().join("helm");
            let flags = ["--enable-helm", "--helm-command", helm.to_str().unwrap()];
            let expected = build(&upstream, &[], &flags, folder.path());
            let found = build(program(), &["kustomize"], &flags, folder.path());
            assert_eq!(values(&found), values(&expected), "{how} {inline}");
            assert_eq!(found.status.success(), expected.status.success());
        }
    }
}

#[test]
fn helm_is_not_run_unasked_and_its_lack_is_said() {
    let folder = chart("namePrefix: a-\nhelmCharts:\n- name: web\n");
    let missing = ["--enable-helm", "--helm-command", "/no/such/helm"];
    for (flags, says) in [
        (
            &[][..],
            "kustomization.yaml:3:3: must specify --enable-helm: the chart `web`",
        ),
        (&missing, "cannot run /no/such/helm: install helm"),
    ] {
        let output = build(program(), &["kustomize"], flags, folder.path());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1));
        assert!(said.contains(says), "{said}");
    }
}
