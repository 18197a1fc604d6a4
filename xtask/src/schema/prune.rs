use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// What of a schema decides how lists merge.
const KEPT: [&str; 8] = [
    "$ref",
    "additionalProperties",
    "items",
    "properties",
    "type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-patch-merge-key",
    "x-kubernetes-patch-strategy",
];

/// Where a definition names its types.
pub(super) const GVK: &str = "x-kubernetes-group-version-kind";

/// Keeps the definitions from which a list that merges can be reached, and of them the way there.
pub(crate) fn prune(definitions: Map<String, Value>) -> Map<String, Value> {
    let useful = useful(&definitions);
    let mut pruned: Vec<(String, Value)> = definitions
        .into_iter()
        .filter(|(name, _)| useful.contains(name))
        .filter_map(|(name, value)| {
            let kinds = value.get(GVK).cloned();
            let mut kept = keep(value, &useful)?;
            if let (Some(kinds), Some(object)) = (kinds, kept.as_object_mut()) {
                object.insert(GVK.into(), kinds);
            }
            Some((name, kept))
        })
        .collect();
    pruned.sort_by(|a, b| a.0.cmp(&b.0));
    pruned.into_iter().collect()
}

/// Grows the set of definitions with a list that merges, or a way to one, until it no longer grows.
fn useful(definitions: &Map<String, Value>) -> BTreeSet<String> {
    let mut useful = BTreeSet::new();
    loop {
        let before = useful.len();
        for (name, value) in definitions {
            if reaches(value, &useful) {
                useful.insert(name.clone());
            }
        }
        if useful.len() == before {
            return useful;
        }
    }
}

fn reaches(schema: &Value, useful: &BTreeSet<String>) -> bool {
    if merges(schema) || reference(schema).is_some_and(|name| useful.contains(name)) {
        return true;
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    let mut children = properties.into_iter().flat_map(Map::values);
    children.any(|child| reaches(child, useful))
        || ["items", "additionalProperties"]
            .iter()
            .filter_map(|key| schema.get(key))
            .any(|child| reaches(child, useful))
}

fn merges(schema: &Value) -> bool {
    if schema.get("type").and_then(Value::as_str) != Some("array") {
        return false;
    }
    let strategy = schema
        .get("x-kubernetes-patch-strategy")
        .and_then(Value::as_str);
    strategy.is_some_and(|strategy| strategy.split(',').any(|part| part == "merge"))
}

fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix("#/definitions/")
}

/// The schema without what leads to no list that merges; none when nothing is left.
fn keep(schema: Value, useful: &BTreeSet<String>) -> Option<Value> {
    if !reaches(&schema, useful) {
        return None;
    }
    let Value::Object(fields) = schema else {
        return None;
    };
    let kept = fields
        .into_iter()
        .filter(|(key, _)| KEPT.contains(&key.as_str()))
        .filter_map(|(key, value)| Some((key.clone(), keep_field(&key, value, useful)?)))
        .collect();
    Some(Value::Object(kept))
}

fn keep_field(key: &str, value: Value, useful: &BTreeSet<String>) -> Option<Value> {
    match (key, value) {
        ("properties", Value::Object(properties)) => {
            let kept = properties.into_iter();
            let kept = kept.filter_map(|(name, schema)| Some((name, keep(schema, useful)?)));
            Some(Value::Object(kept.collect()))
        }
        ("items" | "additionalProperties", schema) => keep(schema, useful),
        (_, value) => Some(value),
    }
}
