use std::collections::BTreeMap;

use smol_str::SmolStr;

use crate::links::Links;
use crate::resmap::ResMap;
use crate::resource::{Behavior, Resource, strings};
use crate::value::{Map, Value};

/// Adds a generated object, or replaces or merges the one of its id (upstream's `appendReplaceOrMerge`).
///
/// # Errors
/// When there is none to replace, or one that may not be.
pub(crate) fn absorb(map: &mut ResMap, added: Resource) -> Result<(), String> {
    let id = added.current_id();
    let changes = matches!(
        added.history.notes.behavior,
        Behavior::Merge | Behavior::Replace
    );
    match map.by_any_id(&id.name, |other| other.same(&id))[..] {
        [] if changes => Err(format!("id {id} does not exist; cannot merge or replace")),
        [] => map.append_all(vec![added]).map_err(|taken| taken.message()),
        [index] if changes => {
            let old = &map.list[index];
            map.list[index] = replaced(old, added);
            Ok(())
        }
        [_] => Err(format!("id {id} exists; behavior must be merge or replace")),
        _ => Err(format!(
            "found multiple objects that could accept merge of {id}"
        )),
    }
}

fn replaced(old: &Resource, mut new: Resource) -> Resource {
    let merges = new.history.notes.behavior == Behavior::Merge;
    for field in ["labels", "annotations"] {
        let merged = merged([&old.value, &new.value], &["metadata", field], Value::text);
        set_or_remove(new.value.get_mut("metadata"), field, merged);
    }
    if merges {
        for field in ["data", "binaryData"] {
            let merged = merged([&old.value, &new.value], &[field], text_of_data);
            set_or_remove(Some(&mut new.value), field, merged);
        }
    }
    new.set_name(old.name());
    new.set_namespace(old.namespace());
    let needs_hash = old.history.notes.needs_hash && new.history.notes.needs_hash;
    new.history = old.history.clone();
    new.history.links = Links::default();
    new.history.notes.needs_hash = needs_hash;
    if merges && old.origin.is_some() || new.origin.is_none() {
        new.origin.clone_from(&old.origin);
    }
    new.transformations.clone_from(&old.transformations);
    new.keep_notes();
    new
}

/// The entries of the mappings at this path as strings, in the order of their keys.
fn merged(objects: [&Value; 2], path: &[&str], text: fn(&Value) -> &str) -> Map {
    let entries = objects.into_iter().flat_map(|object| {
        let node = path.iter().try_fold(object, |node, name| node.get(name));
        let map = node.and_then(Value::as_object);
        map.into_iter().flat_map(Map::iter)
    });
    let by_key: BTreeMap<&SmolStr, &str> = entries.map(|(key, value)| (key, text(value))).collect();
    strings(by_key.into_iter().map(|(key, text)| (key.clone(), text)))
}

/// Unlike in labels and annotations, a null is nothing whatever its text.
fn text_of_data(value: &Value) -> &str {
    match value.is_null() {
        true => "",
        false => value.text(),
    }
}

fn set_or_remove(object: Option<&mut Value>, field: &str, entries: Map) {
    let Some(object) = object.and_then(Value::as_object_mut) else {
        return;
    };
    object.remove(field);
    if !entries.is_empty() {
        object.insert(field, Value::Object(entries));
    }
}
