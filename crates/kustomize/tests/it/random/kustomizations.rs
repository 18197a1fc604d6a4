//! Random kustomizations: a base, perhaps a component, an overlay.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::Tree;
use super::objects::{any_object, config_map, deployment, labels, text};
use super::patches::{json6902, patch, replacement, strategic};

/// A field of a kustomization and its value.
type Field = (&'static str, Value);

pub(crate) fn tree() -> impl Strategy<Value = Tree> {
    let base = (fields(), base_objects());
    let overlay = (fields(), vec(any_object(), 0..2));
    let component = option::weighted(0.2, fields());
    let written = (bytes(), proptest::bool::weighted(0.1));
    (base, overlay, component, written).prop_map(|(base, overlay, component, written)| {
        let mut folders = BTreeMap::new();
        let mut top = kustomization(overlay.0, vec!["../base"], &overlay.1);
        if let Some(fields) = component {
            top["components"] = json!(["../component"]);
            let mut component = kustomization(fields, Vec::new(), &[]);
            component["apiVersion"] = "kustomize.config.k8s.io/v1alpha1".into();
            component["kind"] = "Component".into();
            folders.insert("component".to_owned(), vec![component]);
        }
        let bottom = kustomization(base.0, Vec::new(), &base.1);
        folders.insert("base".to_owned(), folder(bottom, base.1));
        folders.insert("overlay".to_owned(), folder(top, overlay.1));
        let (bytes, in_brackets) = written;
        Tree {
            folders,
            bytes,
            in_brackets,
        }
    })
}

/// Of a file: text, text of another encoding, with a byte order mark, or no text at all.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..120),
        text().prop_map(|text| text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        text().prop_map(|text| format!("\u{feff}color={text}\n").into_bytes()),
        "[a-z =\r\n\t]{0,12}[\u{80}-\u{ff}]"
            .prop_map(|text| text.chars().map(|letter| letter as u8).collect()),
    ]
}

/// A Deployment `web` and a ConfigMap `settings`, so that most patches have something to change, and more.
fn base_objects() -> impl Strategy<Value = Vec<Value>> {
    (
        deployment("web"),
        config_map("settings"),
        vec(any_object(), 0..4),
    )
        .prop_map(|(deployment, config_map, more)| {
            let mut objects = vec![deployment, config_map];
            for object in more {
                if !objects.iter().any(|other| same_id(other, &object)) {
                    objects.push(object);
                }
            }
            objects
        })
}

/// Upstream refuses two of the same id.
fn same_id(one: &Value, other: &Value) -> bool {
    ["/kind", "/metadata/name", "/metadata/namespace"]
        .into_iter()
        .all(|path| one.pointer(path) == other.pointer(path))
}

fn folder(kustomization: Value, objects: Vec<Value>) -> Vec<Value> {
    let mut all = vec![kustomization];
    all.extend(objects);
    all
}

fn kustomization(fields: Vec<Field>, mut resources: Vec<&str>, objects: &[Value]) -> Value {
    if !objects.is_empty() {
        resources.push("objects.yaml");
    }
    let mut kustomization = json!({ "resources": resources });
    for (name, value) in fields {
        kustomization[name] = value;
    }
    kustomization
}

fn fields() -> impl Strategy<Value = Vec<Field>> {
    vec(field(), 0..5)
}

fn field() -> impl Strategy<Value = Field> {
    prop_oneof![
        select(vec!["dev-", "a"]).prop_map(|prefix| ("namePrefix", prefix.into())),
        select(vec!["-v2", "z"]).prop_map(|suffix| ("nameSuffix", suffix.into())),
        select(vec!["shop", "made"]).prop_map(|namespace| ("namespace", namespace.into())),
        labels().prop_map(|labels| ("commonLabels", labels)),
        text().prop_map(|note| ("commonAnnotations", json!({ "note": note, "more": "1" }))),
        (labels(), any::<bool>(), any::<bool>()).prop_map(|(pairs, selectors, templates)| {
            let label = json!({ "pairs": pairs, "includeSelectors": selectors, "includeTemplates": templates });
            ("labels", json!([label]))
        }),
        vec(image(), 1..3).prop_map(|images| ("images", images.into())),
        (select(vec!["web", "web", "web", "db"]), 0..9u8).prop_map(|(name, count)| ("replicas", json!([{ "name": name, "count": count }]))),
        vec(generator(), 1..3).prop_map(|generators| ("configMapGenerator", generators.into())),
        generator().prop_map(|generator| ("secretGenerator", json!([generator]))),
        (any::<bool>(), labels()).prop_map(|(disable, labels)| {
            ("generatorOptions", json!({ "disableNameSuffixHash": disable, "labels": labels }))
        }),
        vec(patch(), 1..3).prop_map(|patches| ("patches", patches.into())),
        vec(patch(), 1..3).prop_map(|patches| ("patches", patches.into())),
        vec(strategic(), 1..3).prop_map(|patches| ("patchesStrategicMerge", patches.into())),
        json6902().prop_map(|patch| ("patchesJson6902", json!([patch]))),
        variable().prop_map(|variable| ("vars", json!([variable]))),
        transformer().prop_map(|transformer| {
            ("transformers", json!([towpath_yaml::to_yaml(&transformer)]))
        }),
        changing_plugin().prop_map(|plugin| ("transformers", json!([towpath_yaml::to_yaml(&plugin)]))),
        generating_plugin().prop_map(|plugin| ("generators", json!([towpath_yaml::to_yaml(&plugin)]))),
        replacement().prop_map(|replacement| ("replacements", json!([replacement]))),
        select(vec!["fifo", "legacy"]).prop_map(|order| ("sortOptions", json!({ "order": order }))),
        select(vec!["originAnnotations", "managedByLabel", "transformerAnnotations"])
            .prop_map(|option| ("buildMetadata", json!([option]))),
        Just(("configurations", json!(["config.yaml"]))),
        Just(("crds", json!(["crd.json"]))),
        select(vec![
            json!({ "path": "schema.json" }),
            json!({ "path": "schema.yaml" }),
            json!({ "version": "v1.21.2" }),
        ])
        .prop_map(|schema| ("openapi", schema)),
    ]
}

fn variable() -> impl Strategy<Value = Value> {
    let paths = vec![
        "metadata.name",
        "spec.replicas",
        "spec.template.spec.containers[0].image",
    ];
    (select(vec!["VAR_A", "VAR_B"]), select(paths)).prop_map(|(name, path)| {
        let object = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" });
        json!({ "name": name, "objref": object, "fieldref": { "fieldpath": path } })
    })
}

fn transformer() -> impl Strategy<Value = Value> {
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
    select(vec![
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
fn changing_plugin() -> impl Strategy<Value = Value> {
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

fn generating_plugin() -> impl Strategy<Value = Value> {
    let kind = select(vec!["ConfigMapGenerator", "SecretGenerator"]);
    (kind, generator()).prop_map(|(kind, mut generator)| {
        generator["apiVersion"] = "builtin".into();
        generator["kind"] = kind.into();
        generator["metadata"] = json!({ "name": generator["name"] });
        generator
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

fn generator() -> impl Strategy<Value = Value> {
    let behavior = option::weighted(0.3, select(vec!["create", "merge", "replace"]));
    let value = "[a-z0-9=\" .:]{0,8}";
    let literals = vec((select(vec!["color", "size", "new"]), value), 1..3);
    let options = option::weighted(
        0.3,
        select(vec![
            json!({ "disableNameSuffixHash": true }),
            json!({ "labels": { "app": "made" }, "annotations": { "note": "1" } }),
            json!({ "immutable": true }),
        ]),
    );
    let name = select(vec!["made", "more", "settings", "other", "files"]);
    let files = option::weighted(
        0.3,
        select(vec![
            ("files", "data.txt"),
            ("files", "text=data.txt"),
            ("envs", "made.env"),
            ("files", "crd.json"),
            ("files", "data.bin"),
            ("files", "text=data.bin"),
            ("envs", "data.bin"),
        ]),
    );
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
