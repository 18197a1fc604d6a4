//! Writes objects as upstream does: keys sorted, then as version 2 of go-yaml lays it out.

mod number;
mod order;
mod scalar;

pub(crate) use number::{go_float, number};
pub(crate) use order::compare as key_order;
use scalar::{Style, style};

use crate::value::{Entry, List, Map, Meaning, Style as NodeStyle, Value};

/// Keys longer than this are written with `?`, as go-yaml does.
const LONGEST_SIMPLE_KEY: usize = 128;

/// Appends one object as a YAML document.
///
/// # Errors
/// When a scalar is not what its tag says, or when a key is no string: upstream cannot read again what it has written.
pub(crate) fn emit(value: &Value, out: &mut String) -> Result<(), String> {
    let mut emitter = Emitter {
        out,
        in_flow: false,
    };
    emitter.document(value)
}

struct Emitter<'o> {
    out: &'o mut String,
    /// Whether the node stood within brackets.
    in_flow: bool,
}

impl Emitter<'_> {
    fn document(&mut self, value: &Value) -> Result<(), String> {
        match value {
            Value::Object(map) if !map.is_empty() => self.mapping(map, 0),
            Value::Array(list) if !list.items.is_empty() => self.sequence(list, 0),
            other => self.line(other, 0),
        }
    }

    /// Writes entries, the first one where the line stands, the others at `indent`.
    fn mapping(&mut self, map: &Map, indent: usize) -> Result<(), String> {
        let mut entries: Vec<&Entry> = map.entries().iter().collect();
        entries.sort_by(|a, b| order::compare(&a.key.name, &b.key.name));
        self.within(map.style, |emitter| {
            for (index, entry) in entries.into_iter().enumerate() {
                if index > 0 {
                    emitter.indent(indent);
                }
                entry.key.check()?;
                emitter.entry(&entry.key.name, &entry.value, indent)?;
            }
            Ok(())
        })
    }

    fn entry(&mut self, key: &str, value: &Value, indent: usize) -> Result<(), String> {
        if key.len() > LONGEST_SIMPLE_KEY || key.contains(scalar::is_break) {
            self.out.push_str("? ");
            self.string(key, indent);
            self.indent(indent);
            self.out.push_str(": ");
            return self.item(value, indent);
        }
        scalar::write_inline(key, style(key, true), None, self.out);
        self.out.push(':');
        match value {
            Value::Object(map) if !map.is_empty() => {
                self.out.push('\n');
                self.indent(indent + 2);
                self.mapping(map, indent + 2)
            }
            Value::Array(list) if !list.items.is_empty() => {
                self.out.push('\n');
                self.indent(indent);
                self.sequence(list, indent)
            }
            other => {
                self.out.push(' ');
                self.line(other, indent)
            }
        }
    }

    /// Writes items, the first one where the line stands, the others at `indent`.
    fn sequence(&mut self, list: &List, indent: usize) -> Result<(), String> {
        self.within(list.style, |emitter| {
            for (index, item) in list.items.iter().enumerate() {
                if index > 0 {
                    emitter.indent(indent);
                }
                emitter.out.push_str("- ");
                emitter.item(item, indent)?;
            }
            Ok(())
        })
    }

    /// Writes what stands behind a two characters wide indicator at `indent`.
    fn item(&mut self, item: &Value, indent: usize) -> Result<(), String> {
        match item {
            Value::Object(map) if !map.is_empty() => self.mapping(map, indent + 2),
            Value::Array(list) if !list.items.is_empty() => self.sequence(list, indent + 2),
            other => self.line(other, indent),
        }
    }

    fn within<T>(&mut self, style: NodeStyle, work: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.in_flow;
        self.in_flow |= style.has(NodeStyle::FLOW);
        let done = work(self);
        self.in_flow = outer;
        done
    }

    /// Writes a scalar or an empty collection, with the end of its line.
    fn line(&mut self, value: &Value, indent: usize) -> Result<(), String> {
        match value {
            Value::Array(_) => self.out.push_str("[]\n"),
            Value::Object(_) => self.out.push_str("{}\n"),
            Value::Scalar(scalar) => {
                let meaning = scalar.meaning(self.in_flow)?;
                self.scalar(&meaning, indent);
            }
        }
        Ok(())
    }

    fn scalar(&mut self, meaning: &Meaning<'_>, indent: usize) {
        match meaning {
            Meaning::String(text) => return self.string(text, indent),
            Meaning::Number(value) => self.out.push_str(&number(value)),
            Meaning::Bool(true) => self.out.push_str("true"),
            Meaning::Bool(false) => self.out.push_str("false"),
            Meaning::Null => self.out.push_str("null"),
        }
        self.out.push('\n');
    }

    fn string(&mut self, text: &str, indent: usize) {
        match style(text, false) {
            Style::Literal => return self.literal(text, indent + 2),
            style => scalar::write_inline(text, style, Some(indent + 2), self.out),
        }
        self.out.push('\n');
    }

    /// Writes a literal block with the end of its last line, which for go-yaml may be U+2028 or U+2029.
    fn literal(&mut self, text: &str, indent: usize) {
        self.out.push('|');
        if text.starts_with(' ') || text.starts_with(scalar::is_break) {
            self.out.push('2');
        }
        let mut last = text.chars().rev().map(scalar::is_break);
        match (last.next(), last.next()) {
            (Some(false) | None, _) => self.out.push('-'),
            (Some(true), Some(false)) => {}
            (Some(true), Some(true) | None) => self.out.push('+'),
        }
        self.out.push('\n');
        for line in text.split_inclusive(scalar::is_break) {
            if !line.starts_with(scalar::is_break) {
                self.indent(indent);
            }
            self.out.push_str(line);
        }
        if !text.ends_with(scalar::is_break) {
            self.out.push('\n');
        }
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
        emit(&value, &mut out).unwrap();
        let expected = "a9: |\n  x\n  y\na10:\n- - 1\n  - 2\n- k: v\n  l: []\nb:\n  \"n\": null\n  \"y\": \"yes\"\n";
        assert_eq!(out, expected);
    }
}
