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
    let targets = prop_oneof![vec(field_target(), 1..3), vec(text_target(), 1..3)];
    let of_texts = (source(), targets).prop_map(|(mut replacement, targets)| {
        replacement["targets"] = targets.into();
        replacement
    });
    prop_oneof![6 => of_texts, 1 => of_numbers()].boxed()
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
            .prop_map(|path| json!({ "kind": "Boat", "name": SOURCE, "fieldPath": path })),
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
    let create = prop_oneof![12 => Just(true), 1 => Just(false)];
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
    ]);
    let workloads = select(vec![
        json!({ "kind": "Deployment" }),
        json!({ "kind": "Deployment", "name": "web" }),
        json!({ "group": "apps" }),
    ]);
    prop_oneof![
        (target(), vec(of_any, 1..3)),
        (workloads, vec(of_workloads, 1..3)),
    ]
}

/// Within the texts of a ConfigMap.
fn text_target() -> impl Strategy<Value = Value> {
    let name = select(vec![structured::NAME, structured::NAME, "texts|files"]);
    let create = prop_oneof![9 => Just(json!({ "create": true })), 1 => Just(Value::Null)];
    let paths = vec(structured::path(), 1..3);
    (name, paths, create).prop_map(|(name, paths, options)| {
        let select = json!({ "kind": "ConfigMap", "name": name });
        json!({ "select": select, "fieldPaths": paths, "options": options })
    })
}

/// Of scalars that are no texts. Their types fit, or we refuse what upstream refuses in the end.
fn of_numbers() -> impl Strategy<Value = Value> {
    let scalar =
        || prop_oneof![3 => Just("spec.count"), 1 => Just("spec.share"), 1 => Just("spec.flag")];
    let boat = json!({ "kind": "Boat", "name": SOURCE });
    let replicas = json!({
        "select": { "kind": "Deployment", "name": "web" }, "fieldPaths": ["spec.replicas"], "options": { "create": true },
    });
    let target = prop_oneof![
        3 => Just(replicas),
        1 => scalar().prop_map(move |path| json!({ "select": boat, "fieldPaths": [path] })),
    ];
    (scalar(), target).prop_map(|(path, target)| {
        let source = json!({ "kind": "Boat", "name": SOURCE, "fieldPath": path });
        json!({ "source": source, "targets": [target] })
    })
}
