//! Random replacements.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::objects::{SOURCE, name, text};
use super::patches::target;
use super::structured;

pub(crate) fn replacement() -> BoxedStrategy<Value> {
    let targets = prop_oneof![
        vec(field_target(), 1..3),
        vec(text_target(structured::path().boxed()), 1..3)
    ];
    let of_texts = (source(), targets).prop_map(|(mut replacement, targets)| {
        replacement["targets"] = targets.into();
        replacement
    });
    prop_oneof![6 => of_texts, 1 => of_numbers(), 2 => of_collections()].boxed()
}

fn of_boat(path: &str) -> Value {
    json!({ "kind": "Boat", "name": SOURCE, "fieldPath": path })
}

/// Of mappings and lists, which patches and transformers may have changed before. Not of all annotations: upstream
/// copies its own with them, `internal.config.kubernetes.io/prefixes` and the like.
fn of_collections() -> impl Strategy<Value = Value> {
    let boat = select(vec![
        "spec.crew",
        "spec.crew",
        "spec.list",
        "spec.locks",
        "spec.locks.0",
        "metadata.labels",
    ])
    .prop_map(of_boat);
    let workload = select(vec![
        "metadata.labels",
        "spec.selector.matchLabels",
        "spec.template.metadata.labels",
        "spec.template.spec.containers.0",
        "spec.template.spec.containers",
    ]);
    let workload =
        workload.prop_map(|path| json!({ "kind": "Deployment", "name": "web", "fieldPath": path }));
    let data = Just(json!({ "kind": "ConfigMap", "name": "settings", "fieldPath": "data" }));
    let source = prop_oneof![4 => boat, 3 => workload, 1 => data];
    let fields = select(vec![
        (
            json!({ "kind": "Deployment", "name": "web" }),
            "spec.template.spec.nodeSelector",
        ),
        (
            json!({ "kind": "Deployment", "name": "web" }),
            "metadata.annotations",
        ),
        (
            json!({ "kind": "Deployment", "name": "web" }),
            "spec.made.deep",
        ),
        (json!({ "kind": "Boat", "name": SOURCE }), "spec.nothing"),
        (json!({ "kind": "Boat", "name": SOURCE }), "spec.crew"),
    ]);
    let field = fields.prop_map(|(select, path)| {
        json!({ "select": select, "fieldPaths": [path], "options": { "create": true } })
    });
    let target = prop_oneof![3 => text_target(structured::collection_path().boxed()), 1 => field];
    (source, vec(target, 1..3)).prop_map(|(source, mut targets)| {
        keep_annotations_apart(&source, &mut targets);
        json!({ "source": source, "targets": targets })
    })
}

/// Upstream crashes on annotations that are a list, or in which one is no text.
fn keep_annotations_apart(source: &Value, targets: &mut [Value]) {
    let is_of_texts = source["fieldPath"]
        .as_str()
        .is_some_and(|path| path.ends_with("abels"));
    for target in targets {
        if !is_of_texts && target["fieldPaths"][0] == "metadata.annotations" {
            target["fieldPaths"][0] = "spec.made.too".into();
        }
    }
}

/// A replacement without targets.
fn source() -> impl Strategy<Value = Value> {
    let image = "spec.template.spec.containers.0.image";
    let plain = prop_oneof![
        6 => Just(json!({ "kind": "ConfigMap", "name": "settings" })),
        6 => Just(json!({ "kind": "Deployment", "name": "web", "fieldPath": image })),
        2 => split().prop_map(move |split| {
            json!({ "kind": "Deployment", "name": "web", "fieldPath": image, "options": split })
        }),
        1 => Just(json!({ "kind": "ConfigMap", "name": "settings", "fieldPath": "data.color" })),
        8 => select(vec!["spec.count", "spec.share", "spec.flag", "spec.note", "spec.note", "spec.odd", "spec.empty", "metadata.name"])
            .prop_map(of_boat),
        1 => (select(vec!["Deployment", "ConfigMap", "Service"]), name())
            .prop_map(|(kind, name)| json!({ "kind": kind, "name": name })),
    ];
    prop_oneof![
        8 => plain.prop_map(|source| json!({ "source": source })),
        1 => text().prop_map(|text| json!({ "sourceValue": text })),
    ]
}

fn split() -> impl Strategy<Value = Value> {
    (select(vec![":", "/"]), 0..2u8)
        .prop_map(|(delimiter, index)| json!({ "delimiter": delimiter, "index": index }))
}

fn field_target() -> impl Strategy<Value = Value> {
    let split = option::weighted(0.3, (select(vec![":", "/"]), -1..3i8));
    let create = prop_oneof![40 => Just(true), 1 => Just(false)];
    let options = option::weighted(0.95, (create, split));
    let reject = option::weighted(0.2, target());
    (select_and_fields(), reject, options).prop_map(|((select, fields), reject, options)| {
        let mut target = json!({ "select": select, "fieldPaths": fields });
        if let Some(reject) = reject {
            target["reject"] = json!([reject]);
        }
        if let Some((create, split)) = options {
            target["options"] = json!({ "create": create });
            if let Some((delimiter, index)) = split {
                target["options"]["delimiter"] = delimiter.into();
                target["options"]["index"] = index.into();
            }
        }
        target
    })
}

fn select_and_fields() -> impl Strategy<Value = (Value, Vec<&'static str>)> {
    let of_any = select(vec![
        "metadata.annotations.note",
        "metadata.annotations.[example.com/note]",
        "metadata.labels.team",
        "metadata.labels.app",
        "metadata.annotations.made",
        "spec.template.spec.nodeSelector.a",
        "spec.note",
        "data.color",
        "data.made",
    ]);
    let of_workloads = select(vec![
        "metadata.annotations.note",
        "spec.template.spec.containers.[name=main].image",
        "spec.template.spec.containers.[name=made].image",
        "spec.template.spec.containers.0.name",
        "spec.template.spec.containers.*.env.[name=COLOR].value",
        "spec.template.spec.containers.[name=main].args.0",
        "spec.template.spec.volumes.[name=more].configMap.name",
        "spec.template.metadata.labels.team",
        "spec.template.metadata.annotations.made",
        "spec.selector.matchLabels.app",
        "spec.template.spec.nodeSelector.made",
        "spec.template.spec.containers.[name=side].value",
        "spec.template.spec.containers.[name=main].env.[name=SIZE].value",
    ]);
    let of_boats = select(vec![
        "spec.crew.name",
        "spec.crew.made.deep",
        "spec.nothing.made",
        "spec.nothing.made.deep",
        "spec.locks.[name=a].gates",
        "spec.locks.[name=new].gates",
        "spec.locks.*.name",
        "spec.list.0",
        "spec.made.[name=new].value",
    ]);
    let workloads = select(vec![
        json!({ "kind": "Deployment" }),
        json!({ "kind": "Deployment", "name": "web" }),
        json!({ "group": "apps" }),
    ]);
    prop_oneof![
        (target(), vec(of_any, 1..3)),
        (workloads, vec(of_workloads, 1..3)),
        (
            Just(json!({ "kind": "Boat", "name": SOURCE })),
            vec(of_boats, 1..3)
        ),
    ]
}

/// Within the texts of a ConfigMap.
fn text_target(path: BoxedStrategy<String>) -> impl Strategy<Value = Value> {
    let name = select(vec![structured::NAME, structured::NAME, "texts|files"]);
    let create = prop_oneof![40 => Just(json!({ "create": true })), 1 => Just(Value::Null)];
    let paths = vec(path, 1..3);
    (name, paths, create).prop_map(|(name, paths, options)| {
        let select = json!({ "kind": "ConfigMap", "name": name });
        json!({ "select": select, "fieldPaths": paths, "options": options })
    })
}

/// Of scalars that are no texts. Most types fit, or we refuse what upstream refuses in the end.
fn of_numbers() -> impl Strategy<Value = Value> {
    let boat =
        |path: &str| json!({ "select": { "kind": "Boat", "name": SOURCE }, "fieldPaths": [path] });
    let replicas = json!({
        "select": { "kind": "Deployment", "name": "web" }, "fieldPaths": ["spec.replicas"], "options": { "create": true },
    });
    prop_oneof![
        6 => Just(("spec.count", replicas.clone())),
        1 => select(vec!["spec.share", "spec.flag"]).prop_map(move |path| (path, replicas.clone())),
        3 => select(vec!["spec.count", "spec.share", "spec.flag"]).prop_map(move |path| (path, boat(path))),
        1 => Just(("spec.share", boat("spec.count"))),
    ]
    .prop_map(|(path, target)| json!({ "source": of_boat(path), "targets": [target] }))
}
