use std::fmt::Write as _;

use crate::value::Value;

/// JSON as Go's `encoding/json` writes it: keys sorted by their bytes, and `<`, `>` and `&` escaped.
pub(crate) fn marshal(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_bytes());
            join(out, '{', '}', entries, |(key, value), out| {
                string(key, out);
                out.push(':');
                write(value, out);
            });
        }
        Value::Array(items) => join(out, '[', ']', items, write),
        Value::String(text) => string(text, out),
        other => {
            // Writing to a String does not fail.
            let _ = write!(out, "{other}");
        }
    }
}

fn join<T>(
    out: &mut String,
    open: char,
    close: char,
    items: impl IntoIterator<Item = T>,
    write: impl Fn(T, &mut String),
) {
    out.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(close);
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
    use crate::value::json;

    #[test]
    fn markup_is_escaped_and_keys_are_sorted() {
        let json = super::marshal(&json!({"b": "<a>&\n", "a": [1, null, true]}));
        assert_eq!(json, r#"{"a":[1,null,true],"b":"\u003ca\u003e\u0026\n"}"#);
    }
}
