//! Entries that are one node in upstream's memory.
//!
//! A label or an annotation that upstream creates in several places of an object is one node there, linked
//! from each of them. When a later step changes the entry in one place, it changes in all: an overlay that
//! sets a label of a base anew, without selectors, changes the selectors too (`filtersutil.SetEntry` and
//! `yaml.FieldSetter` of kustomize 5.8.1). Output can only be the same if we do the same.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::fieldspec::{FieldSpec, split_path};
use crate::resource::Resource;

/// The entries of an object that change together.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shared {
    groups: Vec<Group>,
}

#[derive(Clone, Debug, PartialEq)]
struct Group {
    value: Value,
    /// JSON pointers.
    places: Vec<String>,
}

impl Shared {
    /// Whether nothing is shared, so that nothing has to settle.
    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Notes that these entries were created with one value.
    pub(crate) fn add(&mut self, value: &str, places: BTreeSet<String>) {
        if places.len() > 1 {
            self.groups.push(Group {
                value: value.into(),
                places: places.into_iter().collect(),
            });
        }
    }

    /// Notes that the mapping at this JSON pointer was written anew, with nodes of its own.
    pub(crate) fn forget(&mut self, mapping: &str) {
        let is_below = |place: &String| {
            let rest = place.strip_prefix(mapping);
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        for group in &mut self.groups {
            group.places.retain(|place| !is_below(place));
        }
    }

    /// Notes what a strategic merge patch writes anew: mappings with `$patch: replace`.
    pub(crate) fn forget_replaced(&mut self, patch: &Value) {
        if !self.is_empty() {
            self.forget_below(patch, &mut String::new());
        }
    }

    fn forget_below(&mut self, patch: &Value, pointer: &mut String) {
        let Some(map) = patch.as_object() else { return };
        if map.get("$patch").is_some_and(|patch| patch == "replace") {
            self.forget(pointer);
        }
        let end = pointer.len();
        for (name, value) in map {
            push(pointer, name);
            self.forget_below(value, pointer);
            pointer.truncate(end);
        }
    }

    /// After a step: what it changed in one place changes in all.
    pub(crate) fn settle(&mut self, object: &mut Value) {
        for group in &mut self.groups {
            group.settle(object);
        }
        self.groups.retain(|group| group.places.len() > 1);
    }
}

impl Group {
    fn settle(&mut self, object: &mut Value) {
        let old = self.value.clone();
        self.places.retain(|place| match object.pointer(place) {
            // A list may have moved; then it is another entry that stands there.
            Some(now) => is_scalar(now) && (*now == old || !is_in_list(place)),
            None => false,
        });
        let changed = self.places.iter().rev();
        let changed = changed.filter_map(|place| object.pointer(place));
        let Some(new) = changed.into_iter().find(|now| **now != old).cloned() else {
            return;
        };
        for place in &self.places {
            if let Some(entry) = object.pointer_mut(place) {
                *entry = new.clone();
            }
        }
        self.value = new;
    }
}

/// The entries `key` that the specs lead to in an object, as JSON pointers.
pub(crate) fn places(resource: &Resource, specs: &[FieldSpec], key: &str) -> BTreeSet<String> {
    let gvk = resource.gvk();
    let mut found = BTreeSet::new();
    for spec in specs.iter().filter(|spec| spec.applies_to(&gvk)) {
        let names = split_path(&spec.path);
        find(&resource.value, &names, key, &mut String::new(), &mut found);
    }
    found
}

fn find(
    node: &Value,
    names: &[String],
    key: &str,
    pointer: &mut String,
    found: &mut BTreeSet<String>,
) {
    let end = pointer.len();
    match (node, names.split_first()) {
        (Value::Array(items), Some(_)) => {
            for (index, item) in items.iter().enumerate() {
                push(pointer, &index.to_string());
                find(item, names, key, pointer, found);
                pointer.truncate(end);
            }
        }
        (Value::Object(map), Some((name, rest))) => {
            let field = name.strip_suffix("[]").unwrap_or(name);
            if let Some(value) = map.get(field) {
                push(pointer, field);
                find(value, rest, key, pointer, found);
            }
        }
        (Value::Object(map), None) if map.contains_key(key) => {
            push(pointer, key);
            found.insert(pointer.clone());
        }
        _ => {}
    }
    pointer.truncate(end);
}

/// Adds a name to a JSON pointer (RFC 6901, section 3).
fn push(pointer: &mut String, name: &str) {
    pointer.push('/');
    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
}

fn is_in_list(place: &str) -> bool {
    place
        .split('/')
        .any(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Object(_) | Value::Array(_) | Value::Null)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_in_one_place_is_a_change_in_all() {
        let object =
            json!({"metadata": {"labels": {"a/b": "x"}}, "spec": {"selector": {"a/b": "x"}}});
        let mut resource = Resource::new(object);
        let specs = [
            FieldSpec::any("metadata/labels", true),
            FieldSpec::any("spec/selector", true),
        ];
        let found = places(&resource, &specs, "a/b");
        assert_eq!(
            Vec::from_iter(&found),
            ["/metadata/labels/a~1b", "/spec/selector/a~1b"]
        );
        let mut shared = Shared::default();
        shared.add("x", found);
        resource.value["metadata"]["labels"]["a/b"] = "y".into();
        shared.settle(&mut resource.value);
        assert_eq!(resource.value["spec"]["selector"]["a/b"], "y");
        resource.value["spec"] = json!({});
        shared.settle(&mut resource.value);
        assert!(shared.is_empty());
    }
}
