use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::quoting::{Quoting, quoting};

/// Writes a value as one YAML document the way kubectl and kustomize lay it out: block style, keys in the
/// order of the map, lists not indented below their key. Every go-yaml reads the same value back.
///
/// ```
/// let value = serde_json::json!({"on": "yes", "args": ["--port", "8080", 1], "none": null});
/// let yaml = "\"on\": \"yes\"\nargs:\n- --port\n- \"8080\"\n- 1\nnone: null\n";
/// assert_eq!(towpath_yaml::to_yaml(&value), yaml);
/// ```
pub fn to_yaml(value: &Value) -> String {
    let mut emitter = Emitter { out: String::new() };
    match value {
        Value::Object(map) if !map.is_empty() => emitter.mapping(map, 0),
        Value::Array(items) if !items.is_empty() => emitter.sequence(items, 0),
        other => {
            emitter.scalar(other, 0);
            emitter.out.push('\n');
        }
    }
    emitter.out
}

/// Writes values as documents of one file, with `---` between them.
///
/// ```
/// let both = [serde_json::json!({"a": 1}), serde_json::json!(["b"])];
/// assert_eq!(towpath_yaml::stream_to_yaml(&both), "a: 1\n---\n- b\n");
/// ```
pub fn stream_to_yaml<'v>(values: impl IntoIterator<Item = &'v Value>) -> String {
    let documents: Vec<String> = values.into_iter().map(to_yaml).collect();
    documents.join("---\n")
}

/// Readers look ahead 1024 characters for the `:` of a key; go-yaml stops at 128 when it writes.
const LONGEST_SIMPLE_KEY: usize = 128;

struct Emitter {
    out: String,
}

impl Emitter {
    /// Writes entries, the first one where the line stands, the others at `indent`.
    fn mapping(&mut self, map: &Map<String, Value>, indent: usize) {
        for (index, (key, value)) in map.iter().enumerate() {
            if index > 0 {
                self.indent(indent);
            }
            self.key(key, indent);
            self.value(value, indent);
        }
    }

    fn key(&mut self, key: &str, indent: usize) {
        let quoted = inline(key);
        if quoted.len() <= LONGEST_SIMPLE_KEY {
            self.out.push_str(&quoted);
        } else {
            let _ = writeln!(self.out, "? {quoted}");
            self.indent(indent);
        }
        self.out.push(':');
    }

    /// Writes what follows `key:`, with the end of its line.
    fn value(&mut self, value: &Value, indent: usize) {
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
                self.scalar(other, indent);
                self.out.push('\n');
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
            match item {
                Value::Object(map) if !map.is_empty() => self.mapping(map, indent + 2),
                Value::Array(items) if !items.is_empty() => self.sequence(items, indent + 2),
                other => {
                    self.scalar(other, indent);
                    self.out.push('\n');
                }
            }
        }
    }

    fn scalar(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Array(_) => self.out.push_str("[]"),
            Value::Object(_) => self.out.push_str("{}"),
            Value::String(text) if quoting(text) == Quoting::Literal => self.literal(text, indent),
            Value::String(text) => self.out.push_str(&inline(text)),
            other => {
                let _ = write!(self.out, "{other}");
            }
        }
    }

    /// Writes a literal block without its last line break, which the caller writes.
    fn literal(&mut self, text: &str, indent: usize) {
        let body = text.trim_end_matches('\n');
        let line_breaks = text.len() - body.len();
        self.out.push_str(match line_breaks {
            0 => "|-",
            1 => "|",
            _ => "|+",
        });
        for line in body.split('\n') {
            self.out.push('\n');
            if !line.is_empty() {
                self.indent(indent + 2);
                self.out.push_str(line);
            }
        }
        for _ in 1..line_breaks {
            self.out.push('\n');
        }
    }

    fn indent(&mut self, width: usize) {
        self.out.extend(std::iter::repeat_n(' ', width));
    }
}

/// A string on one line.
fn inline(text: &str) -> String {
    match quoting(text) {
        Quoting::Plain => text.to_owned(),
        Quoting::Single => format!("'{}'", text.replace('\'', "''")),
        Quoting::Double | Quoting::Literal => double_quoted(text),
    }
}

fn double_quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control()
                || matches!(
                    c,
                    '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
                ) =>
            {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
