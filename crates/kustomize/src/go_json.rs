use std::fmt::Write as _;

use serde_json::{Number, Value};

/// JSON as Go's `encoding/json` writes it: keys sorted by their bytes, and `<`, `>` and `&` escaped.
pub(crate) fn marshal(value: &Value) -> String {
    let mut out = String::new();
    write(value, None, &mut out);
    out
}

/// The same over many lines, two spaces a level.
pub(crate) fn marshal_indented(value: &Value) -> String {
    let mut out = String::new();
    write(value, Some(0), &mut out);
    out
}

fn write(value: &Value, level: Option<usize>, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_bytes());
            let colon = if level.is_some() { ": " } else { ":" };
            join(
                out,
                level,
                ('{', '}'),
                entries,
                |(key, value), level, out| {
                    string(key, out);
                    out.push_str(colon);
                    write(value, level, out);
                },
            );
        }
        Value::Array(items) => join(out, level, ('[', ']'), items, write),
        Value::String(text) => string(text, out),
        Value::Number(value) => out.push_str(&number(value)),
        other => {
            // Writing to a String does not fail.
            let _ = write!(out, "{other}");
        }
    }
}

/// A number as it stands in JSON.
pub(crate) fn number(number: &Number) -> String {
    match number.as_f64().filter(|_| number.is_f64()) {
        Some(value) => float(value),
        None => number.to_string(),
    }
}

fn join<T>(
    out: &mut String,
    level: Option<usize>,
    (open, close): (char, char),
    items: impl IntoIterator<Item = T>,
    write: impl Fn(T, Option<usize>, &mut String),
) {
    let deeper = level.map(|level| level + 1);
    let mut is_empty = true;
    out.push(open);
    for item in items {
        if !is_empty {
            out.push(',');
        }
        is_empty = false;
        new_line(deeper, out);
        write(item, deeper, out);
    }
    if !is_empty {
        new_line(level, out);
    }
    out.push(close);
}

fn new_line(level: Option<usize>, out: &mut String) {
    if let Some(level) = level {
        out.push('\n');
        out.push_str(&"  ".repeat(level));
    }
}

/// Whole where it can be, with an exponent below 1e-6 and from 1e21 on.
fn float(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return value.to_string();
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((mantissa, power)) if !power.starts_with('-') => format!("{mantissa}e+{power}"),
        _ => text,
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..'\u{20}' => {
                // Writing to a String does not fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn floats_are_written_as_go_writes_them() {
        let cases = [
            (1.0, "1"),
            (1.5, "1.5"),
            (-2e3, "-2000"),
            (0.000_001, "0.000001"),
            (1e-7, "1e-7"),
            (1e20, "100000000000000000000"),
            (1.5e30, "1.5e+30"),
        ];
        for (value, text) in cases {
            assert_eq!(super::float(value), text);
        }
    }

    #[test]
    fn indented_json_leaves_what_is_empty_in_one_line() {
        let json = super::marshal_indented(&json!({"b": [], "a": [1.0, {"c": {}}]}));
        let expect = "{\n  \"a\": [\n    1,\n    {\n      \"c\": {}\n    }\n  ],\n  \"b\": []\n}";
        assert_eq!(json, expect);
    }

    #[test]
    fn markup_is_escaped_and_keys_are_sorted() {
        let json = super::marshal(&json!({"b": "<a>&\n", "a": [1, null, true]}));
        assert_eq!(json, r#"{"a":[1,null,true],"b":"\u003ca\u003e\u0026\n"}"#);
    }
}
