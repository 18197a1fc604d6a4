//! JSON patches (RFC 6902) as evanphx/json-patch 4.13 applies them, which upstream uses: a replacement of a
//! missing key adds it, negative indices count from the end.

use serde_json::{Map, Value};

use crate::size;

/// A list of operations.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct JsonPatch(Vec<Map<String, Value>>);

impl JsonPatch {
    /// # Errors
    /// When it is no list of mappings.
    pub(super) fn decode(value: Value) -> Result<Self, String> {
        let Value::Array(operations) = value else {
            return Err("a JSON patch is a list of operations".to_owned());
        };
        let operations = operations.into_iter().map(|operation| match operation {
            Value::Object(operation) => Ok(operation),
            _ => Err("an operation of a JSON patch is a mapping".to_owned()),
        });
        operations.collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Applies all operations, one after another.
    ///
    /// # Errors
    /// When one of them does not apply; the value is changed half then.
    pub(super) fn apply(&self, document: &mut Value) -> Result<(), String> {
        self.0.iter().try_for_each(|operation| {
            apply(document, operation)?;
            size::check_json(document)
        })
    }
}

fn apply(document: &mut Value, operation: &Map<String, Value>) -> Result<(), String> {
    let kind = operation
        .get("op")
        .and_then(Value::as_str)
        .unwrap_or("unknown");
    let path = || text(operation, "path", kind);
    let value = || operation.get("value").cloned().unwrap_or_default();
    match kind {
        "add" => add(document, path()?, value(), kind),
        "remove" => remove(document, path()?, kind).map(drop),
        "replace" => replace(document, path()?, value()),
        "move" => {
            let moved = remove(document, text(operation, "from", kind)?, kind)?;
            add(document, path()?, moved, kind)
        }
        "copy" => {
            let copied = get(document, text(operation, "from", kind)?, kind)?.cloned();
            add(document, path()?, copied.unwrap_or_default(), kind)
        }
        "test" => test(document, path()?, &value()),
        other => Err(format!(
            "Unexpected kind: {other}; expected add, remove, replace, move, copy or test"
        )),
    }
}

fn text<'o>(operation: &'o Map<String, Value>, key: &str, kind: &str) -> Result<&'o str, String> {
    let text = operation.get(key).and_then(Value::as_str);
    text.ok_or_else(|| format!("{kind} operation failed to decode {key}: missing value"))
}

fn add(document: &mut Value, path: &str, value: Value, kind: &str) -> Result<(), String> {
    let (parent, key) = parent(document, path, kind)?;
    match parent {
        Value::Object(map) => {
            map.insert(key, value);
        }
        Value::Array(items) if key == "-" => items.push(value),
        Value::Array(items) => {
            let index = index(&key, items.len() + 1, path, kind)?;
            items.insert(index, value);
        }
        _ => return Err(missing(path, kind)),
    }
    Ok(())
}

fn remove(document: &mut Value, path: &str, kind: &str) -> Result<Value, String> {
    let (parent, key) = parent(document, path, kind)?;
    match parent {
        Value::Object(map) => map.remove(&key).ok_or_else(|| {
            format!("error in {kind} for path: '{path}': Unable to remove nonexistent key: {key}: missing value")
        }),
        Value::Array(items) => {
            let index = index(&key, items.len(), path, kind)?;
            Ok(items.remove(index))
        }
        _ => Err(missing(path, kind)),
    }
}

fn replace(document: &mut Value, path: &str, value: Value) -> Result<(), String> {
    if path.is_empty() {
        if !value.is_object() && !value.is_array() {
            return Err("replace operation value must be object or array".to_owned());
        }
        *document = value;
        return Ok(());
    }
    let (parent, key) = parent(document, path, "replace")?;
    match parent {
        Value::Object(map) => {
            map.insert(key, value);
        }
        Value::Array(items) => {
            let index = index(&key, items.len(), path, "replace").map_err(|_| {
                format!(
                    "replace operation does not apply: doc is missing key: {path}: missing value"
                )
            })?;
            items[index] = value;
        }
        _ => return Err(missing(path, "replace")),
    }
    Ok(())
}

fn test(document: &mut Value, path: &str, value: &Value) -> Result<(), String> {
    let found = match path {
        "" => Some(&*document),
        _ => get(document, path, "test")?,
    };
    match same(found.unwrap_or(&Value::Null), value) {
        true => Ok(()),
        false => Err(format!("testing value {path} failed: test failed")),
    }
}

/// What is there; none for a key that a mapping does not have.
fn get<'d>(document: &'d mut Value, path: &str, kind: &str) -> Result<Option<&'d Value>, String> {
    let (parent, key) = parent(document, path, kind)?;
    match parent {
        Value::Object(map) => Ok(map.get(&key)),
        Value::Array(items) => {
            let index = index(&key, items.len(), path, kind)?;
            Ok(items.get(index))
        }
        _ => Err(missing(path, kind)),
    }
}

/// The mapping or list that holds the last name of a path, and that name.
fn parent<'d>(
    document: &'d mut Value,
    path: &str,
    kind: &str,
) -> Result<(&'d mut Value, String), String> {
    let (parents, key) = path.rsplit_once('/').ok_or_else(|| missing(path, kind))?;
    let names = parents.split('/').skip(1);
    let node = names.map(unescape).try_fold(document, step);
    node.map(|node| (node, unescape(key)))
        .ok_or_else(|| missing(path, kind))
}

fn step(node: &mut Value, name: String) -> Option<&mut Value> {
    match node {
        Value::Object(map) => map.get_mut(&name),
        Value::Array(items) => {
            let index = position(&name, items.len())?;
            items.get_mut(index)
        }
        _ => None,
    }
}

fn unescape(name: &str) -> String {
    name.replace("~1", "/").replace("~0", "~")
}

fn missing(path: &str, kind: &str) -> String {
    format!("{kind} operation does not apply: doc is missing path: \"{path}\": missing value")
}

fn index(key: &str, length: usize, path: &str, kind: &str) -> Result<usize, String> {
    position(key, length).ok_or_else(|| {
        format!("error in {kind} for path: '{path}': Unable to access invalid index: {key}: invalid index referenced")
    })
}

fn position(key: &str, length: usize) -> Option<usize> {
    let index: i64 = key.parse().ok()?;
    let length = i64::try_from(length).ok()?;
    let index = if index < 0 { index + length } else { index };
    usize::try_from(index).ok().filter(|_| index < length)
}

/// Whether both are the same JSON, where 1.0 and 1 are.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let fits = |(key, a): (&String, &Value)| b.get(key).is_some_and(|b| same(a, b));
            a.len() == b.len() && a.iter().all(fits)
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(mut document: Value, operation: Value) -> Result<Value, String> {
        JsonPatch::decode(Value::Array(vec![operation]))?.apply(&mut document)?;
        Ok(document)
    }

    #[test]
    fn operations() {
        for (document, operation, expect) in [
            (
                json!({}),
                json!({"op": "add", "path": "/a~1b", "value": 1}),
                json!({"a/b": 1}),
            ),
            (
                json!([1, 2]),
                json!({"op": "add", "path": "/1", "value": 3}),
                json!([1, 3, 2]),
            ),
            (
                json!([1]),
                json!({"op": "add", "path": "/-", "value": 2}),
                json!([1, 2]),
            ),
            (
                json!([1]),
                json!({"op": "add", "path": "/-1", "value": 2}),
                json!([1, 2]),
            ),
            (
                json!({"a": [1, 2]}),
                json!({"op": "remove", "path": "/a/-1"}),
                json!({"a": [1]}),
            ),
            (
                json!({}),
                json!({"op": "replace", "path": "/a", "value": 1}),
                json!({"a": 1}),
            ),
            (
                json!({"a": 1}),
                json!({"op": "move", "from": "/a", "path": "/b"}),
                json!({"b": 1}),
            ),
            (
                json!({"a": 1}),
                json!({"op": "copy", "from": "/a", "path": "/b"}),
                json!({"a": 1, "b": 1}),
            ),
            (
                json!({"a": 1}),
                json!({"op": "test", "path": "/a", "value": 1.0}),
                json!({"a": 1}),
            ),
            (
                json!({"a": 1}),
                json!({"op": "replace", "path": "", "value": {}}),
                json!({}),
            ),
        ] {
            assert_eq!(run(document, operation.clone()), Ok(expect), "{operation}");
        }
    }

    #[test]
    fn what_does_not_apply() {
        for (document, operation) in [
            (json!({}), json!({"op": "remove", "path": "/a"})),
            (json!({}), json!({"op": "add", "path": "/a/b", "value": 1})),
            (json!({}), json!({"op": "add", "path": "", "value": {}})),
            (json!([]), json!({"op": "add", "path": "/1", "value": 1})),
            (
                json!([]),
                json!({"op": "replace", "path": "/0", "value": 1}),
            ),
            (
                json!({"a": 1}),
                json!({"op": "test", "path": "/a", "value": "1"}),
            ),
            (json!({}), json!({"op": "eat", "path": "/a"})),
            (json!({}), json!({"op": "add"})),
        ] {
            assert!(run(document, operation.clone()).is_err(), "{operation}");
        }
    }
}
