//! Random patches and what they are for.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::elements::elements;
use super::objects::{SOURCE, container, labels, leaf, name, odd, own_key, text};
use super::styled::{self, AS_IS, styles};

pub(crate) fn patch() -> BoxedStrategy<Value> {
    prop_oneof![
        4 => strategic_text().prop_map(|patch| json!({ "patch": patch })),
        4 => (target(), merge(), styles()).prop_map(|(target, spec, styles)| {
            let patch = json!({ "apiVersion": "x", "kind": "X", "metadata": { "name": "x" }, "spec": spec });
            json!({ "patch": styled::yaml(&patch, &styles), "target": target })
        }),
        4 => operations().prop_map(|(target, operations)| {
            json!({ "patch": Value::from(operations).to_string(), "target": target })
        }),
        1 => (operations(), styles()).prop_map(|((target, operations), styles)| {
            json!({ "patch": styled::yaml(&operations.into(), &styles), "target": target })
        }),
        2 => (data_merge(), styles())
            .prop_map(|(patch, styles)| json!({ "patch": styled::yaml(&patch, &styles) })),
        1 => renaming(),
        1 => (boat_merge(), styles()).prop_map(|((name, spec), styles)| {
            let patch = json!({ "apiVersion": "example.com/v1", "kind": "Boat", "metadata": { "name": name }, "spec": spec });
            json!({ "patch": styled::yaml(&patch, &styles), "target": { "kind": "Boat" } })
        }),
        2 => of_source(),
        1 => (metadata_merge(), target(), styles()).prop_map(|(metadata, target, styles)| {
            let patch = json!({ "apiVersion": "x", "kind": "X", "metadata": metadata });
            json!({ "patch": styled::yaml(&patch, &styles), "target": target })
        }),
        // Several documents in one.
        1 => vec(strategic_text(), 2..4)
            .prop_map(|patches| json!({ "patch": patches.join("---\n") })),
    ]
    .boxed()
}

/// Of a workload, by its name.
fn strategic_text() -> impl Strategy<Value = String> {
    (workload_target(), merge(), styles()).prop_map(|((kind, name), spec, styles)| {
        let patch = json!({ "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": name }, "spec": spec });
        styled::yaml(&patch, &styles)
    })
}

/// Of the object that replacements copy from.
fn of_source() -> impl Strategy<Value = Value> {
    let boat = || json!({ "kind": "Boat", "name": SOURCE });
    let entries = vec((select(vec!["name", "size", "new", "a b"]), leaf()), 1..4)
        .prop_map(|pairs| Value::Object(pairs.into_iter().map(own_key).collect()));
    let spec = prop_oneof![
        3 => entries.clone().prop_map(|crew| json!({ "crew": crew })),
        1 => leaf().prop_map(|note| json!({ "note": note, "odd": note })),
        1 => elements(&["a", "b"], "gates").prop_map(|locks| json!({ "locks": locks })),
        1 => entries.clone().prop_map(|made| json!({ "nothing": made, "list": [made] })),
    ];
    let merged = (spec, styles()).prop_map(move |(spec, styles)| {
        let patch = json!({ "apiVersion": "example.com/v1", "kind": "Boat", "metadata": { "name": SOURCE }, "spec": spec });
        json!({ "patch": styled::yaml(&patch, &styles), "target": boat() })
    });
    let path = select(vec![
        "/spec/crew",
        "/spec/crew/new",
        "/spec/note",
        "/spec/list/-",
        "/spec/made",
    ]);
    let value = prop_oneof![2 => entries, 1 => plain_value()];
    let operation = (path, value)
        .prop_map(|(path, value)| json!({ "op": "add", "path": path, "value": value }));
    let operated = (operation, styles()).prop_map(move |(operation, styles)| {
        json!({ "patch": styled::yaml(&json!([operation]), &styles), "target": boat() })
    });
    prop_oneof![2 => merged, 1 => operated]
}

/// Of what several places of an object may share.
fn metadata_merge() -> impl Strategy<Value = Value> {
    let labels = vec((select(vec!["app", "team", "new"]), leaf_of_label()), 1..3);
    let labels = labels.prop_map(|pairs| Value::Object(pairs.into_iter().map(own_key).collect()));
    let annotations = vec((select(vec!["note", "more", "new"]), leaf_of_label()), 1..3)
        .prop_map(|pairs| Value::Object(pairs.into_iter().map(own_key).collect()));
    let name = Just(json!("x"));
    prop_oneof![
        2 => (name.clone(), labels.clone()).prop_map(|(name, labels)| json!({ "name": name, "labels": labels })),
        1 => (name.clone(), labels, annotations).prop_map(|(name, labels, annotations)| {
            json!({ "name": name, "labels": labels, "annotations": annotations })
        }),
        1 => (name, select(vec!["labels", "annotations"])).prop_map(|(name, field)| json!({ "name": name, field: null })),
    ]
}

fn leaf_of_label() -> impl Strategy<Value = Value> + Clone {
    let written = select(vec![
        "\"web\"",
        "'1'",
        "!!str 1",
        "|-\n  lines",
        ">-\n  folded\n  text",
    ]);
    prop_oneof![
        4 => select(vec!["web", "river", "1", "", "$(VAR_A)", "no"]).prop_map(Value::from),
        2 => written.prop_map(|text| format!("{AS_IS}{text}").into()),
        1 => Just(Value::Null),
    ]
}

/// Of the ConfigMap `settings`.
fn data_merge() -> impl Strategy<Value = Value> {
    let data =
        (leaf(), leaf()).prop_map(|(color, new)| json!({ "data": { "color": color, "new": new } }));
    let metadata = (leaf(), leaf_of_label()).prop_map(|(note, team)| {
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
        patch
    })
}

/// Gives objects another name or kind, where its options let it.
fn renaming() -> impl Strategy<Value = Value> {
    let kind = select(vec!["Deployment", "StatefulSet"]);
    let options = (any::<bool>(), any::<bool>());
    (kind, select(vec!["web", "renamed"]), options).prop_map(|(kind, name, options)| {
        let patch = json!({ "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": name }, "spec": { "paused": true } });
        json!({
            "patch": styled::yaml(&patch, &[]),
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
    prop_oneof![
        5 => strategic_text().prop_map(Value::from),
        1 => vec(strategic_text(), 2..4).prop_map(|patches| patches.join("---\n").into()),
    ]
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
        elements(&["main", "side"], "image")
            .prop_map(move |containers| template(json!({ "containers": containers }))),
        elements(&["COLOR", "SIZE"], "value").prop_map(move |env| {
            template(json!({ "containers": [{ "name": "main", "env": env }] }))
        }),
        (leaf(), leaf()).prop_map(move |(a, b)| template(json!({ "nodeSelector": { "a": a, "b": b } }))),
        leaf_of_label().prop_map(|team| json!({ "template": { "metadata": { "labels": { "team": team } } } })),
        leaf_of_label().prop_map(|app| json!({ "selector": { "matchLabels": { "app": app } } })),
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
        "/spec/template/metadata/labels/app",
        "/spec/selector/matchLabels/app",
        "/metadata/annotations",
        "/spec/template/spec/containers/0/image",
        "/spec/template/spec/containers/-",
        "/spec/template/spec/containers/1",
        "/spec/template/spec/nodeSelector",
    ]);
    let add = (path, plain_value()).prop_map(|(path, value)| match path {
        "/metadata/annotations" => {
            json!({ "op": "add", "path": path, "value": { "note": "a", "a/b~c": "" } })
        }
        "/spec/template/spec/containers/-" | "/spec/template/spec/containers/1"
            if !value.is_object() =>
        {
            json!({ "op": "add", "path": path, "value": { "name": value, "image": "added:1" } })
        }
        _ => json!({ "op": "add", "path": path, "value": value }),
    });
    let replicas =
        (0..9u8).prop_map(|count| json!({ "op": "add", "path": "/spec/replicas", "value": count }));
    prop_oneof![6 => add, 2 => replicas, 1 => emptied(), 3 => fitting()]
}

/// As JSON has it.
fn plain_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => text().prop_map(Value::from),
        1 => (0..9u8).prop_map(Value::from),
        2 => labels(),
        1 => Just(json!({ "name": "added", "image": "added:1" })),
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
        4 => (path, plain_value()).prop_map(|(path, value)| json!({ "op": "add", "path": path, "value": value })),
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
