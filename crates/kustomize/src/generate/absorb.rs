use crate::resmap::ResMap;
use crate::resource::{Behavior, Resource};
use crate::scalar;
use crate::value::{Map, Value};

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
            let merged = merged(old.value.get(field), new.value.get(field));
            set_or_remove(&mut new.value, field, merged);
        }
    }
    for field in ["labels", "annotations"] {
        let get = |resource: &Resource| resource.value.get("metadata")?.get(field).cloned();
        let merged = merged(get(old).as_ref(), get(&new).as_ref());
        if let Some(metadata) = new.value.get_mut("metadata") {
            set_or_remove(metadata, field, merged);
        }
    }
    new.set_name(old.name());
    new.set_namespace(old.namespace());
    let needs_hash = old.history.needs_hash && new.history.needs_hash;
    new.history = old.history.clone();
    new.history.needs_hash = needs_hash;
    if merges && old.origin.is_some() || new.origin.is_none() {
        new.origin.clone_from(&old.origin);
    }
    new.transformations.clone_from(&old.transformations);
    new
}

/// All values become strings, as upstream reads them.
fn merged(old: Option<&Value>, new: Option<&Value>) -> Map {
    let maps = [old, new]
        .into_iter()
        .flatten()
        .filter_map(Value::as_object);
    let entries = maps.flatten();
    entries
        .map(|(key, value)| (key.clone(), scalar::text(value).into()))
        .collect()
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
