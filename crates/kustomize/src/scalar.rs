//! Scalars between their text and their value, as go-yaml 3 sees them.

use std::borrow::Cow;

use serde_json::Number;
use towpath_yaml::{Kind, Node, Resolution, is_string};

use crate::emit;
use crate::value::Value;

/// A scalar as it is written; empty for anything else.
pub(crate) fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Bool(_) => Cow::Owned(value.to_string()),
        Value::Number(number) => Cow::Owned(emit::number(number)),
        Value::Null | Value::Array(_) | Value::Object(_) => Cow::Borrowed(""),
    }
}

/// The value of a scalar of a file.
pub(crate) fn of(node: &Node) -> Value {
    match node.kind() {
        Kind::Null => Value::Null,
        Kind::Bool(value) => Value::Bool(value),
        Kind::Float(value) => Number::from_f64(value).map_or(Value::Null, Value::Number),
        Kind::String(text) => text.into(),
        Kind::Int(_) | Kind::Sequence(_) | Kind::Mapping(_) => node.to_json().into(),
    }
}

/// What this text is when it stands in a file without quotes and without a tag: upstream sets fields that it
/// makes to such nodes.
pub(crate) fn resolve(text: &str) -> Value {
    match text {
        "" => Value::Null,
        _ if is_string(text, Resolution::GoYaml3) => text.into(),
        _ if may_be_other_than_a_string(text) => parse(text),
        _ => text.into(),
    }
}

/// Whether upstream gives quotes to this text when it makes a field with it: YAML 1.1 would read something else than
/// a string (kyaml's `IsValueNonString`).
pub(crate) fn gets_quotes(text: &str) -> bool {
    if text.is_empty() || text.contains('\n') || is_plain_word(text) {
        return false;
    }
    let documents = towpath_yaml::parse_with("", text, Resolution::GoYaml2);
    let is_other = |node: &Node| !matches!(node.kind(), Kind::String(_));
    documents.is_ok_and(|all| all.first().is_none_or(|document| is_other(&document.root)))
}

/// Most texts are such, for which no parser is needed.
fn is_plain_word(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '/');
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(is_word)
        && is_string(text, Resolution::GoYaml2)
}

/// Numbers, booleans and nulls have no other characters.
fn may_be_other_than_a_string(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_' | '~');
    text.chars().all(word) && !matches!(text, "-" | "---" | "...")
}

fn parse(text: &str) -> Value {
    let documents = towpath_yaml::parse_with("", text, Resolution::GoYaml3);
    let documents = documents.unwrap_or_default();
    let value = documents.first().map(|document| of(&document.root));
    value
        .filter(|value| !value.is_array())
        .unwrap_or_else(|| text.into())
}

#[cfg(test)]
mod tests {
    use crate::value::json;

    use super::*;

    #[test]
    fn plain_text_is_what_go_yaml_reads() {
        for (text, value) in [
            ("8080", json!(8080)),
            ("-1", json!(-1)),
            ("1.5", json!(1.5)),
            ("true", json!(true)),
            ("yes", json!("yes")),
            ("~", json!(null)),
            ("", json!(null)),
            ("-", json!("-")),
            ("---", json!("---")),
            ("a: b", json!("a: b")),
            ("1.2.3", json!("1.2.3")),
        ] {
            assert_eq!(resolve(text), value, "{text}");
        }
    }
}
