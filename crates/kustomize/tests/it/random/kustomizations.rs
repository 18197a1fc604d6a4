//! The fields of random kustomizations.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::generators::generator;
use super::objects::{labels, text};
use super::patches::{json6902, patch, strategic};
use super::plugins::{changing_plugin, generating_plugin, transformer};
use super::replacements::replacement;

/// A field of a kustomization and its value.
pub(crate) type Field = (&'static str, Value);

/// In a box, as all that is large: the stack of a test's thread is small.
pub(crate) fn fields() -> BoxedStrategy<Vec<Field>> {
    vec(prop_oneof![100 => field(), 1 => schema()], 0..6).boxed()
}

/// What people put into components.
pub(crate) fn component_fields() -> BoxedStrategy<Vec<Field>> {
    let field = prop_oneof![
        2 => field(),
        1 => vec(replacement(), 1..3).prop_map(|all| ("replacements", all.into())),
        1 => vec(patch(), 1..3).prop_map(|all| ("patches", all.into())),
        1 => vec(generator(), 1..3).prop_map(|all| ("configMapGenerator", all.into())),
    ];
    vec(field, 1..4).boxed()
}

fn field() -> BoxedStrategy<Field> {
    prop_oneof![
        select(vec!["dev-", "a"]).prop_map(|prefix| ("namePrefix", prefix.into())),
        select(vec!["-v2", "z"]).prop_map(|suffix| ("nameSuffix", suffix.into())),
        select(vec!["shop", "made"]).prop_map(|namespace| ("namespace", namespace.into())),
        labels().prop_map(|labels| ("commonLabels", labels)),
        text().prop_map(|note| ("commonAnnotations", json!({ "note": note, "more": "1" }))),
        vec(label(), 1..3).prop_map(|labels| ("labels", labels.into())),
        vec(image(), 1..3).prop_map(|images| ("images", images.into())),
        (
            select(
                vec!["web"; 40]
                    .into_iter()
                    .chain(["db"])
                    .collect::<Vec<_>>()
            ),
            0..9u8
        )
            .prop_map(|(name, count)| ("replicas", json!([{ "name": name, "count": count }]))),
        vec(generator(), 1..3).prop_map(|generators| ("configMapGenerator", generators.into())),
        generator().prop_map(|generator| ("secretGenerator", json!([generator]))),
        (any::<bool>(), labels(), any::<bool>()).prop_map(|(disable, labels, immutable)| {
            (
                "generatorOptions",
                json!({ "disableNameSuffixHash": disable, "labels": labels,
                "annotations": { "note": "options" }, "immutable": immutable }),
            )
        }),
        vec(patch(), 1..3).prop_map(|patches| ("patches", patches.into())),
        vec(patch(), 1..3).prop_map(|patches| ("patches", patches.into())),
        vec(strategic(), 1..3).prop_map(|patches| ("patchesStrategicMerge", patches.into())),
        json6902().prop_map(|patch| ("patchesJson6902", json!([patch]))),
        variable().prop_map(|variable| ("vars", json!([variable]))),
        vec(variable(), 1..3).prop_map(|variables| ("vars", variables.into())),
        transformer().prop_map(|transformer| {
            ("transformers", json!([towpath_yaml::to_yaml(&transformer)]))
        }),
        changing_plugin()
            .prop_map(|plugin| ("transformers", json!([towpath_yaml::to_yaml(&plugin)]))),
        generating_plugin()
            .prop_map(|plugin| ("generators", json!([towpath_yaml::to_yaml(&plugin)]))),
        vec(replacement(), 1..3).prop_map(|replacements| ("replacements", replacements.into())),
        vec(replacement(), 1..3).prop_map(|replacements| ("replacements", replacements.into())),
        sort_options().prop_map(|options| ("sortOptions", options)),
        subsequence(
            vec![
                "originAnnotations",
                "managedByLabel",
                "transformerAnnotations"
            ],
            1..=3
        )
        .prop_map(|options| ("buildMetadata", json!(options))),
        select(vec![
            json!(["config.yaml"]),
            json!(["shared.yaml"]),
            json!(["config.yaml", "shared.yaml"])
        ])
        .prop_map(|configurations| ("configurations", configurations)),
        Just(("crds", json!(["crd.json"]))),
    ]
    .boxed()
}

/// Upstream reads its schema again for each of these, which takes longer than all else of a tree.
fn schema() -> impl Strategy<Value = Field> {
    select(vec![
        json!({ "path": "schema.json" }),
        json!({ "path": "schema.yaml" }),
        json!({ "version": "v1.21.2" }),
    ])
    .prop_map(|schema| ("openapi", schema))
}

fn label() -> impl Strategy<Value = Value> {
    let fields = select(vec![
        Value::Null,
        Value::Null,
        json!([{ "path": "spec/tags", "kind": "Boat", "create": true }]),
        json!([{ "path": "spec/template/metadata/labels", "group": "apps", "create": true }]),
    ]);
    let include = (any::<bool>(), any::<bool>());
    (labels(), include, fields).prop_map(|(pairs, (selectors, templates), fields)| {
        let label =
            json!({ "pairs": pairs, "includeSelectors": selectors, "includeTemplates": templates });
        with(label, "fields", fields)
    })
}

/// Nothing is no field.
fn with(mut object: Value, name: &str, value: Value) -> Value {
    if !value.is_null() {
        object[name] = value;
    }
    object
}

fn sort_options() -> impl Strategy<Value = Value> {
    let kinds = vec!["Namespace", "Deployment", "ConfigMap", "Boat", "Service"];
    let order = subsequence(kinds, 0..4).prop_shuffle();
    let last = subsequence(vec!["Secret", "CronJob", "ConfigMap"], 0..3);
    prop_oneof![
        Just(json!({ "order": "fifo" })),
        Just(json!({ "order": "legacy" })),
        (order, last).prop_map(|(first, last)| {
            json!({ "order": "legacy", "legacySortOptions": { "orderFirst": first, "orderLast": last } })
        }),
    ]
}

fn variable() -> impl Strategy<Value = Value> {
    let path = prop_oneof![
        4 => Just("metadata.name"),
        4 => Just("spec.template.spec.containers[0].image"),
        4 => Just("metadata.labels.app"),
        1 => Just("spec.template.metadata.labels"),
        1 => Just("spec.replicas"),
    ];
    let workload = path.prop_map(|path| ("apps/v1", "Deployment", "web", path));
    let data = Just(("v1", "ConfigMap", "settings", "data.color"));
    let source = prop_oneof![5 => workload, 1 => data];
    (select(vec!["VAR_A", "VAR_B"]), source).prop_map(|(variable, (version, kind, name, path))| {
        let object = json!({ "apiVersion": version, "kind": kind, "name": name });
        json!({ "name": variable, "objref": object, "fieldref": { "fieldpath": path } })
    })
}

fn image() -> impl Strategy<Value = Value> {
    let name = select(vec![
        "nginx",
        "app",
        "registry.example.com:5000/team/app",
        "other",
    ]);
    let change = select(vec![
        json!({ "newTag": "9" }),
        json!({ "newName": "nginx" }),
        json!({ "newName": "mirror:5000/x", "newTag": "v1" }),
        json!({ "digest": "sha256:abc" }),
        json!({ "newTag": "1", "digest": "sha256:abc" }),
        json!({ "tagSuffix": "-slim" }),
    ]);
    (name, change).prop_map(|(name, mut image)| {
        image["name"] = name.into();
        image
    })
}
