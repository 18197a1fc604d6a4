use std::collections::BTreeMap;

use crate::value::Value;

/// Replaces `$(NAME)`; `$$` is a dollar. A text that is one var and nothing else becomes the var's value with
/// its type. Names that are no var, and vars that are mappings or lists, stay as they are written.
pub(super) fn expand(text: &str, values: &BTreeMap<&str, Value>) -> Value {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = after;
        if let Some(escaped) = after.strip_prefix('$') {
            out.push('$');
            rest = escaped;
        } else if let Some((name, behind)) = name(after) {
            match values.get(name).and_then(written) {
                Some(_) if text.len() == name.len() + 3 => return values[name].clone(),
                Some(value) => out.push_str(&value),
                None => out.extend(["$(", name, ")"]),
            }
            rest = behind;
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    out.into()
}

fn name(after: &str) -> Option<(&str, &str)> {
    after.strip_prefix('(')?.split_once(')')
}

fn written(value: &Value) -> Option<String> {
    match value {
        Value::Array(_) | Value::Object(_) => None,
        Value::String(text) => Some(text.to_string()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use crate::value::json;

    use super::*;

    #[test]
    fn vars_are_replaced_with_their_type() {
        let values = BTreeMap::from([("A", json!("x")), ("N", json!(8080)), ("M", json!({}))]);
        for (text, expect) in [
            ("$(A)", json!("x")),
            ("$(N)", json!(8080)),
            ("p:$(N)/$(A)", json!("p:8080/x")),
            ("$$(A) $B $(B) $(M) $(", json!("$(A) $B $(B) $(M) $(")),
            ("$", json!("$")),
        ] {
            assert_eq!(expand(text, &values), expect, "{text}");
        }
    }
}
