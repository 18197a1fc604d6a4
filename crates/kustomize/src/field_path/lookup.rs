use smol_str::SmolStr;

use super::element;
use crate::scalar::text;
use crate::value::Value;

/// The one node that a path leads to, none where it is missing (kyaml's `Lookup`). A number counts the
/// elements of a list, `-` is its last one, `[key=value]` the one with this value.
///
/// # Errors
/// When the path goes into a scalar, or when it has a `*`.
pub(crate) fn lookup<'v>(value: &'v Value, path: &[String]) -> Result<Option<&'v Value>, String> {
    let mut node = value;
    for part in path
        .iter()
        .map(|part| part.trim())
        .filter(|part| !part.is_empty())
    {
        match step(node, part)? {
            Some(next) => node = next,
            None => return Ok(None),
        }
    }
    Ok(Some(node))
}

/// A step from a node to one in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Key(SmolStr),
    /// From 0.
    Index(usize),
}

/// The steps to the node that [`lookup`] finds; none where it finds none.
pub(crate) fn steps_to(value: &Value, path: &[String]) -> Option<Vec<Step>> {
    let mut node = value;
    let mut steps = Vec::new();
    let parts = path.iter().map(|part| part.trim());
    for part in parts.filter(|part| !part.is_empty()) {
        let next = step(node, part).ok()??;
        steps.push(match node {
            Value::Array(items) => {
                Step::Index(items.iter().position(|item| std::ptr::eq(item, next))?)
            }
            _ => Step::Key(part.into()),
        });
        node = next;
    }
    Some(steps)
}

fn step<'v>(node: &'v Value, part: &str) -> Result<Option<&'v Value>, String> {
    if let Ok(index) = part.parse::<i64>() {
        let index = usize::try_from(index)
            .map_err(|_| format!("array index {index} cannot be negative"))?;
        return Ok(list(node)?.get(index));
    }
    match part {
        "-" => Ok(list(node)?.last()),
        "*" => Err("wildcard is not supported here".to_owned()),
        _ => match element(part) {
            Some(element) => {
                let (name, value) = element?;
                Ok(list(node)?
                    .iter()
                    .find(|item| is_element(item, name, value)))
            }
            None => field(node, part),
        },
    }
}

fn is_element(item: &Value, name: &str, value: &str) -> bool {
    match name {
        "" => text(item) == value,
        _ => item.get(name).is_some_and(|have| text(have) == value),
    }
}

fn list(node: &Value) -> Result<&[Value], String> {
    match node {
        Value::Array(items) => Ok(items),
        Value::Null => Ok(&[]),
        _ => Err(wrong_kind("a list", node)),
    }
}

fn field<'v>(node: &'v Value, name: &str) -> Result<Option<&'v Value>, String> {
    match node {
        Value::Object(map) => Ok(map.get(name)),
        Value::Null => Ok(None),
        _ => Err(wrong_kind("a mapping", node)),
    }
}

/// For messages.
pub(super) fn wrong_kind(expected: &str, found: &Value) -> String {
    let found = match found {
        Value::Object(_) => "a mapping",
        Value::Array(_) => "a list",
        _ => "a scalar",
    };
    format!("wrong node kind: expected {expected}, found {found}")
}
