//! How a value is written in a place.

use serde_json::Value;

use crate::{Node, Style, to_yaml};

/// A scalar in the style of the one that it replaces, as far as that can hold it.
pub(super) fn like(old: &Node, value: &Value) -> String {
    match (old.style(), value) {
        (Style::DoubleQuoted, Value::String(text)) => quoted(text),
        (Style::SingleQuoted, Value::String(text)) if !text.contains('\n') => {
            format!("'{}'", text.replace('\'', "''"))
        }
        _ => in_flow(value),
    }
}

/// On one line, also within braces and brackets.
pub(super) fn in_flow(value: &Value) -> String {
    let Value::String(text) = value else {
        return value.to_string();
    };
    let plain = to_yaml(value);
    let plain = plain.trim_end_matches('\n');
    let needs_quotes = plain.contains('\n') || text.contains([',', '[', ']', '{', '}']);
    match needs_quotes && !plain.starts_with(['"', '\'']) {
        true => quoted(text),
        false => plain.to_owned(),
    }
}

/// The text of a block, its lines but the first one indented.
pub(super) fn in_block(value: &Value, indent: usize) -> String {
    let yaml = to_yaml(value);
    let mut lines = yaml.trim_end_matches('\n').split('\n');
    let mut text = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        text.push('\n');
        if !line.is_empty() {
            text.push_str(&" ".repeat(indent));
            text.push_str(line);
        }
    }
    text
}

/// JSON's strings are YAML's.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
