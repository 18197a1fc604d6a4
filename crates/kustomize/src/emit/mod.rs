//! Writes objects as upstream does: keys sorted, then as version 2 of go-yaml lays it out.

mod number;
mod order;
mod scalar;

pub(crate) use number::number;
use scalar::{Style, style};

use crate::value::{Map, Value};

/// Keys longer than this are written with `?`, as go-yaml does.
const LONGEST_SIMPLE_KEY: usize = 128;

/// Appends one object as a YAML document.
pub(crate) fn emit(value: &Value, out: &mut String) {
    let mut emitter = Emitter { out };
    match value {
        Value::Object(map) if !map.is_empty() => emitter.mapping(map, 0),
        Value::Array(items) if !items.is_empty() => emitter.sequence(items, 0),
        other => emitter.scalar_line(other, 0),
    }
}

/// Whether go-yaml writes a string as it is: on one line and without quotes.
pub(crate) fn is_bare(text: &str) -> bool {
    matches!(style(text, false), Style::Plain)
}

struct Emitter<'o> {
    out: &'o mut String,
}

impl Emitter<'_> {
    /// Writes entries, the first one where the line stands, the others at `indent`.
    fn mapping(&mut self, map: &Map, indent: usize) {
        let mut entries: Vec<_> = map.iter().collect();
        entries.sort_by(|(a, _), (b, _)| order::compare(a, b));
        for (index, (key, value)) in entries.into_iter().enumerate() {
            if index > 0 {
                self.indent(indent);
            }
            self.entry(key, value, indent);
        }
    }

    fn entry(&mut self, key: &str, value: &Value, indent: usize) {
        if key.len() > LONGEST_SIMPLE_KEY || key.contains(scalar::is_break) {
            self.out.push_str("? ");
            self.scalar_line(&Value::from(key), indent);
            self.indent(indent);
            self.out.push_str(": ");
            self.item(value, indent);
            return;
        }
        scalar::write_inline(key, style(key, true), None, self.out);
        self.out.push(':');
        match value {
            Value::Object(map) if !map.is_empty() => {
                self.out.push('\n');
                self.indent(indent + 2);
                self.mapping(map, indent + 2);
            }
            Value::Array(items) if !items.is_empty() => {
                self.out.push('\n');
                self.indent(indent);
                self.sequence(items, indent);
            }
            other => {
                self.out.push(' ');
                self.scalar_line(other, indent);
            }
        }
    }

    /// Writes items, the first one where the line stands, the others at `indent`.
    fn sequence(&mut self, items: &[Value], indent: usize) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.indent(indent);
            }
            self.out.push_str("- ");
            self.item(item, indent);
        }
    }

    /// Writes what stands behind a two characters wide indicator at `indent`.
    fn item(&mut self, item: &Value, indent: usize) {
        match item {
            Value::Object(map) if !map.is_empty() => self.mapping(map, indent + 2),
            Value::Array(items) if !items.is_empty() => self.sequence(items, indent + 2),
            other => self.scalar_line(other, indent),
        }
    }

    /// Writes a scalar or an empty collection, with the end of its line.
    fn scalar_line(&mut self, value: &Value, indent: usize) {
        match value {
            Value::String(text) => match style(text, false) {
                Style::Literal => return self.literal(text, indent + 2),
                style => scalar::write_inline(text, style, Some(indent + 2), self.out),
            },
            Value::Array(_) => self.out.push_str("[]"),
            Value::Object(_) => self.out.push_str("{}"),
            Value::Number(value) => self.out.push_str(&number(value)),
            Value::Bool(true) => self.out.push_str("true"),
            Value::Bool(false) => self.out.push_str("false"),
            Value::Null => self.out.push_str("null"),
        }
        self.out.push('\n');
    }

    /// Writes a literal block with the end of its last line.
    fn literal(&mut self, text: &str, indent: usize) {
        self.out.push('|');
        if text.starts_with(' ') || text.starts_with(scalar::is_break) {
            self.out.push('2');
        }
        let body = text.trim_end_matches('\n');
        match text.len() - body.len() {
            0 => self.out.push('-'),
            1 if !body.is_empty() => {}
            _ => self.out.push('+'),
        }
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            self.out.push('\n');
            if !line.is_empty() {
                self.indent(indent);
                self.out.push_str(line);
            }
        }
        self.out.push('\n');
    }

    fn indent(&mut self, width: usize) {
        self.out.extend(std::iter::repeat_n(' ', width));
    }
}

#[cfg(test)]
mod tests {
    use crate::value::json;

    use super::*;

    #[test]
    fn objects_are_laid_out_as_go_yaml_does() {
        let value = json!({"b": {"y": "yes", "n": null}, "a10": [[1, 2], {"k": "v", "l": []}], "a9": "x\ny\n"});
        let mut out = String::new();
        emit(&value, &mut out);
        let expected = "a9: |\n  x\n  y\na10:\n- - 1\n  - 2\n- k: v\n  l: []\nb:\n  \"n\": null\n  \"y\": \"yes\"\n";
        assert_eq!(out, expected);
    }
}
