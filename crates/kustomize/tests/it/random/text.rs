//! Trees as files: one file of many documents for a folder's objects, one for its kustomization.

use regex::Regex;
use serde_json::Value;

use super::{Files, Tree};

/// The first value of a folder is its kustomization, the others are its objects.
pub(crate) fn files(tree: &Tree) -> Files {
    let mut files = Files::new();
    for (folder, values) in &tree.folders {
        let Some((kustomization, objects)) = values.split_first() else {
            continue;
        };
        files.insert(
            format!("{folder}/kustomization.yaml"),
            without_marks(&towpath_yaml::to_yaml(kustomization)).into_bytes(),
        );
        files.insert(
            format!("{folder}/objects.yaml"),
            without_marks(&documents(objects, tree.in_brackets)).into_bytes(),
        );
        files.insert(format!("{folder}/data.bin"), tree.bytes.clone());
        files.extend(BESIDE.map(|(name, text)| (format!("{folder}/{name}"), text.into())));
    }
    files
}

/// Odd scalars as they are written.
fn without_marks(text: &str) -> String {
    let mark = Regex::new(r#"\\?"odd:([^"\\]*)\\?"|odd:"#).expect("an expression");
    mark.replace_all(text, "$1").into_owned()
}

/// Files that each kustomization may name.
const BESIDE: [(&str, &str); 8] = [
    // A type that no release knows, with a list that is merged by name.
    ("schema.json", include_str!("beside/schema.json")),
    // The same type outside of namespaces, and a Deployment whose containers are merged by their image.
    ("schema.yaml", include_str!("beside/schema.yaml")),
    ("made.env", "# colours\nshade=red\n\nother=a b=c\n"),
    ("data.txt", "one\ntwo: 2\n"),
    (
        "app.yaml",
        "server:\n  port: 8080\n  host: \"a\"\nhosts:\n  - a\n  - b\nlist:\n- name: a\n  value: 1\n- {name: b, value: x}\n",
    ),
    (
        "app.json",
        "{\n    \"server\": {\"port\": 8080, \"host\": \"a\"},\n    \"list\": [{\"name\": \"a\"}]\n}\n",
    ),
    (
        "config.yaml",
        "images:\n- kind: Boat\n  path: spec/image\nnamePrefix:\n- kind: Boat\n  path: spec/crew/name\n\
         commonLabels:\n- kind: Boat\n  path: spec/tags\n  create: true\nnameReference:\n- kind: ConfigMap\n  \
         version: v1\n  fieldSpecs:\n  - kind: Boat\n    path: spec/settings\nreplicas:\n- kind: Boat\n  \
         path: spec/count\n  create: true\nvarReference:\n- kind: Boat\n  path: spec/note\n",
    ),
    (
        "crd.json",
        r#"{"com.example.Boat": {"Schema": {"properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"},
            "metadata": {"type": "object"}, "spec": {"$ref": "com.example.BoatSpec"}}}},
            "com.example.BoatSpec": {"Schema": {"properties": {
            "settings": {"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "ConfigMap"},
            "labels": {"x-kubernetes-label-selector": ""}, "notes": {"x-kubernetes-annotation": ""}}}}}"#,
    ),
];

fn documents(objects: &[Value], in_brackets: bool) -> String {
    let write = |object| match in_brackets {
        true => format!("{object}\n"),
        false => towpath_yaml::to_yaml(object),
    };
    let documents: Vec<String> = objects.iter().map(write).collect();
    documents.join("---\n")
}
