//! Random patches, replacements and their targets.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::objects::{container, labels, name, text};

pub(crate) fn patch() -> impl Strategy<Value = Value> {
    prop_oneof![
        (workload_target(), merge()).prop_map(|((kind, name), spec)| {
            let patch = json!({ "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": name }, "spec": spec });
            json!({ "patch": towpath_yaml::to_yaml(&patch) })
        }),
        (target(), merge()).prop_map(|(target, spec)| {
            let patch = json!({ "apiVersion": "x", "kind": "X", "metadata": { "name": "x" }, "spec": spec });
            json!({ "patch": towpath_yaml::to_yaml(&patch), "target": target })
        }),
        (target(), operation()).prop_map(|(target, operation)| {
            json!({ "patch": json!([operation]).to_string(), "target": target })
        }),
    ]
}

/// For `patchesStrategicMerge`.
pub(crate) fn strategic() -> impl Strategy<Value = Value> {
    (workload_target(), merge()).prop_map(|((kind, name), spec)| {
        let patch = json!({ "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": name }, "spec": spec });
        towpath_yaml::to_yaml(&patch).into()
    })
}

/// For `patchesJson6902`.
pub(crate) fn json6902() -> impl Strategy<Value = Value> {
    (workload_target(), operation()).prop_map(|((kind, name), operation)| {
        let target = json!({ "group": "apps", "version": "v1", "kind": kind, "name": name });
        json!({ "target": target, "patch": json!([operation]).to_string() })
    })
}

pub(crate) fn replacement() -> impl Strategy<Value = Value> {
    let path = select(vec![
        "metadata.name",
        "metadata.labels.app",
        "data.color",
        "spec.replicas",
    ]);
    let image = "spec.template.spec.containers.0.image";
    let source = prop_oneof![
        4 => Just(("ConfigMap", "settings", None)),
        4 => Just(("Deployment", "web", Some(image))),
        1 => (select(vec!["Deployment", "ConfigMap", "Service", "Boat"]), name(), option::of(path)),
    ];
    let field = select(vec![
        "metadata.annotations.note",
        "metadata.labels.team",
        "spec.template.spec.containers.[name=main].image",
        "spec.template.spec.containers.*.env.[name=COLOR].value",
        "spec.template.spec.nodeSelector.a",
        "data.color",
        "data.made",
    ]);
    let split = option::weighted(0.3, (select(vec![":", "/"]), -1..3i8));
    let create = prop_oneof![4 => Just(true), 1 => Just(false)];
    let options = option::weighted(0.9, (create, split));
    (source, target(), field, options).prop_map(|((kind, name, path), select, field, options)| {
        let mut source = json!({ "kind": kind, "name": name });
        if let Some(path) = path {
            source["fieldPath"] = path.into();
        }
        let mut target = json!({ "select": select, "fieldPaths": [field] });
        if let Some((create, split)) = options {
            target["options"] = json!({ "create": create });
            if let Some((delimiter, index)) = split {
                target["options"]["delimiter"] = delimiter.into();
                target["options"]["index"] = index.into();
            }
        }
        json!({ "source": source, "targets": [target] })
    })
}

fn workload_target() -> impl Strategy<Value = (&'static str, &'static str)> {
    prop_oneof![
        9 => Just(("Deployment", "web")),
        1 => (select(vec!["Deployment", "StatefulSet"]), name()),
    ]
}

fn target() -> impl Strategy<Value = Value> {
    prop_oneof![
        select(vec![
            "Deployment",
            "ConfigMap",
            "Service",
            "Stateful.*|DaemonSet"
        ])
        .prop_map(|kind| json!({ "kind": kind })),
        name().prop_map(|name| json!({ "name": name })),
        (select(vec!["Deployment", "Secret"]), name())
            .prop_map(|(kind, name)| json!({ "kind": kind, "name": name })),
        select(vec![
            "app=web",
            "team",
            "!app",
            "app in (web, river)",
            "app!=web"
        ])
        .prop_map(|labels| json!({ "labelSelector": labels })),
        select(vec!["shop", "other", ".*"]).prop_map(|namespace| json!({ "namespace": namespace })),
    ]
}

/// A strategic merge patch of a workload's spec.
fn merge() -> impl Strategy<Value = Value> {
    let template = |spec: Value| json!({ "template": { "spec": spec } });
    prop_oneof![
        (0..9u8).prop_map(|replicas| json!({ "replicas": replicas })),
        Just(json!({ "replicas": null })),
        select(vec!["main", "side", "new"])
            .prop_flat_map(container)
            .prop_map(move |container| template(json!({ "containers": [container] }))),
        (container("new"), container("main"))
            .prop_map(move |(new, main)| template(json!({ "containers": [new, main] }))),
        select(vec!["main", "side", "absent"]).prop_map(move |name| {
            template(json!({ "containers": [{ "name": name, "$patch": "delete" }] }))
        }),
        text().prop_map(move |value| {
            template(json!({ "containers": [{ "name": "main", "env": [{ "name": "SIZE", "value": value }] }] }))
        }),
        name().prop_map(move |name| {
            template(json!({ "volumes": [{ "name": "more", "configMap": { "name": name } }] }))
        }),
        Just(template(json!({ "volumes": null, "nodeSelector": {} }))),
        Just(template(json!({ "containers": [{ "name": null, "image": "lost" }] }))),
        Just(template(
            json!({ "containers": [{ "$patch": "replace" }, { "name": "only", "image": "only" }] })
        )),
        labels().prop_map(|labels| json!({ "template": { "metadata": { "labels": labels } } })),
        labels().prop_map(|labels| json!({ "selector": { "$patch": "replace", "matchLabels": labels } })),
    ]
}

/// Where replacements write.
const REPLACED: [&str; 3] = ["/image", "/team", "/color"];

/// What replacements make fields in, and empty texts for them to copy.
fn emptied() -> impl Strategy<Value = (&'static str, Value)> {
    let around = select(vec![
        "/metadata/labels",
        "/spec/template/spec/containers/0/env",
        "/data",
        "/spec/template/spec/containers/0/name",
        "/spec/template/spec/volumes",
    ]);
    prop_oneof![
        (
            around.clone(),
            select(vec![json!({}), json!([]), Value::Null])
        ),
        select(vec![
            "/spec/template/spec/containers/0/image",
            "/data/color"
        ])
        .prop_map(|path| (path, "".into())),
    ]
}

fn operation() -> impl Strategy<Value = Value> {
    let path = select(vec![
        "/metadata/labels/app",
        "/metadata/labels/team",
        "/spec/template/spec/containers/0/image",
        "/spec/template/spec/containers/-",
        "/spec/template/spec/containers/1",
        "/data/color",
    ]);
    let value = prop_oneof![
        text().prop_map(Value::from),
        (0..9u8).prop_map(Value::from),
        labels(),
        container("added"),
        Just(Value::Null),
    ];
    // Anything but a number there is refused by us at once, by upstream in the end.
    let replicas = (0..9u8).prop_map(|count| ("/spec/replicas", count.into()));
    // So is a text that a replacement puts in the place of a number or a null.
    let whole = (path, value).prop_map(|(path, value)| {
        let is_replaced = REPLACED.iter().any(|end| path.ends_with(end));
        match value {
            Value::Null | Value::Number(_) if is_replaced => (path, "nginx".into()),
            value => (path, value),
        }
    });
    let place = prop_oneof![1 => replicas, 1 => emptied(), 6 => whole];
    let op = prop_oneof![
        6 => Just("add"),
        1 => select(vec!["replace", "remove", "test"]),
    ];
    (op, place).prop_map(|(op, (path, value))| match op {
        "remove" => json!({ "op": op, "path": path }),
        _ => json!({ "op": op, "path": path, "value": value }),
    })
}
