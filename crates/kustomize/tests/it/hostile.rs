//! Small inputs that ask for much.

use towpath_kustomize::{FileTree, Options, build};

const OBJECT: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n";

#[track_caller]
fn refused(files: &[(String, String)], says: &str) {
    let mut tree = FileTree::default();
    for (path, text) in files {
        assert!(tree.insert(path, text.clone().into_bytes()));
    }
    let said = build(&tree, "d0", &Options::default()).expect_err("it is refused");
    assert!(said.to_string().contains(says), "{said}");
}

fn one(kustomization: String) -> [(String, String); 2] {
    [
        ("d0/kustomization.yaml".to_owned(), kustomization),
        ("d0/a.yaml".to_owned(), OBJECT.to_owned()),
    ]
}

#[test]
fn copies_of_copies_end() {
    let operations: String = (0..60)
        .map(|n| format!("    - {{op: copy, from: /data, path: /data/a{n}}}\n"))
        .collect();
    let patch = format!(
        "resources: [a.yaml]\npatches:\n- target: {{kind: ConfigMap}}\n  patch: |-\n{operations}"
    );
    refused(&one(patch), "grown too large");
}

#[test]
fn replacements_of_replacements_end() {
    let paths: String = (0..60).map(|n| format!("    - data.a{n}\n")).collect();
    let replacement = format!(
        "resources: [a.yaml]\nreplacements:\n- source: {{kind: ConfigMap, fieldPath: data}}\n  targets:\n  - select: {{kind: ConfigMap}}\n    options: {{create: true}}\n    fieldPaths:\n{paths}"
    );
    refused(&one(replacement), "grown too large");
}

#[test]
fn bases_of_bases_end() {
    let base = |n: usize| {
        let text = format!("resources: [../d{}]\n", n + 1);
        (format!("d{n}/kustomization.yaml"), text)
    };
    let mut files: Vec<_> = (0..3000).map(base).collect();
    files.push((
        "d3000/kustomization.yaml".to_owned(),
        "namePrefix: a\n".to_owned(),
    ));
    refused(&files, "bases are nested deeper than 64");
}

#[test]
fn a_circle_is_named() {
    let files = [
        (
            "d0/kustomization.yaml".to_owned(),
            "resources: [../d1]\n".to_owned(),
        ),
        (
            "d1/kustomization.yaml".to_owned(),
            "resources: [../d0]\n".to_owned(),
        ),
    ];
    refused(&files, "cycle detected");
}
