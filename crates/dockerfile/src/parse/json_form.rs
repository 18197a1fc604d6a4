use serde_json::Value;

/// What stands where an instruction takes `["a", "b"]` or plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json(Vec<String>),
    Plain {
        /// It begins with `[`, but is no JSON: probably meant as exec form.
        looks_like_json: bool,
    },
    /// JSON, but not what Docker takes.
    Wrong(&'static str),
}

/// Tells the exec form from the shell form as Docker does: what is not JSON is shell.
pub(crate) fn form(text: &str) -> Form {
    if !text.starts_with('[') {
        return Form::Plain {
            looks_like_json: false,
        };
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let Some(Ok(Value::Array(items))) = values.next() else {
        return Form::Plain {
            looks_like_json: text.ends_with(']') && !text.starts_with("[ "),
        };
    };
    if !text[values.byte_offset()..].trim().is_empty() {
        return Form::Wrong("there is text after the `]`");
    }
    match items.into_iter().map(string).collect() {
        Some(strings) => Form::Json(strings),
        None => Form::Wrong("every element must be a string in double quotes"),
    }
}

fn string(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_exec_from_shell_form() {
        let json = |items: &[&str]| Form::Json(items.iter().map(|s| (*s).to_owned()).collect());
        let plain = |looks_like_json| Form::Plain { looks_like_json };
        let cases = [
            ("echo a", plain(false)),
            (r#"["a", "b c"]"#, json(&["a", "b c"])),
            (r#"[ "a" ]"#, json(&["a"])),
            ("[]", json(&[])),
            ("['a', 'b']", plain(true)),
            (r#"["a", ]"#, plain(true)),
            ("[ -f a ] && b", plain(false)),
            ("[ -f a ]", plain(false)),
            (
                "[1]",
                Form::Wrong("every element must be a string in double quotes"),
            ),
            (r#"["a"] b"#, Form::Wrong("there is text after the `]`")),
        ];
        for (text, expected) in cases {
            assert_eq!(form(text), expected, "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_no_danger() {
        assert_eq!(
            form(&"[".repeat(100_000)),
            Form::Plain {
                looks_like_json: false
            }
        );
    }
}
