use serde_json::Value as Json;
use smol_str::SmolStr;
use towpath_yaml::limits::{MAX_DEPTH, MAX_NODES, MAX_SCALAR_BYTES};

use crate::value::Value;

/// Checks that an object has not grown beyond what a file may hold: copies of copies double with each step.
///
/// # Errors
/// When it has more values, text or nesting.
pub(crate) fn check(object: &Value) -> Result<(), String> {
    let mut size = Size::default();
    let mut open = vec![(object, 0)];
    while let Some((value, depth)) = open.pop() {
        size.add(value.text().len(), depth)?;
        match value {
            Value::Scalar(_) => {}
            Value::Array(list) => open.extend(list.items.iter().map(|item| (item, depth + 1))),
            Value::Object(map) => {
                size.bytes += map.keys().map(SmolStr::len).sum::<usize>();
                open.extend(map.values().map(|value| (value, depth + 1)));
            }
        }
    }
    Ok(())
}

/// The same of JSON.
///
/// # Errors
/// As [`check`].
pub(crate) fn check_json(object: &Json) -> Result<(), String> {
    let mut size = Size::default();
    let mut open = vec![(object, 0)];
    while let Some((value, depth)) = open.pop() {
        size.add(value.as_str().map_or(0, str::len), depth)?;
        match value {
            Json::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Json::Object(map) => {
                size.bytes += map.keys().map(String::len).sum::<usize>();
                open.extend(map.values().map(|value| (value, depth + 1)));
            }
            _ => {}
        }
    }
    Ok(())
}

#[derive(Default)]
struct Size {
    nodes: usize,
    bytes: usize,
}

impl Size {
    fn add(&mut self, bytes: usize, depth: usize) -> Result<(), String> {
        self.nodes += 1;
        self.bytes += bytes;
        if self.nodes > MAX_NODES || self.bytes > MAX_SCALAR_BYTES || depth > MAX_DEPTH {
            return Err(format!(
                "the object has grown too large: it may have {MAX_NODES} values, {MAX_SCALAR_BYTES} bytes of text and a depth of {MAX_DEPTH}"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_may_not_be_deep_or_long() {
        let mut deep = json!({});
        for _ in 0..=MAX_DEPTH {
            deep = json!({ "a": deep });
        }
        let long = json!({"a": "x".repeat(MAX_SCALAR_BYTES)});
        for large in [deep, long] {
            assert!(check_json(&large).is_err());
            assert!(check(&Value::from_json(large)).is_err());
        }
        let small = json!({"a": [1, {"b": null}]});
        assert_eq!(check_json(&small), Ok(()));
        assert_eq!(check(&Value::from_json(small)), Ok(()));
    }
}
