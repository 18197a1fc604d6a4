use smol_str::SmolStr;

use crate::resmap::ResMap;
use crate::resource::{Behavior, Resource};
use crate::value::{Map, Value};
use crate::written::{Path, Written};

/// Adds a generated object, or replaces or merges the one of its id (upstream's `appendReplaceOrMerge`).
///
/// # Errors
/// When there is none to replace, or one that may not be.
pub(crate) fn absorb(map: &mut ResMap, added: Resource) -> Result<(), String> {
    let id = added.current_id();
    let changes = matches!(added.history.behavior, Behavior::Merge | Behavior::Replace);
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
    let merges = new.history.behavior == Behavior::Merge;
    if merges {
        for field in ["data", "binaryData"] {
            let merged = merged([old, &new], &[field]);
            set_or_remove(&mut new.value, field, merged);
        }
    }
    for field in ["labels", "annotations"] {
        let merged = merged([old, &new], &["metadata", field]);
        if let Some(metadata) = new.value.get_mut("metadata") {
            set_or_remove(metadata, field, merged);
        }
    }
    new.set_name(old.name());
    new.set_namespace(old.namespace());
    let needs_hash = old.history.needs_hash && new.history.needs_hash;
    new.history = old.history.clone();
    new.history.written = Written::generated(&new.value);
    new.history.needs_hash = needs_hash;
    if merges && old.origin.is_some() || new.origin.is_none() {
        new.origin.clone_from(&old.origin);
    }
    new.transformations.clone_from(&old.transformations);
    new
}

/// The entries of the mappings at this path. All values become strings, as upstream reads them.
fn merged(resources: [&Resource; 2], path: &[&str]) -> Map {
    let entries = resources.into_iter().flat_map(|resource| {
        let node = path
            .iter()
            .try_fold(&resource.value, |node, name| node.get(name));
        let map = node.and_then(Value::as_object);
        map.into_iter()
            .flat_map(Map::iter)
            .map(|(key, value)| (key.clone(), text(resource, path, key, value)))
    });
    entries.collect()
}

fn text(resource: &Resource, path: &[&str], key: &SmolStr, value: &Value) -> Value {
    let mut path: Path = path.iter().map(|name| (*name).into()).collect();
    path.push(key.clone());
    resource.history.written.text_of(&path, value).into()
}

fn set_or_remove(object: &mut Value, field: &str, entries: Map) {
    let Some(object) = object.as_object_mut() else {
        return;
    };
    match entries.is_empty() {
        true => {
            object.remove(field);
        }
        false => {
            object.insert(field.to_owned(), Value::Object(entries));
        }
    }
}
