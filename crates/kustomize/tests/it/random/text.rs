//! Trees as files: one file of many documents for a folder's objects, one for its kustomization.

use serde_json::Value;

use super::{Files, Tree, styled};

/// The first value of a folder is its kustomization, the others are its objects.
pub(crate) fn files(tree: &Tree) -> Files {
    let mut files = Files::new();
    for (folder, values) in &tree.folders {
        let Some((kustomization, objects)) = values.split_first() else {
            continue;
        };
        let mut kustomization = kustomization.clone();
        for (name, patch) in patches_taken_out(&mut kustomization) {
            files.insert(format!("{folder}/{name}"), patch.into_bytes());
        }
        files.insert(
            format!("{folder}/kustomization.yaml"),
            towpath_yaml::to_yaml(&kustomization).into_bytes(),
        );
        files.insert(
            format!("{folder}/objects.yaml"),
            documents(objects, tree).into_bytes(),
        );
        files.insert(format!("{folder}/data.bin"), tree.bytes.clone());
        files.extend(BESIDE.map(|(name, text)| (format!("{folder}/{name}"), text.into())));
    }
    files
}

/// Some of the patches, as files of which only the names stay.
fn patches_taken_out(kustomization: &mut Value) -> Vec<(String, String)> {
    let mut taken = Vec::new();
    let mut take = |patch: &mut Value| {
        let text = patch.as_str().filter(|text| text.len() % 4 == 0)?;
        let name = format!("patch-{}.yaml", taken.len());
        taken.push((name.clone(), text.to_owned()));
        *patch = name.into();
        Some(())
    };
    for patch in kustomization["patches"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        if take(&mut patch["patch"]).is_some() {
            patch["path"] = patch["patch"].take();
            without_nulls(patch);
        }
    }
    let merges = kustomization["patchesStrategicMerge"].as_array_mut();
    for patch in merges.into_iter().flatten() {
        take(patch);
    }
    without_nulls(kustomization);
    taken
}

/// Indexing makes some.
pub(crate) fn without_nulls(object: &mut Value) {
    let fields = object.as_object_mut().expect("a mapping");
    fields.retain(|_, value| !value.is_null());
}

/// Files that each kustomization may name.
const BESIDE: [(&str, &str); 9] = [
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
    // Into labels and annotations, which upstream shares between several places of an object.
    ("shared.yaml", include_str!("beside/shared.yaml")),
    (
        "crd.json",
        r#"{"com.example.Boat": {"Schema": {"properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"},
            "metadata": {"type": "object"}, "spec": {"$ref": "com.example.BoatSpec"}}}},
            "com.example.BoatSpec": {"Schema": {"properties": {
            "settings": {"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "ConfigMap"},
            "labels": {"x-kubernetes-label-selector": ""}, "notes": {"x-kubernetes-annotation": ""}}}}}"#,
    ),
];

fn documents(objects: &[Value], tree: &Tree) -> String {
    let write = |object| match tree.in_brackets {
        true => styled::json(object) + "\n",
        false => styled::yaml(object, &tree.styles),
    };
    let documents: Vec<String> = objects.iter().map(write).collect();
    documents.join("---\n")
}
