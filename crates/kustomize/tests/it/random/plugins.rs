//! Random plugins that upstream has built in.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::generators::generator;
use super::patches::{patch, strategic};
use super::replacements::replacement;

pub(crate) fn transformer() -> impl Strategy<Value = Value> {
    let metadata = json!({ "name": "any", "namespace": "made" });
    let with = move |kind: &str, fields: Value| {
        let mut plugin = json!({ "apiVersion": "builtin", "kind": kind, "metadata": metadata });
        for (name, value) in fields.as_object().into_iter().flatten() {
            plugin[name] = value.clone();
        }
        plugin
    };
    let name = json!([{ "path": "metadata/name" }]);
    let created = |path: &str| json!([{ "path": path, "create": true }]);
    let labels =
        json!([{ "path": "metadata/labels/app" }, { "path": "spec/template/metadata/labels/app" }]);
    select(vec![
        with(
            "PrefixTransformer",
            json!({ "prefix": "t-", "fieldSpecs": labels }),
        ),
        with(
            "SuffixTransformer",
            json!({ "suffix": "-t", "fieldSpecs": [{ "path": "metadata/annotations/note" }, { "path": "spec/selector/matchLabels/app", "kind": "Deployment" }] }),
        ),
        with(
            "ReplicaCountTransformer",
            json!({ "replica": { "name": "web", "count": 7 }, "fieldSpecs": [{ "path": "metadata/labels/team", "create": true }] }),
        ),
        with(
            "AnnotationsTransformer",
            json!({ "annotations": { "note": "t", "app": "t" }, "fieldSpecs": [{ "path": "metadata/labels", "create": true }, { "path": "spec/template/metadata/annotations", "create": true, "group": "apps" }] }),
        ),
        with(
            "ImageTagTransformer",
            json!({ "imageTag": { "name": "web", "newTag": "t" }, "fieldSpecs": [{ "path": "metadata/labels/app" }] }),
        ),
        with(
            "PrefixTransformer",
            json!({ "prefix": "t-", "fieldSpecs": name }),
        ),
        with(
            "SuffixTransformer",
            json!({ "suffix": "-t", "fieldSpecs": name }),
        ),
        with(
            "NamespaceTransformer",
            json!({ "fieldSpecs": created("metadata/namespace") }),
        ),
        with(
            "LabelTransformer",
            json!({ "labels": { "team": "t" }, "fieldSpecs": created("metadata/labels") }),
        ),
        with(
            "AnnotationsTransformer",
            json!({ "annotations": { "note": "t" }, "fieldSpecs": created("metadata/annotations") }),
        ),
        with(
            "ImageTagTransformer",
            json!({ "imageTag": { "name": "nginx", "newTag": "t" } }),
        ),
        with(
            "ReplicaCountTransformer",
            json!({ "replica": { "name": "web", "count": 7 }, "fieldSpecs": created("spec/replicas") }),
        ),
    ])
}

/// Those whose fields are a kustomization's own.
pub(crate) fn changing_plugin() -> impl Strategy<Value = Value> {
    let plugin = |kind: &str, fields: Value| {
        let mut plugin =
            json!({ "apiVersion": "builtin", "kind": kind, "metadata": { "name": "any" } });
        for (name, value) in fields.as_object().into_iter().flatten() {
            plugin[name] = value.clone();
        }
        plugin
    };
    prop_oneof![
        patch().prop_map(move |patch| plugin("PatchTransformer", patch)),
        strategic().prop_map(move |patch| {
            plugin(
                "PatchStrategicMergeTransformer",
                json!({ "patches": patch }),
            )
        }),
        replacement().prop_map(move |replacement| {
            plugin(
                "ReplacementTransformer",
                json!({ "replacements": [replacement] }),
            )
        }),
        Just(plugin("HashTransformer", json!({}))),
    ]
}

pub(crate) fn generating_plugin() -> impl Strategy<Value = Value> {
    let kind = select(vec!["ConfigMapGenerator", "SecretGenerator"]);
    let plugged = select(vec!["plug", "plugged", "plugin", "plugs"]);
    (kind, plugged, generator()).prop_map(|(kind, plugged, mut generator)| {
        generator["apiVersion"] = "builtin".into();
        generator["kind"] = kind.into();
        if generator["name"] == "settings" && kind == "ConfigMapGenerator" {
            generator["behavior"] = "merge".into();
        } else {
            generator["name"] = plugged.into();
            generator["behavior"] = "create".into();
        }
        generator["metadata"] = json!({ "name": generator["name"] });
        generator
    })
}
