use super::element;
use crate::value::Value;

/// The one node that a path leads to, none where it is missing (kyaml's `Lookup`). A number counts the
/// elements of a list, `-` is its last one, `[key=value]` the one with this value.
///
/// # Errors
/// When the path goes into a scalar, or when it has a `*`.
pub(crate) fn lookup<'v>(value: &'v Value, path: &[String]) -> Result<Option<&'v Value>, String> {
    let mut node = value;
    for part in parts(path) {
        match step(node, part)?.and_then(|step| step.of(node)) {
            Some(next) => node = next,
            None => return Ok(None),
        }
    }
    Ok(Some(node))
}

/// The same, to change it.
///
/// # Errors
/// As [`lookup`].
pub(crate) fn lookup_mut<'v>(
    value: &'v mut Value,
    path: &[String],
) -> Result<Option<&'v mut Value>, String> {
    let mut node = value;
    for part in parts(path) {
        match step(node, part)?.and_then(|step| step.of_mut(node)) {
            Some(next) => node = next,
            None => return Ok(None),
        }
    }
    Ok(Some(node))
}

/// A step from a node to one in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step<'p> {
    Key(&'p str),
    /// From 0.
    Index(usize),
}

impl Step<'_> {
    fn of(self, node: &Value) -> Option<&Value> {
        match self {
            Step::Key(name) => node.get(name),
            Step::Index(index) => node.as_array()?.get(index),
        }
    }

    fn of_mut(self, node: &mut Value) -> Option<&mut Value> {
        match self {
            Step::Key(name) => node.get_mut(name),
            Step::Index(index) => node.as_array_mut()?.get_mut(index),
        }
    }
}

fn parts(path: &[String]) -> impl Iterator<Item = &str> {
    let parts = path.iter().map(|part| part.trim());
    parts.filter(|part| !part.is_empty())
}

/// Where a part leads from a node, if there is such a place; it may be missing still.
fn step<'p>(node: &Value, part: &'p str) -> Result<Option<Step<'p>>, String> {
    if let Ok(index) = part.parse::<i64>() {
        let index = usize::try_from(index)
            .map_err(|_| format!("array index {index} cannot be negative"))?;
        list(node)?;
        return Ok(Some(Step::Index(index)));
    }
    let index = match part {
        "-" => list(node)?.len().checked_sub(1),
        "*" => return Err("wildcard is not supported here".to_owned()),
        _ => match element(part) {
            Some(element) => {
                let (name, value) = element?;
                let mut items = list(node)?.iter();
                items.position(|item| is_element(item, name, value))
            }
            None => return field(node, part),
        },
    };
    Ok(index.map(Step::Index))
}

fn is_element(item: &Value, name: &str, value: &str) -> bool {
    match name {
        "" => item.text() == value,
        _ => item.get(name).is_some_and(|have| have.text() == value),
    }
}

fn list(node: &Value) -> Result<&[Value], String> {
    match node {
        Value::Array(list) => Ok(&list.items),
        null if null.is_null() => Ok(&[]),
        other => Err(wrong_kind("a list", other)),
    }
}

fn field<'p>(node: &Value, name: &'p str) -> Result<Option<Step<'p>>, String> {
    match node {
        Value::Object(_) => Ok(Some(Step::Key(name))),
        null if null.is_null() => Ok(None),
        other => Err(wrong_kind("a mapping", other)),
    }
}

/// For messages.
pub(super) fn wrong_kind(expected: &str, found: &Value) -> String {
    let found = match found {
        Value::Object(_) => "a mapping",
        Value::Array(_) => "a list",
        Value::Scalar(_) => "a scalar",
    };
    format!("wrong node kind: expected {expected}, found {found}")
}

#[cfg(test)]
mod tests {
    use crate::field_path::split;
    use crate::value::json;

    use super::*;

    #[test]
    fn a_path_leads_to_one_node() {
        let mut value = json!({"a": [{"n": "web-1"}, {"n": "web", "v": 1}, null], "b": null});
        for (path, found) in [
            ("a.[n=web].v", Some("1")),
            ("a.1.n", Some("web")),
            ("a.-", Some("null")),
            ("a.3", None),
            ("a.[n=we]", None),
            ("b.c", None),
            ("b.-", None),
        ] {
            let path = split(path);
            let text = lookup(&value, &path).map(|found| found.map(Value::text));
            assert_eq!(text, Ok(found), "{path:?}");
            let same = lookup_mut(&mut value, &path).map(|found| found.map(|node| &*node));
            assert_eq!(
                same.map(|found| found.map(Value::text)),
                Ok(found),
                "{path:?}"
            );
        }
        for path in ["a.*", "a.-1", "a.n", "a.0.n.x", "b.*"] {
            assert!(lookup(&value, &split(path)).is_err(), "{path}");
        }
    }
}
