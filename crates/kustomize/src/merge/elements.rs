//! Finding and setting elements of lists by keys, in all its oddities (kyaml's `ElementMatcher` and
//! `ElementSetter`): output follows from them.

use std::borrow::Cow;

use smol_str::SmolStr;

use crate::scalar::text;
use crate::value::{Map, Value};
use crate::written::{Written, element_of};

/// The keys by which the elements of a list are known.
pub(super) struct Keys<'k> {
    /// One that is empty in a list of scalars.
    pub(super) names: &'k [&'k str],
    /// The list's path.
    pub(super) list: &'k [SmolStr],
    /// Of the object that it stands in.
    pub(super) written: &'k Written,
}

impl Keys<'_> {
    pub(super) fn are_of_scalars(&self) -> bool {
        self.names.first().is_none_or(|key| key.is_empty())
    }

    /// What the value of a key is written as: a null is known by that, too.
    pub(super) fn text<'v>(&self, item: &Value, key: &str, value: &'v Value) -> Cow<'v, str> {
        if !value.is_null() {
            return text(value);
        }
        let mut path = self.list.to_vec();
        path.extend([element_of(item), key.into()]);
        Cow::Owned(self.written.null_text(&path).to_owned())
    }
}

/// The first element whose values under `keys` are `values`. The empty key is for lists of scalars.
pub(super) fn find(list: &[Value], keys: &Keys<'_>, values: &[String]) -> Option<usize> {
    let first = values.first().map(String::as_str).unwrap_or_default();
    if keys.are_of_scalars() {
        return list.iter().position(|item| text(item) == first);
    }
    list.iter().position(|item| {
        let fits = |(key, value): (&&str, &String)| {
            item.get(key)
                .is_some_and(|have| keys.text(item, key, have) == *value)
        };
        item.is_object() && keys.names.iter().zip(values).all(fits)
    })
}

/// Replaces the elements that fit by `element`, or appends it when none does; without an element, removes
/// them. Nulls and empty mappings are removed on the way, and where no values are given, all that do not fit.
///
/// # Errors
/// When an element is not of the kind that the keys are for.
pub(super) fn set(
    list: &mut Vec<Value>,
    element: Option<&Value>,
    keys: &Keys<'_>,
    values: &[String],
) -> Result<(), String> {
    let for_mappings =
        !keys.are_of_scalars() && values.first().is_some_and(|value| !value.is_empty());
    let mut found = false;
    let mut kept = Vec::with_capacity(list.len() + 1);
    for item in list.drain(..) {
        if is_nothing(&item) {
            continue;
        }
        if for_mappings && !item.is_object() {
            kept.push(item);
        } else if fits(&item, keys, values)? {
            found = true;
            kept.extend(element.cloned());
        } else if !values.is_empty() {
            kept.push(item);
        }
    }
    *list = kept;
    if let Some(element) = element.filter(|element| !found && !element.is_null()) {
        list.push(element.clone());
    }
    Ok(())
}

/// Whether it is null or an empty mapping.
pub(super) fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

/// An empty value fits any. Keys without a value go by what the key before them had.
fn fits(item: &Value, keys: &Keys<'_>, values: &[String]) -> Result<bool, String> {
    let mut found = false;
    for (index, key) in keys.names.iter().enumerate() {
        if let Some(value) = values.get(index) {
            found = field_fits(item, keys, key, value)?;
        }
        if !found {
            return Ok(false);
        }
    }
    Ok(true)
}

fn field_fits(item: &Value, keys: &Keys<'_>, key: &str, value: &str) -> Result<bool, String> {
    if key.is_empty() {
        return match item {
            Value::Array(_) | Value::Object(_) => Err(wrong_kind("ScalarNode", item)),
            scalar => Ok(text(scalar) == value),
        };
    }
    let Some(map) = item.as_object() else {
        return Err(wrong_kind("MappingNode", item));
    };
    Ok(map
        .get(key)
        .is_some_and(|have| value.is_empty() || keys.text(item, key, have) == value))
}

/// The message of kyaml's `InvalidNodeKindError`.
pub(super) fn wrong_kind(expected: &str, found: &Value) -> String {
    format!(
        "wrong node kind: expected {expected} but got {}",
        kind(found)
    )
}

/// What kyaml calls the kind of a node.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "MappingNode",
        Value::Array(_) => "SequenceNode",
        _ => "ScalarNode",
    }
}

#[cfg(test)]
mod tests {
    use crate::value::json;

    use super::*;

    fn check(list: Value, element: Option<Value>, keys: &[&str], values: &[&str], expect: Value) {
        let Value::Array(mut list) = list else {
            panic!()
        };
        let values: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
        let keys = Keys {
            names: keys,
            list: &[],
            written: &Written::default(),
        };
        set(&mut list, element.as_ref(), &keys, &values).unwrap();
        assert_eq!(Value::Array(list), expect);
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
