//! Random trees: a base, perhaps one or two kustomizations between, perhaps a component, an overlay.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::Tree;
use super::kustomizations::{Field, component_fields, fields};
use super::objects::{self, any_object, config_map, deployment, text};
use super::structured;
use super::styled::styles;
use super::text::without_nulls;

/// Fields that do not name one object, of which there may be two.
const MEANING_ANY: [&str; 9] = [
    "namePrefix",
    "nameSuffix",
    "commonLabels",
    "commonAnnotations",
    "labels",
    "images",
    "sortOptions",
    "buildMetadata",
    "secretGenerator",
];

/// What lies between the base and the overlay, from below.
#[derive(Clone, Debug)]
enum Between {
    Nothing,
    One(Vec<Field>),
    /// Two that include the same base and name its objects anew.
    Twins(Vec<Field>, Vec<Field>),
}

pub(crate) fn tree() -> impl Strategy<Value = Tree> {
    let base = (fields(), base_objects());
    let overlay = (fields(), vec(any_object(), 0..2));
    let component = option::weighted(0.25, component_fields());
    let written = (bytes(), proptest::bool::weighted(0.1), styles());
    let named = (structured::config_map(), objects::source());
    let mended = proptest::bool::weighted(0.98);
    (base, between(), overlay, component, written, named, mended).prop_map(
        |(base, between, overlay, component, written, named, mended)| {
            let mut levels = vec![("base", kustomization(base.0, vec![]), base.1)];
            let are_twins = matches!(between, Between::Twins(..));
            let below = add_between(between, &mut levels);
            if are_twins {
                // Their names stay as they are.
                levels[0].2.retain(|object| object["kind"] != "Namespace");
            }
            let means_any = |(name, _): &Field| !are_twins || MEANING_ANY.contains(name);
            let fields = overlay.0.into_iter().filter(means_any).collect();
            let mut top = kustomization(fields, below);
            if let Some(fields) = component.filter(|_| !are_twins) {
                top["components"] = json!(["../component"]);
                levels.push((
                    "component",
                    as_component(kustomization(fields, vec![])),
                    vec![],
                ));
            }
            levels.push(("overlay", top, overlay.1));
            let name_settings = format!("{levels:?}");
            for object in [named.0, named.1] {
                let name = object["metadata"]["name"].as_str().expect("a name");
                if name_settings.contains(name) {
                    levels[0].2.push(object);
                }
            }
            keep_origins_apart(&mut levels);
            if mended {
                mend(&mut levels);
            }
            let (bytes, in_brackets, styles) = written;
            let folders = levels.into_iter().map(folder).collect();
            Tree {
                folders,
                bytes,
                in_brackets,
                styles,
            }
        },
    )
}

/// The folder's name, its kustomization and its objects.
type Level = (&'static str, Value, Vec<Value>);

fn between() -> BoxedStrategy<Between> {
    prop_oneof![
        5 => Just(Between::Nothing),
        2 => fields().prop_map(Between::One),
        1 => (vec_of_few(), vec_of_few()).prop_map(|(one, other)| Between::Twins(one, other)),
    ]
    .boxed()
}

fn vec_of_few() -> impl Strategy<Value = Vec<Field>> {
    fields().prop_map(|mut fields| {
        fields.truncate(2);
        fields
    })
}

/// What the overlay includes.
fn add_between(between: Between, levels: &mut Vec<Level>) -> Vec<&'static str> {
    let of_base = |fields| kustomization(fields, vec!["../base"]);
    match between {
        Between::Nothing => vec!["../base"],
        Between::One(mut fields) => {
            fields.push(("namePrefix", "middle-".into()));
            levels.push(("middle", of_base(fields), vec![]));
            vec!["../middle"]
        }
        Between::Twins(mut left, mut right) => {
            left.push(("namePrefix", "left-".into()));
            right.push(("nameSuffix", "-right".into()));
            levels.push(("left", of_base(left), vec![]));
            levels.push(("right", of_base(right), vec![]));
            vec!["../left", "../right"]
        }
    }
}

fn kustomization(fields: Vec<Field>, resources: Vec<&str>) -> Value {
    let mut kustomization = json!({ "resources": resources });
    for (name, value) in fields {
        kustomization[name] = value;
    }
    kustomization
}

fn as_component(mut kustomization: Value) -> Value {
    kustomization["apiVersion"] = "kustomize.config.k8s.io/v1alpha1".into();
    kustomization["kind"] = "Component".into();
    kustomization
}

fn folder((name, mut kustomization, objects): Level) -> (String, Vec<Value>) {
    if let (false, Some(resources)) = (
        objects.is_empty(),
        kustomization["resources"].as_array_mut(),
    ) {
        resources.push("objects.yaml".into());
    }
    let mut all = vec![kustomization];
    all.extend(objects);
    (name.to_owned(), all)
}

/// Of a file: text, text of another encoding, with a byte order mark, or no text at all.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        // Upstream cannot read a text with this one again.
        vec(
            any::<u8>().prop_filter("no DEL", |byte| *byte != 0x7f),
            0..120
        ),
        text().prop_map(|text| text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        text().prop_map(|text| format!("\u{feff}color={text}\n").into_bytes()),
        "[a-z =\r\n\t]{0,12}[\u{80}-\u{ff}]"
            .prop_map(|text| text.chars().map(|letter| letter as u8).collect()),
    ]
}

/// A Deployment `web` and a ConfigMap `settings`, so that most patches have something to change, and more.
fn base_objects() -> BoxedStrategy<Vec<Value>> {
    let known = (deployment("web"), config_map("settings"));
    (known, vec(any_object(), 0..4))
        .prop_map(|((deployment, config_map), more)| {
            let mut objects = vec![deployment, config_map];
            for object in more {
                if !objects.iter().any(|other| same_id(other, &object)) {
                    objects.push(object);
                }
            }
            objects
        })
        .boxed()
}

/// Upstream refuses two of the same id.
fn same_id(one: &Value, other: &Value) -> bool {
    ["/kind", "/metadata/name", "/metadata/namespace"]
        .into_iter()
        .all(|path| one.pointer(path) == other.pointer(path))
}

/// Upstream forgets origins and transformers when all annotations are written, as docs/compatibility.md has it.
fn keep_origins_apart(levels: &mut [Level]) {
    let text = format!("{levels:?}");
    // By a JSON patch; by a replacement, in a kustomization and in the text of a plugin.
    let writes_annotations = text.contains("/metadata/annotations");
    for (_, kustomization, _) in levels {
        let fields = kustomization.as_object_mut().expect("a mapping");
        fields.retain(|name, _| !(writes_annotations && name == "buildMetadata"));
    }
}

/// Takes away what both would refuse for sure, before anything else of the tree counts.
fn mend(levels: &mut [Level]) {
    let mut generated = BTreeSet::from([("configMapGenerator", "settings".to_owned())]);
    let mut of_base = generated.clone();
    let mut variables = BTreeSet::new();
    let base = levels[0].2.clone();
    let are_twins = levels.iter().any(|(folder, ..)| *folder == "left");
    for (folder, kustomization, objects) in levels {
        if *folder != "base" {
            objects.retain(|object| !base.iter().any(|other| same_id(other, object)));
        }
        let mut known = match *folder {
            "left" | "right" => of_base.clone(),
            _ => generated.clone(),
        };
        for field in ["configMapGenerator", "secretGenerator"] {
            let generators = kustomization[field].as_array_mut();
            for generator in generators.into_iter().flatten() {
                mend_generator(field, generator, &mut known);
            }
        }
        if *folder == "base" {
            of_base = known.clone();
        }
        generated.extend(known);
        if let Some(kept) = kustomization["vars"].as_array_mut() {
            kept.retain(|variable| !are_twins && variables.insert(variable["name"].to_string()));
        }
        without_nulls(kustomization);
    }
}

/// It makes what is not there yet, and changes what is.
fn mend_generator(
    field: &'static str,
    generator: &mut Value,
    generated: &mut BTreeSet<(&'static str, String)>,
) {
    let name = generator["name"].as_str().expect("a name").to_owned();
    let is_new = generated.insert((field, name));
    let changes = matches!(generator["behavior"].as_str(), Some("merge" | "replace"));
    match (is_new, changes) {
        (true, true) => generator["behavior"] = "create".into(),
        (false, false) => generator["behavior"] = "merge".into(),
        _ => {}
    }
    without_nulls(generator);
}
