use serde_json::{Map, Value};

/// Merges `high` into `low` (kyaml's `merge2`, without a schema): mappings key by key, lists as a whole. A null
/// removes its key.
///
/// # Errors
/// When a key has a mapping here and a list or a scalar there; the message names it.
pub(super) fn merge(low: &mut Map<String, Value>, high: Map<String, Value>) -> Result<(), String> {
    for (key, value) in high {
        if value.is_null() {
            low.shift_remove(&key);
            continue;
        }
        let place = low.entry(&key).or_insert(Value::Null);
        if place.is_null() && value.is_object() {
            *place = Map::new().into();
        }
        let (have, given) = (kind(place), kind(&value));
        match (place, value) {
            (Value::Object(low), Value::Object(high)) => {
                merge(low, high).map_err(|wrong| format!("{key}.{wrong}"))?;
            }
            (place, value) if place.is_null() || have == given => *place = value,
            _ => return Err(format!("{key}: {have} and {given}")),
        }
    }
    Ok(())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "a mapping",
        Value::Array(_) => "a list",
        _ => "a scalar",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(low: Value, high: Value) -> Result<Value, String> {
        let mut low = low.as_object().cloned().unwrap();
        merge(&mut low, high.as_object().cloned().unwrap())?;
        Ok(low.into())
    }

    #[test]
    fn values_are_merged_as_upstream_merges_them() {
        for (low, high, expect) in [
            (
                json!({"a": {"b": 1, "c": [1]}}),
                json!({"a": {"c": [2]}}),
                json!({"a": {"b": 1, "c": [2]}}),
            ),
            (
                json!({"a": 1, "b": null}),
                json!({"a": null, "c": null}),
                json!({"b": null}),
            ),
            (
                json!({"a": null}),
                json!({"a": {"b": null}, "c": {"d": null}}),
                json!({"a": {}, "c": {}}),
            ),
            (json!({"a": 1}), json!({"a": "x"}), json!({"a": "x"})),
        ] {
            assert_eq!(merged(low, high), Ok(expect));
        }
        for (low, high, wrong) in [
            (
                json!({"a": {"b": 1}}),
                json!({"a": {"b": []}}),
                "a.b: a scalar and a list",
            ),
            (
                json!({"a": [1]}),
                json!({"a": {}}),
                "a: a list and a mapping",
            ),
        ] {
            assert_eq!(merged(low, high), Err(wrong.to_owned()));
        }
    }
}
