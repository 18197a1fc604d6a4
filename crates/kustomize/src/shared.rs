//! Entries that are one node in upstream's memory.
//!
//! A label or an annotation that upstream creates in several places of an object is one node there, linked
//! from each of them. When a later step changes the entry in one place, it changes in all: an overlay that
//! sets a label of a base anew, without selectors, changes the selectors too (`filtersutil.SetEntry` and
//! `yaml.FieldSetter` of kustomize 5.8.1). Output can only be the same if we do the same.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use crate::fieldspec::FieldSpec;
use crate::resource::Resource;
use crate::value::Value;

/// The entries of an object that change together.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shared {
    groups: Vec<Group>,
}

#[derive(Clone, Debug, PartialEq)]
struct Group {
    value: Value,
    places: Vec<Place>,
}

/// The way to a node, from the object's root.
pub(crate) type Place = Vec<Step>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Key(SmolStr),
    Index(usize),
}

impl Shared {
    /// Whether nothing is shared, so that nothing has to settle.
    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Notes that these entries were created with one value.
    pub(crate) fn add(&mut self, value: &str, places: BTreeSet<Place>) {
        if places.len() > 1 {
            self.groups.push(Group {
                value: value.into(),
                places: places.into_iter().collect(),
            });
        }
    }

    /// Notes that the mapping at this place was written anew, with nodes of its own.
    pub(crate) fn forget(&mut self, mapping: &[&str]) {
        let is_below = |place: &Place| {
            let mut steps = place.iter().zip(mapping);
            place.len() > mapping.len()
                && steps.all(|(step, name)| matches!(step, Step::Key(key) if key == name))
        };
        for group in &mut self.groups {
            group.places.retain(|place| !is_below(place));
        }
    }

    /// Notes what a strategic merge patch writes anew: mappings with `$patch: replace`.
    pub(crate) fn forget_replaced(&mut self, patch: &Value) {
        if !self.is_empty() {
            self.forget_below(patch, &mut Vec::new());
        }
    }

    fn forget_below<'p>(&mut self, patch: &'p Value, path: &mut Vec<&'p str>) {
        let Some(map) = patch.as_object() else { return };
        if map.get("$patch").is_some_and(|patch| patch == "replace") {
            self.forget(path);
        }
        for (name, value) in map {
            path.push(name);
            self.forget_below(value, path);
            path.pop();
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
        let old = &self.value;
        self.places.retain(|place| match at(object, place) {
            // A list may have moved; then it is another entry that stands there.
            Some(now) => is_scalar(now) && (now == old || !is_in_list(place)),
            None => false,
        });
        let mut changed = self.places.iter().rev();
        let changed = changed.find_map(|place| at(object, place).filter(|now| *now != old));
        let Some(new) = changed.cloned() else {
            return;
        };
        for place in &self.places {
            if let Some(entry) = at_mut(object, place) {
                entry.clone_from(&new);
            }
        }
        self.value = new;
    }
}

fn at<'v>(object: &'v Value, place: &[Step]) -> Option<&'v Value> {
    let mut steps = place.iter();
    steps.try_fold(object, |node, step| match (node, step) {
        (Value::Object(map), Step::Key(key)) => map.get(key),
        (Value::Array(items), Step::Index(index)) => items.get(*index),
        _ => None,
    })
}

fn at_mut<'v>(object: &'v mut Value, place: &[Step]) -> Option<&'v mut Value> {
    let mut steps = place.iter();
    steps.try_fold(object, |node, step| match (node, step) {
        (Value::Object(map), Step::Key(key)) => map.get_mut(key),
        (Value::Array(items), Step::Index(index)) => items.get_mut(*index),
        _ => None,
    })
}

/// The entries `key` that the specs lead to in an object.
pub(crate) fn places(resource: &Resource, specs: &[FieldSpec], key: &str) -> BTreeSet<Place> {
    let gvk = resource.gvk();
    let mut found = BTreeSet::new();
    for spec in specs.iter().filter(|spec| spec.applies_to(&gvk)) {
        find(
            &resource.value,
            spec.names(),
            key,
            &mut Vec::new(),
            &mut found,
        );
    }
    found
}

fn find(
    node: &Value,
    names: &[SmolStr],
    key: &str,
    place: &mut Place,
    found: &mut BTreeSet<Place>,
) {
    match (node, names.split_first()) {
        (Value::Array(items), Some(_)) => {
            for (index, item) in items.iter().enumerate() {
                place.push(Step::Index(index));
                find(item, names, key, place, found);
                place.pop();
            }
        }
        (Value::Object(map), Some((name, rest))) => {
            let field = name.strip_suffix("[]").unwrap_or(name);
            if let Some(value) = map.get(field) {
                place.push(Step::Key(field.into()));
                find(value, rest, key, place, found);
                place.pop();
            }
        }
        (Value::Object(map), None) if map.contains_key(key) => {
            let mut place = place.clone();
            place.push(Step::Key(key.into()));
            found.insert(place);
        }
        _ => {}
    }
}

fn is_in_list(place: &[Step]) -> bool {
    place.iter().any(|step| matches!(step, Step::Index(_)))
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Object(_) | Value::Array(_) | Value::Null)
}

#[cfg(test)]
mod tests {
    use crate::value::json;

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
            [
                &["metadata", "labels", "a/b"].map(|name| Step::Key(name.into())),
                &["spec", "selector", "a/b"].map(|name| Step::Key(name.into())),
            ]
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
