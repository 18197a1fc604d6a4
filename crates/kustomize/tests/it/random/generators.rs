//! Random generators of ConfigMaps and Secrets.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

pub(crate) fn generator() -> impl Strategy<Value = Value> {
    let behavior = option::weighted(0.3, select(vec!["create", "merge", "replace"]));
    let value = "[a-z0-9=\" .:]{0,8}";
    let literals = vec((select(vec!["color", "size", "new"]), value), 1..3);
    let options = option::weighted(
        0.3,
        select(vec![
            json!({ "disableNameSuffixHash": true }),
            json!({ "labels": { "app": "made" }, "annotations": { "note": "1" } }),
            json!({ "annotations": { "more": "yes", "example.com/a": "" } }),
            json!({ "immutable": true }),
            json!({ "immutable": false, "disableNameSuffixHash": false }),
        ]),
    );
    let name = select(vec!["made", "made", "more", "settings", "other", "files"]);
    let files = prop_oneof![
        20 => select(vec![
            ("files", "data.txt"),
            ("files", "text=data.txt"),
            ("envs", "made.env"),
            ("files", "crd.json"),
            ("files", "data.bin"),
            ("files", "text=data.bin"),
            ("files", "app.yaml"),
            ("files", "app.json"),
        ]),
        // Most of what is in there is not UTF-8, which is refused.
        1 => Just(("envs", "data.bin")),
    ];
    let files = option::weighted(0.3, files);
    let sources = (literals, files);
    (name, behavior, sources, options).prop_map(|(name, behavior, sources, options)| {
        let (literals, files) = sources;
        let literals: Vec<String> = BTreeMap::from_iter(literals)
            .into_iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let mut generator = json!({ "name": name, "literals": literals });
        if let Some((field, file)) = files {
            generator[field] = json!([file]);
        }
        if let Some(behavior) = behavior {
            generator["behavior"] = behavior.into();
        }
        if let Some(options) = options {
            generator["options"] = options;
        }
        generator
    })
}
