//! Random patches and what they are for.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::objects::{container, labels, name, odd, text};

pub(crate) fn patch() -> BoxedStrategy<Value> {
    prop_oneof![
        4 => (workload_target(), merge()).prop_map(|((kind, name), spec)| {
            let patch = json!({ "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": name }, "spec": spec });
            json!({ "patch": towpath_yaml::to_yaml(&patch) })
        }),
        4 => (target(), merge()).prop_map(|(target, spec)| {
            let patch = json!({ "apiVersion": "x", "kind": "X", "metadata": { "name": "x" }, "spec": spec });
            json!({ "patch": towpath_yaml::to_yaml(&patch), "target": target })
        }),
        4 => operations().prop_map(|(target, operations)| {
            json!({ "patch": Value::from(operations).to_string(), "target": target })
        }),
        1 => operations().prop_map(|(target, operations)| {
            json!({ "patch": towpath_yaml::to_yaml(&Value::from(operations)), "target": target })
        }),
        2 => data_merge(),
        1 => renaming(),
        1 => boat_merge().prop_map(|(name, spec)| {
            let patch = json!({ "apiVersion": "example.com/v1", "kind": "Boat", "metadata": { "name": name }, "spec": spec });
            json!({ "patch": towpath_yaml::to_yaml(&patch), "target": { "kind": "Boat" } })
        }),
    ]
    .boxed()
}

/// Of the ConfigMap `settings`.
fn data_merge() -> impl Strategy<Value = Value> {
    let value = || {
        prop_oneof![
            3 => text().prop_map(Value::from),
            2 => odd().prop_map(Value::from),
            1 => Just(Value::Null),
            1 => Just(json!(5)),
        ]
    };
    let data = (value(), value())
        .prop_map(|(color, new)| json!({ "data": { "color": color, "new": new } }));
    let metadata = (value(), value()).prop_map(|(note, team)| {
        json!({ "metadata": { "name": "settings", "annotations": { "note": note }, "labels": { "team": team } } })
    });
    prop_oneof![
        8 => data,
        4 => metadata,
        1 => Just(json!({ "$patch": "delete" })),
        1 => text().prop_map(|text| json!({ "data": { "$patch": "replace", "only": text } })),
        1 => Just(json!({ "data": null })),
    ]
    .prop_map(|merge| {
        let mut patch =
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "settings" } });
        for (name, value) in merge.as_object().into_iter().flatten() {
            patch[name] = value.clone();
        }
        json!({ "patch": towpath_yaml::to_yaml(&patch) })
    })
}

/// Gives objects another name or kind, where its options let it.
fn renaming() -> impl Strategy<Value = Value> {
    let kind = select(vec!["Deployment", "StatefulSet"]);
    let options = (any::<bool>(), any::<bool>());
    (kind, select(vec!["web", "renamed"]), options).prop_map(|(kind, name, options)| {
        let patch = json!({ "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": name }, "spec": { "paused": true } });
        json!({
            "patch": towpath_yaml::to_yaml(&patch),
            "target": { "kind": "Deployment", "name": "web" },
            "options": { "allowNameChange": options.0, "allowKindChange": options.1 },
        })
    })
}

/// A merge patch of a type that only a schema knows.
fn boat_merge() -> impl Strategy<Value = (&'static str, Value)> {
    let spec = select(vec![
        json!({ "locks": [{ "name": "b", "gates": null }] }),
        json!({ "locks": [{ "name": "a", "gates": null }] }),
        json!({ "locks": [{ "name": "a", "gates": 3 }, { "name": "b" }] }),
        json!({ "locks": [{ "name": "a", "$patch": "delete" }] }),
        json!({ "locks": null, "note": "patched" }),
        json!({ "crew": { "name": null }, "count": null }),
    ]);
    (name(), spec)
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
    (workload_target(), workload_operations()).prop_map(|((kind, name), operations)| {
        let target = json!({ "group": "apps", "version": "v1", "kind": kind, "name": name });
        json!({ "target": target, "patch": Value::from(operations).to_string() })
    })
}

fn workload_target() -> impl Strategy<Value = (&'static str, &'static str)> {
    prop_oneof![
        60 => Just(("Deployment", "web")),
        1 => (select(vec!["Deployment", "StatefulSet"]), name()),
    ]
}

pub(crate) fn target() -> impl Strategy<Value = Value> {
    prop_oneof![
        select(vec![
            "Deployment",
            "ConfigMap",
            "Service",
            "Boat",
            "Stateful.*|DaemonSet"
        ])
        .prop_map(|kind| json!({ "kind": kind })),
        name().prop_map(|name| json!({ "name": name })),
        select(vec!["w.*|db", "^web$", "set", ".*"])
            .prop_map(|name| json!({ "kind": "Deployment|ConfigMap", "name": name })),
        (select(vec!["Deployment", "Secret"]), name())
            .prop_map(|(kind, name)| json!({ "kind": kind, "name": name })),
        select(vec!["apps", "", "example.*"])
            .prop_map(|group| json!({ "group": group, "version": "v1" })),
        select(vec![
            "app=web",
            "team",
            "!app",
            "app in (web, river)",
            "app!=web",
            "app notin (web),team"
        ])
        .prop_map(|labels| json!({ "labelSelector": labels })),
        select(vec!["note", "more=1", "!note"])
            .prop_map(|annotations| json!({ "annotationSelector": annotations })),
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
        odd().prop_map(move |value| {
            template(json!({ "containers": [{ "name": "main", "env": [{ "name": "COLOR", "value": value }] }] }))
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

/// A JSON patch and what it is for.
fn operations() -> impl Strategy<Value = (Value, Vec<Value>)> {
    let workload = select(vec![
        json!({ "kind": "Deployment", "name": "web" }),
        json!({ "kind": "Deployment|StatefulSet", "name": "w.*" }),
        json!({ "group": "apps", "kind": "Deployment" }),
    ]);
    let map = json!({ "kind": "ConfigMap", "name": "settings" });
    prop_oneof![
        4 => (workload, workload_operations()),
        2 => (Just(map), vec(data_operation(), 1..3)),
        1 => (target(), vec(prop_oneof![data_operation(), workload_operation()], 1..2)),
    ]
}

fn workload_operations() -> impl Strategy<Value = Vec<Value>> {
    vec(workload_operation(), 1..4)
}

/// Most of them fit a Deployment `web` with its container `main`.
fn workload_operation() -> impl Strategy<Value = Value> {
    let path = select(vec![
        "/metadata/labels/app",
        "/metadata/labels/team",
        "/metadata/labels/example.com~1part",
        "/metadata/annotations",
        "/spec/template/spec/containers/0/image",
        "/spec/template/spec/containers/-",
        "/spec/template/spec/containers/1",
        "/spec/template/spec/nodeSelector",
    ]);
    let add = (path, value()).prop_map(|(path, value)| match path {
        "/metadata/annotations" => {
            json!({ "op": "add", "path": path, "value": { "note": "a", "a/b~c": "" } })
        }
        _ => json!({ "op": "add", "path": path, "value": value }),
    });
    let replicas =
        (0..9u8).prop_map(|count| json!({ "op": "add", "path": "/spec/replicas", "value": count }));
    prop_oneof![6 => add, 2 => replicas, 1 => emptied(), 3 => fitting()]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => text().prop_map(Value::from),
        1 => (0..9u8).prop_map(Value::from),
        2 => labels(),
        2 => container("added"),
        1 => Just(Value::Null),
    ]
}

/// Of fields that are mostly there.
fn fitting() -> impl Strategy<Value = Value> {
    let containers = "/spec/template/spec/containers";
    let main = format!("{containers}/0");
    select(vec![
        json!({ "op": "test", "path": format!("{main}/name"), "value": "main" }),
        json!({ "op": "test", "path": "/kind", "value": "Deployment" }),
        json!({ "op": "copy", "from": main, "path": format!("{containers}/-") }),
        json!({ "op": "copy", "from": "/metadata/labels", "path": "/metadata/annotations" }),
        json!({ "op": "copy", "from": "/metadata/name", "path": "/metadata/labels/a~1b" }),
        json!({ "op": "move", "from": format!("{main}/image"), "path": format!("{main}/imageID") }),
        json!({ "op": "move", "from": "/spec/selector", "path": "/spec/moved" }),
        json!({ "op": "replace", "path": format!("{main}/image"), "value": "replaced:1" }),
        json!({ "op": "remove", "path": format!("{main}/name") }),
        json!({ "op": "remove", "path": "/metadata/labels" }),
        json!({ "op": "remove", "path": "/spec/selector/matchLabels" }),
    ])
}

fn data_operation() -> impl Strategy<Value = Value> {
    let path = select(vec!["/data/color", "/data/new", "/data/a~1b~0c"]);
    prop_oneof![
        4 => (path, value()).prop_map(|(path, value)| json!({ "op": "add", "path": path, "value": value })),
        1 => Just(json!({ "op": "copy", "from": "/data", "path": "/binaryData" })),
        1 => Just(json!({ "op": "test", "path": "/metadata/name", "value": "settings" })),
        1 => Just(json!({ "op": "add", "path": "/data/color", "value": "" })),
        1 => select(vec![json!({}), json!([]), Value::Null])
            .prop_map(|value| json!({ "op": "add", "path": "/data", "value": value })),
    ]
}

/// What replacements make fields in, and empty texts for them to copy.
fn emptied() -> impl Strategy<Value = Value> {
    let path = select(vec![
        "/metadata/labels",
        "/spec/template/spec/containers/0/env",
        "/spec/template/spec/containers/0/name",
        "/spec/template/spec/volumes",
    ]);
    prop_oneof![
        (path, select(vec![json!({}), json!([]), Value::Null]))
            .prop_map(|(path, value)| json!({ "op": "add", "path": path, "value": value })),
        Just(json!({ "op": "add", "path": "/spec/template/spec/containers/0/image", "value": "" })),
    ]
}
