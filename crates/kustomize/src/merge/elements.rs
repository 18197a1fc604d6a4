//! Finding and setting elements of lists by keys, in all its oddities (kyaml's `ElementMatcher` and
//! `ElementSetter`): output follows from them. Lists are of indexes of nodes, since one node may stand in two of them
//! and more than once.

use smol_str::SmolStr;

use crate::value::{Map, Value, wrong_kind};

/// The keys by which the elements of a list are known; one that is empty in a list of scalars.
pub(super) type Keys<'k> = [&'k str];

/// The first element whose values under these keys are `values`. Keys without a value do not count where others have
/// one.
pub(super) fn find(
    nodes: &[Value],
    list: &[usize],
    keys: &Keys<'_>,
    values: &[SmolStr],
) -> Option<usize> {
    let is_any_given = values.iter().any(|value| !value.is_empty());
    let fits = |item: &Value| {
        let pairs = keys.iter().zip(values);
        let mut given = pairs.filter(|(_, value)| !is_any_given || !value.is_empty());
        given.all(|(key, value)| has(item, key, value))
    };
    list.iter().copied().find(|&index| fits(&nodes[index]))
}

fn has(item: &Value, key: &str, value: &str) -> bool {
    match key.is_empty() {
        true => item.text() == value,
        false => item.get(key).is_some_and(|have| have.text() == value),
    }
}

/// Replaces the elements that fit by `element`, or appends it when none does; without an element, removes
/// them. Nulls and empty mappings are removed on the way, and where no values are given, all that do not fit.
///
/// # Errors
/// When an element is not of the kind that the keys are for.
pub(super) fn set(
    nodes: &[Value],
    list: &mut Vec<usize>,
    element: Option<usize>,
    keys: &Keys<'_>,
    values: &[SmolStr],
) -> Result<(), String> {
    let is_given = |text: &str| !text.is_empty();
    let for_mappings = keys.first().is_some_and(|key| is_given(key))
        && values.first().is_some_and(|value| is_given(value));
    let mut found = false;
    let mut kept = Vec::with_capacity(list.len() + 1);
    for &index in &*list {
        let item = &nodes[index];
        if is_nothing(item) {
            continue;
        }
        if for_mappings && !item.is_object() {
            kept.push(index);
        } else if fits(item, keys, values)? {
            found = true;
            kept.extend(element);
        } else if !values.is_empty() {
            kept.push(index);
        }
    }
    let is_new = |&element: &usize| !found && !nodes[element].is_null();
    kept.extend(element.filter(is_new));
    *list = kept;
    Ok(())
}

/// Whether it is null or an empty mapping.
pub(super) fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

/// An empty value fits any. Keys without a value go by what the key before them had.
fn fits(item: &Value, keys: &Keys<'_>, values: &[SmolStr]) -> Result<bool, String> {
    let mut found = false;
    for (index, key) in keys.iter().enumerate() {
        if let Some(value) = values.get(index) {
            found = field_fits(item, key, value)?;
        }
        if !found {
            return Ok(false);
        }
    }
    Ok(true)
}

fn field_fits(item: &Value, key: &str, value: &str) -> Result<bool, String> {
    match item {
        Value::Scalar(scalar) if key.is_empty() => Ok(scalar.text() == value),
        _ if key.is_empty() => Err(wrong_kind("ScalarNode", item)),
        Value::Object(map) => Ok(map
            .get(key)
            .is_some_and(|have| value.is_empty() || have.text() == value)),
        _ => Err(wrong_kind("MappingNode", item)),
    }
}

#[cfg(test)]
mod tests {
    use crate::value::json;

    use super::*;

    #[track_caller]
    fn check(list: Value, element: Option<Value>, keys: &[&str], values: &[&str], expect: Value) {
        let mut nodes = list.as_array().unwrap().clone();
        let mut list = Vec::from_iter(0..nodes.len());
        let values = Vec::from_iter(values.iter().map(SmolStr::new));
        let added = element.is_some().then_some(nodes.len());
        nodes.extend(element);
        set(&nodes, &mut list, added, keys, &values).unwrap();
        let set: Vec<Value> = list.iter().map(|&index| nodes[index].clone()).collect();
        assert_eq!(Value::from(set), expect);
    }

    #[test]
    fn elements_are_replaced_appended_and_removed() {
        let list = json!([{"a": 1, "b": "x"}, {"a": "2"}]);
        check(
            list.clone(),
            Some(json!({"a": 1})),
            &["a"],
            &["1"],
            json!([{"a": 1}, {"a": "2"}]),
        );
        check(
            list.clone(),
            None,
            &["a"],
            &["2"],
            json!([{"a": 1, "b": "x"}]),
        );
        check(
            list.clone(),
            Some(json!({"a": 3})),
            &["a", "b"],
            &["1", "y"],
            json!([{"a": 1, "b": "x"}, {"a": "2"}, {"a": 3}]),
        );
        check(
            json!(["p", null, {}, "q"]),
            Some(json!("q")),
            &[""],
            &["q"],
            json!(["p", "q"]),
        );
    }

    #[test]
    fn odd_but_so() {
        check(
            json!([{"a": 1}, {"b": 1}]),
            None,
            &["a"],
            &[""],
            json!([{"b": 1}]),
        );
        check(
            json!([{"b": 1}]),
            Some(json!({"c": 1})),
            &["a"],
            &[],
            json!([{"c": 1}]),
        );
    }
}
