//! Merging lists whose elements are known by keys (kyaml's `walk/associative_sequence.go`).

use std::collections::HashSet;

use smol_str::SmolStr;

use super::directive::{self, Directive};
use super::elements::{self, Keys};
use super::place::Place;
use super::schema::Type;
use super::{Merge, Merged, Side};
use crate::value::{Comments, Key, List, Scalar, Style, Value, set_field, set_scalar, wrong_kind};

/// Values of the merge keys of one element, in the order of the keys.
type Values = Vec<SmolStr>;

/// Merges two lists. One whose elements do not merge is the patch's as it is, nulls and directives and all.
pub(super) fn merge<'s>(
    merge: &Merge<'s>,
    dest: &mut List,
    patch: &mut List,
    place: Place<'_, 's>,
) -> Result<Merged, String> {
    let Some(ty) = place.associative() else {
        return Ok(Merged::Patch);
    };
    let directive = directive::take_from_list(&mut patch.items);
    match directive.map_err(|problem| place.problem(&problem))? {
        Directive::Delete => Ok(Merged::Gone),
        Directive::Replace => {
            alone(merge, patch, Side::Patch, place)?;
            Ok(Merged::Patch)
        }
        Directive::Merge => {
            let lists = Lists {
                dest: std::mem::take(&mut dest.items),
                patch: std::mem::take(&mut patch.items),
                side: Side::Dest,
            };
            (dest.items, patch.items) = lists.merge(merge, &keys(ty), place)?;
            dest.comments = Comments::none();
            Ok(Merged::Dest)
        }
    }
}

/// Merges a list with nothing else, or with itself. It is a new list then, of the same elements.
pub(super) fn alone<'s>(
    merge: &Merge<'s>,
    list: &mut List,
    side: Side,
    place: Place<'_, 's>,
) -> Result<(), String> {
    let Some(ty) = place.associative() else {
        return Ok(());
    };
    if !list.items.is_empty() {
        list.comments = Comments::none();
    }
    let keys = keys(ty);
    if let [key] = keys[..]
        && are_known(&list.items, key)
    {
        return each_alone(merge, &mut list.items, key, side, place);
    }
    let lists = Lists {
        dest: std::mem::take(&mut list.items),
        patch: Vec::new(),
        side,
    };
    (list.items, _) = lists.merge(merge, &keys, place)?;
    Ok(())
}

/// One that is empty where elements are scalars.
fn keys(ty: Type<'_>) -> Vec<&str> {
    let mut keys = ty.merge_keys();
    if keys.is_empty() {
        keys.push("");
    }
    keys
}

/// Whether each element has a value of its own: then each stays where it is.
fn are_known(items: &[Value], key: &str) -> bool {
    let mut seen = HashSet::with_capacity(items.len());
    items.iter().all(|item| {
        let value = match key.is_empty() {
            true => Some(item),
            false => item.get(key),
        };
        let scalar = value.and_then(Value::as_scalar);
        scalar.is_some_and(|scalar| {
            !scalar.is_null() && !scalar.text().is_empty() && seen.insert(scalar.text())
        })
    })
}

/// What [`Lists::merge`] comes to then.
fn each_alone<'s>(
    merge: &Merge<'s>,
    items: &mut Vec<Value>,
    key: &str,
    side: Side,
    place: Place<'_, 's>,
) -> Result<(), String> {
    let mut gone = false;
    for item in &mut *items {
        let value = values(item, &[key]);
        if merge.alone(item, side, place.element(&value))? {
            set_keys(item, &[key], &value)?;
        } else {
            *item = Value::default();
            gone = true;
        }
    }
    if gone {
        items.retain(|item| !item.is_null());
    }
    Ok(())
}

/// The two lists of a merge; the patch's is empty where the other is merged alone.
struct Lists {
    dest: Vec<Value>,
    patch: Vec<Value>,
    /// Whose `dest` is.
    side: Side,
}

impl Lists {
    /// The merged list, and what is left of the patch's. What the patch has comes first, in its order.
    fn merge<'s>(
        self,
        merge: &Merge<'s>,
        keys: &Keys<'_>,
        place: Place<'_, 's>,
    ) -> Result<(Vec<Value>, Vec<Value>), String> {
        let mut all = distinct(self.patch.iter().chain(&self.dest), keys);
        if keys.len() > 1 {
            join_alike(&mut all);
        }
        let valid = valid_keys(&all, keys);
        let (own, end) = (self.dest.len(), self.dest.len() + self.patch.len());
        let mut nodes = self.dest;
        nodes.extend(self.patch);
        let elements = Elements {
            merge,
            keys: &valid,
            nodes,
            dest: (0..own).collect(),
            patch: (own..end).collect(),
            first_of_patch: own,
            side: self.side,
            place: place.met(place.is_met_again || may_meet_again(&all, &valid)),
        };
        let values = all.iter().map(|values| valid_values(&valid, values, keys));
        let (nodes, merged) = elements.merge(values)?;
        Ok(split(nodes, &merged, own, place.is_met_again))
    }
}

struct Elements<'m, 's> {
    merge: &'m Merge<'s>,
    keys: &'m Keys<'m>,
    /// The elements of both lists, the patch's last. The lists are of their indexes.
    nodes: Vec<Value>,
    dest: Vec<usize>,
    patch: Vec<usize>,
    first_of_patch: usize,
    side: Side,
    place: Place<'m, 's>,
}

impl Elements<'_, '_> {
    fn merge(
        mut self,
        all: impl Iterator<Item = Values>,
    ) -> Result<(Vec<Value>, Vec<usize>), String> {
        let mut merged = Vec::new();
        for values in all {
            let element = self.element(&values)?;
            let list = match element {
                Some(_) => &mut merged,
                None => &mut self.dest,
            };
            let set = elements::set(&self.nodes, list, element, self.keys, &values);
            set.map_err(|problem| self.place.problem(&problem))?;
        }
        for &element in &self.dest {
            let appended = append(&self.nodes, &mut merged, element, self.keys);
            appended.map_err(|problem| self.place.problem(&problem))?;
        }
        Ok((self.nodes, merged))
    }

    /// Merges the element of these values; none when it is to go.
    fn element(&mut self, values: &[SmolStr]) -> Result<Option<usize>, String> {
        let Some(index) = self.merged(values)? else {
            return Ok(None);
        };
        let element = &mut self.nodes[index];
        if elements::is_nothing(element) {
            return Ok(None);
        }
        set_keys(element, self.keys, values)?;
        Ok(Some(index))
    }

    fn merged(&mut self, values: &[SmolStr]) -> Result<Option<usize>, String> {
        let find = |list: &[usize]| elements::find(&self.nodes, list, self.keys, values);
        let found = (find(&self.dest), find(&self.patch));
        let place = self.place.element(values);
        let (dest, patch) = self.nodes.split_at_mut(self.first_of_patch);
        let own = |index: usize| index - self.first_of_patch;
        match found {
            (Some(index), Some(other)) => {
                let merged = self
                    .merge
                    .both(&mut dest[index], &mut patch[own(other)], place)?;
                Ok(match merged {
                    Merged::Gone => None,
                    Merged::Dest => Some(index),
                    Merged::Patch | Merged::New => Some(other),
                })
            }
            (Some(index), None) => {
                let stays = self.merge.alone(&mut dest[index], self.side, place)?;
                Ok(stays.then_some(index))
            }
            (None, Some(index)) => {
                let merged = self.merge.add(&mut patch[own(index)], place)?;
                Ok((merged != Merged::Gone).then_some(index))
            }
            (None, None) => Ok(None),
        }
    }
}

/// The values of each element, those of the same ones once.
fn distinct<'v>(items: impl Iterator<Item = &'v Value>, keys: &Keys<'_>) -> Vec<Values> {
    let mut seen = HashSet::new();
    let mut all: Vec<Values> = items.map(|item| values(item, keys)).collect();
    all.retain(|values| seen.insert(values.clone()));
    all
}

/// Empty where there is none. A scalar is known by its text, a null too.
fn values(item: &Value, keys: &Keys<'_>) -> Values {
    let value = |key: &&str| match key.is_empty() {
        true => Some(item),
        false => item.get(key).filter(|value| !value.is_null()),
    };
    let scalar = |key| value(key).and_then(Value::as_scalar);
    let text = |key| scalar(key).map(|scalar| scalar.smol_text().clone());
    keys.iter()
        .map(|key| text(key).unwrap_or_default())
        .collect()
}

/// Values that are alike in one key and differ in the others only where one has none become the same: two
/// ports of one number, one with a protocol and one without.
fn join_alike(all: &mut [Values]) {
    for i in 0..all.len() {
        for j in 0..all.len() {
            if let Some(joined) = alike(&all[i], &all[j]) {
                all[i] = joined.clone();
                all[j] = joined;
            }
        }
    }
}

fn alike(one: &Values, other: &Values) -> Option<Values> {
    let pairs = || one.iter().zip(other);
    let compatible = pairs().all(|(a, b)| a == b || a.is_empty() || b.is_empty());
    let common = pairs().any(|(a, b)| a == b);
    let join = |(a, b): (&SmolStr, &SmolStr)| if a.is_empty() { b.clone() } else { a.clone() };
    (compatible && common).then(|| pairs().map(join).collect())
}

/// The keys that any element has; all when none has any.
fn valid_keys<'k>(all: &[Values], keys: &Keys<'k>) -> Vec<&'k str> {
    let has = |index: usize| all.iter().any(|values| !values[index].is_empty());
    let valid: Vec<&str> = (0..keys.len())
        .filter(|&index| has(index))
        .map(|index| keys[index])
        .collect();
    match valid.is_empty() {
        true => keys.to_vec(),
        false => valid,
    }
}

fn valid_values(valid: &Keys<'_>, values: &Values, keys: &Keys<'_>) -> Values {
    let pairs = keys.iter().zip(values);
    let kept = pairs.filter(|(key, _)| valid.contains(key));
    kept.map(|(_, value)| value.clone()).collect()
}

/// Whether an element of the patch may be found by the values of another. Of one key, no two values find the same one,
/// but an empty value finds those whose own has been moved.
fn may_meet_again(all: &[Values], valid: &Keys<'_>) -> bool {
    let is_empty = |values: &Values| values.iter().all(SmolStr::is_empty);
    valid.len() > 1 || all.iter().any(is_empty)
}

/// An element that was joined with one of more keys gets those. A scalar loses its tag.
fn set_keys(element: &mut Value, keys: &Keys<'_>, values: &[SmolStr]) -> Result<(), String> {
    let given = keys.iter().zip(values);
    for (key, value) in given.filter(|(_, value)| !value.is_empty()) {
        let scalar = || Scalar::untagged(value.clone());
        match element.as_object_mut() {
            None => set_scalar(element, scalar())?,
            Some(map) if map.contains_key(key) => {}
            Some(map) => {
                let key = Key::untagged(*key, Style::PLAIN);
                set_field(map, key, scalar().into());
            }
        }
    }
    Ok(())
}

/// Puts an element of the destination in its place in `list`, or behind it.
fn append(
    nodes: &[Value],
    list: &mut Vec<usize>,
    index: usize,
    keys: &Keys<'_>,
) -> Result<(), String> {
    let element = &nodes[index];
    if let [""] = keys {
        return elements::set(nodes, list, Some(index), keys, &values(element, keys));
    }
    let mut values = Vec::new();
    for key in keys {
        match field(element, key)? {
            Some(value) => values.push(value.text().into()),
            None => list.push(index),
        }
    }
    if keys.len() > 1 {
        elements::set(nodes, list, None, keys, &values)?;
    }
    elements::set(nodes, list, Some(index), keys, &values)
}

fn field<'v>(element: &'v Value, key: &str) -> Result<Option<&'v Value>, String> {
    match element {
        Value::Object(map) => Ok(map.get(key)),
        null if null.is_null() => Ok(None),
        other => Err(wrong_kind("MappingNode", other)),
    }
}

/// The merged list and what is left of the patch's. What stands in several places is copied, and so is all of the
/// patch's that is met again.
fn split(
    mut nodes: Vec<Value>,
    merged: &[usize],
    first_of_patch: usize,
    is_met_again: bool,
) -> (Vec<Value>, Vec<Value>) {
    let mut uses = vec![0_usize; nodes.len()];
    if is_met_again {
        uses[first_of_patch..].fill(1);
    }
    merged.iter().for_each(|&index| uses[index] += 1);
    let mut used = |index: usize| {
        uses[index] -= 1;
        match uses[index] {
            0 => nodes[index].take(),
            _ => nodes[index].clone(),
        }
    };
    let list = merged.iter().map(|&index| used(index)).collect();
    (list, nodes.split_off(first_of_patch))
}
