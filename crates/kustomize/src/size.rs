use smol_str::SmolStr;
use towpath_yaml::limits::{MAX_DEPTH, MAX_NODES, MAX_SCALAR_BYTES};

use crate::value::Value;

/// Checks that an object has not grown beyond what a file may hold: copies of copies double with each step.
///
/// # Errors
/// When it has more values, text or nesting.
pub(crate) fn check(object: &Value) -> Result<(), String> {
    let (mut nodes, mut bytes) = (0, 0);
    let mut open = vec![(object, 0)];
    while let Some((value, depth)) = open.pop() {
        nodes += 1;
        match value {
            Value::String(text) => bytes += text.len(),
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(map) => {
                bytes += map.keys().map(SmolStr::len).sum::<usize>();
                open.extend(map.values().map(|value| (value, depth + 1)));
            }
            _ => {}
        }
        if nodes > MAX_NODES || bytes > MAX_SCALAR_BYTES || depth > MAX_DEPTH {
            return Err(format!(
                "the object has grown too large: it may have {MAX_NODES} values, {MAX_SCALAR_BYTES} bytes of text and a depth of {MAX_DEPTH}"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::value::json;

    use super::*;

    #[test]
    fn an_object_may_not_be_deep_or_long() {
        let mut deep = json!({});
        for _ in 0..=MAX_DEPTH {
            deep["a"] = deep.take();
        }
        assert!(check(&deep).is_err());
        assert!(check(&json!({"a": "x".repeat(MAX_SCALAR_BYTES)})).is_err());
        assert_eq!(check(&json!({"a": [1, {"b": null}]})), Ok(()));
    }
}
