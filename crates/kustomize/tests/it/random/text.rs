//! Trees as files: one file of many documents for a folder's objects, one for its kustomization.

use serde_json::Value;

use super::{Files, Tree};

/// The first value of a folder is its kustomization, the others are its objects.
pub(crate) fn files(tree: &Tree) -> Files {
    let mut files = Files::new();
    for (folder, values) in tree {
        let Some((kustomization, objects)) = values.split_first() else {
            continue;
        };
        files.insert(
            format!("{folder}/kustomization.yaml"),
            towpath_yaml::to_yaml(kustomization),
        );
        files.insert(format!("{folder}/objects.yaml"), documents(objects));
    }
    files
}

fn documents(objects: &[Value]) -> String {
    let documents: Vec<String> = objects.iter().map(towpath_yaml::to_yaml).collect();
    documents.join("---\n")
}
