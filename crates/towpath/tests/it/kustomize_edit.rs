//! `towpath kustomize edit`: what upstream's program makes of a file without comments, and comments stay.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use towpath_testkit::require;

use crate::program::program;

const FILE: &str = "kustomization.yaml";

/// As upstream's program writes it.
const PLAIN: &str = "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- web.yaml
- api.yaml
namePrefix: a-
commonLabels:
  app: shop
images:
- name: api
  newTag: \"1\"
- digest: sha256:abc
  name: web
  newName: shop/web
replicas:
- count: 2
  name: web
";

/// The file after a command of a program.
fn edited(program: &Path, text: &str, arguments: &[&str]) -> (String, Output) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        (FILE, text),
        ("web.yaml", ""),
        ("new.yaml", ""),
        ("new2.yaml", ""),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .unwrap();
    (
        fs::read_to_string(folder.path().join(FILE)).unwrap(),
        output,
    )
}

fn ours(text: &str, arguments: &[&str]) -> (String, Output) {
    let all: Vec<&str> = [&["kustomize"], arguments].concat();
    edited(program(), text, &all)
}

#[track_caller]
fn check(text: &str, arguments: &[&str], expected: &str) {
    let (found, output) = ours(text, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(found, expected);
}

#[test]
fn plain_files_become_what_upstream_writes() {
    let Some(upstream) = require("kustomize") else {
        return;
    };
    let commands: &[&[&str]] = &[
        &["set", "image", "api:2"],
        &["set", "image", "web=other/web:3"],
        &["set", "image", "web=*@sha256:def"],
        &["set", "image", "web=*:7"],
        &["set", "image", "db=postgres:17", "b:1", "zoo@sha256:abc"],
        &["set", "image", "web"],
        &["set", "namespace", "stage"],
        &["set", "nameprefix", "b-"],
        &["set", "nameprefix", "--", "-b"],
        &["set", "namesuffix", "--", "-v2"],
        &["set", "replicas", "web=5", "api=3"],
        &["set", "replicas", "web=many"],
        &["set", "label", "app:store", "tier:front"],
        &["set", "label", ":x"],
        &["set", "annotation", "note:a b"],
        &["add", "resource", "new.yaml"],
        &["add", "resource", "new*.yaml"],
        &["add", "resource", "web.yaml"],
        &["add", "resource", "--no-verify", "absent.yaml"],
        &["add", "resource", "absent.yaml"],
        &["add", "label", "tier:front,a", "team:a"],
        &["add", "label", "app:other"],
        &["add", "annotation", "note:1"],
        &["remove", "resource", "web.yaml"],
        &["remove", "resource", "*.yaml"],
        &["remove", "label", "app"],
        &["remove", "label", "absent"],
        &["add", "base", "web.yaml"],
        &["add", "base", "new.yaml,new2.yaml"],
        &["add", "base", "absent"],
        &["add", "buildmetadata", "originAnnotations,managedByLabel"],
        &["add", "buildmetadata", "other"],
        &["set", "buildmetadata", "transformerAnnotations"],
        &["remove", "buildmetadata", "managedByLabel"],
        &[
            "add",
            "configmap",
            "c",
            "--from-literal=a=1",
            "--from-literal=b=x y",
        ],
        &[
            "add",
            "configmap",
            "c",
            "--from-file=new*.yaml",
            "--behavior=merge",
        ],
        &[
            "add",
            "configmap",
            "c",
            "--from-file=k=new.yaml",
            "--disableNameSuffixHash",
        ],
        &[
            "add",
            "configmap",
            "c",
            "--from-env-file=new.yaml",
            "--namespace",
            "n",
        ],
        &["add", "configmap", "c", "--from-env-file=absent"],
        &["add", "configmap", "c"],
        &["add", "configmap", "c", "--from-literal=a"],
        &["add", "secret", "s", "--from-literal=a=1"],
        &[
            "add",
            "secret",
            "s",
            "--from-literal=a=1",
            "--type=kubernetes.io/x",
        ],
        &["set", "configmap", "c", "--from-literal=a=1"],
        &["remove", "configmap", "c"],
        &[
            "add",
            "patch",
            "--path",
            "new.yaml",
            "--kind",
            "Deployment",
            "--name",
            "web",
        ],
        &["add", "patch", "--patch", "kind: A"],
        &["add", "patch", "--kind", "A"],
        &["remove", "patch", "--path", "new.yaml"],
        &["fix"],
    ];
    compared(&upstream, PLAIN, commands);
    let commands: &[&[&str]] = &[
        &["add", "configmap", "c", "--from-literal=b=2"],
        &[
            "add",
            "configmap",
            "c",
            "--from-literal=b=2",
            "--namespace=ns",
        ],
        &["add", "configmap", "c", "--from-literal=a=2"],
        &["set", "configmap", "c", "--from-literal=a=2"],
        &["set", "configmap", "c", "--from-literal=z=2"],
        &["set", "configmap", "c", "--new-namespace=ns"],
        &["set", "secret", "s", "--from-literal=a=2", "--namespace=ns"],
        &["set", "secret", "s", "--from-literal=a=2"],
        &["remove", "configmap", "c"],
        &["remove", "configmap", "c,d"],
        &["remove", "secret", "s"],
        &["remove", "secret", "s", "--namespace=ns"],
        &["add", "patch", "--path", "p.yaml", "--kind", "A"],
        &["remove", "patch", "--path", "p.yaml", "--kind", "A"],
        &["remove", "patch", "--path", "p.yaml"],
        &["add", "buildmetadata", "managedByLabel"],
        &["set", "buildmetadata", "managedByLabel"],
        &["set", "buildmetadata", "originAnnotations"],
        &[
            "remove",
            "buildmetadata",
            "managedByLabel,originAnnotations",
        ],
    ];
    compared(&upstream, GENERATORS, commands);
    let old = "bases:\n- a\nresources:\n- web.yaml\npatchesStrategicMerge:\n- new.yaml\n- |-\n  kind: A\npatchesJson6902:\n- path: new2.yaml\n  target:\n    kind: A\n    name: a\n    version: v1\ncommonLabels:\n  b: \"1\"\n  a: x\nconfigMapGenerator:\n- env: new.yaml\n  name: c\n";
    let typed = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
    compared(&upstream, &format!("{typed}{old}"), &[&["fix"]]);
    for charts in OLD_CHARTS {
        compared(&upstream, &format!("{typed}{charts}"), &[&["fix"]]);
    }
}

/// As kustomize had them before `helmCharts`.
const OLD_CHARTS: [&str; 4] = [
    "resources:\n- web.yaml\nhelmChartInflationGenerator:\n- chartName: web\n  chartVersion: 1.2.0\n  chartRepoUrl: https://example.com/charts\n  releaseName: r\n  values: new.yaml\n  valuesMerge: merge\n  valuesLocal:\n    z: 1\n    a: {y: [1, {d: x, c: \"2\"}], b: null}\nnamespace: ns\n",
    "helmChartInflationGenerator:\n- chartName: a\n  chartHome: first\n  helmHome: home\n- chartName: b\n  chartHome: second\n  releaseNamespace: ns\n  extraArgs: [--debug]\n  helmBin: helm3\n  chartRepoName: x\n- {}\n",
    "helmGlobals:\n  chartHome: kept\nhelmCharts:\n- name: there\nhelmChartInflationGenerator:\n- chartName: a\n  chartHome: dropped\n",
    "imageTags:\n- name: a\n  newTag: \"1\"\ncommonLabels:\n  a: b\npatchesStrategicMerge:\n- new.yaml\nhelmChartInflationGenerator:\n- chartName: a\n  chartHome: home\n",
];

/// As upstream's program writes it.
const GENERATORS: &str = "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
patches:
- path: p.yaml
  target:
    kind: A
configMapGenerator:
- literals:
  - a=1
  name: c
secretGenerator:
- literals:
  - a=1
  name: s
  namespace: ns
  type: Opaque
buildMetadata:
- managedByLabel
";

#[track_caller]
fn compared(upstream: &Path, text: &str, commands: &[&[&str]]) {
    for command in commands {
        let arguments = [&["edit"], *command].concat();
        let (expected, output) = edited(upstream, text, &arguments);
        let (found, own) = ours(text, &arguments);
        let said = String::from_utf8_lossy(&own.stderr);
        assert_eq!(found, expected, "{command:?}: {said}");
        let succeeds = |output: &Output| output.status.success();
        assert_eq!(succeeds(&own), succeeds(&output), "{command:?}: {said}");
    }
}

#[test]
fn comments_and_layout_stay() {
    let text = "# ours\nresources: # all of them\n  - web.yaml # the shop\n\n  # last\n  - api.yaml\nimages:\n  # pinned\n  - newTag: '1' # by hand\n    name: api\n# the end\n";
    check(
        text,
        &["edit", "set", "image", "api:2"],
        &text.replace("'1'", "'2'"),
    );
    check(
        text,
        &["edit", "add", "resource", "new.yaml"],
        &text.replace("- api.yaml\n", "- api.yaml\n  - new.yaml\n"),
    );
    check(
        text,
        &["edit", "remove", "resource", "api.yaml"],
        &text.replace("  - api.yaml\n", ""),
    );
    check(
        text,
        &["edit", "set", "namespace", "a"],
        &text.replace("# the end", "namespace: a\n# the end"),
    );
}

#[test]
fn lists_in_brackets_stay_in_brackets() {
    let text = "resources: [web.yaml, api.yaml] # both\nimages: [{name: web, newTag: v1}]";
    check(
        text,
        &["edit", "add", "resource", "new.yaml"],
        &text.replace("api.yaml]", "api.yaml, new.yaml]"),
    );
    check(
        text,
        &["edit", "remove", "resource", "web.yaml"],
        &text.replace("web.yaml, ", ""),
    );
    check(
        text,
        &["edit", "set", "image", "web:v2"],
        &text.replace("v1", "v2"),
    );
}

#[test]
fn what_cannot_be_edited_is_said_and_left_alone() {
    for (text, says) in [
        ("- a\n", "expected a mapping, found a list"),
        ("resources: web.yaml\n", "expected a list, found a string"),
        ("resources: [\n", "kustomization.yaml:"),
    ] {
        let (found, output) = ours(text, &["edit", "add", "resource", "new.yaml"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(says), "{said}");
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(found, text);
    }
}
