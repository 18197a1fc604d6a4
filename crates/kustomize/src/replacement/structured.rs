//! Fields within a text that is JSON or YAML itself, such as a configuration in a ConfigMap.

use super::source::Copied;
use super::target::set_whole;
use super::yaml_text;
use crate::field_path::{Create, find, lookup};
use crate::object_value::object_value;
use crate::value::Value;
use crate::written::Written;

/// Sets a field within a text on the way of the path; says whether there was such a text and field.
///
/// # Errors
/// When we cannot write the text again as upstream does.
pub(super) fn set(
    object: &mut Value,
    path: &[String],
    copied: &Copied,
    create: Option<Create>,
) -> Result<bool, String> {
    let Some((text_path, inner)) = text_on(object, path) else {
        return Ok(false);
    };
    let Some(text) = find(object, text_path, None, &Written::default())
        .ok()
        .and_then(|found| found.nodes.into_iter().next())
    else {
        return Ok(false);
    };
    let before = text.node.as_str().unwrap_or_default().to_owned();
    let changed = match before.trim_start().starts_with(['{', '[']) {
        true => set_in_json(&before, inner, copied, create),
        false => yaml_text::set(&before, inner, copied, create),
    };
    let changed = changed.map_err(|problem| format!("{problem}, in `{}`", text_path.join(".")))?;
    let has_changed = changed.is_some();
    if let Some(changed) = changed {
        *text.node = changed.into();
    }
    Ok(has_changed)
}

/// The text with the fields of a path set; none where there is no such field.
fn set_in_json(
    text: &str,
    path: &[String],
    copied: &Copied,
    create: Option<Create>,
) -> Result<Option<String>, String> {
    let Some((mut parsed, mut written)) = parse(text) else {
        return Ok(None);
    };
    match find(&mut parsed, path, create, &written) {
        Err(_) => return Ok(None),
        Ok(found) if found.is_empty() => return Ok(None),
        Ok(found) => found
            .nodes
            .into_iter()
            .try_for_each(|found| set_whole(found, copied, &mut written))?,
    }
    write(parsed, text.contains('\n') && text.contains("  ")).map(Some)
}

/// The first scalar on the way, and the path behind it.
fn text_on<'p>(object: &Value, path: &'p [String]) -> Option<(&'p [String], &'p [String])> {
    (1..path.len())
        .map(|end| path.split_at(end))
        .find(|(start, _)| {
            let found = lookup(object, start).ok().flatten();
            found.is_some_and(Value::is_string)
        })
}

fn parse(text: &str) -> Option<(Value, Written)> {
    let documents = towpath_yaml::parse_with("", text, towpath_yaml::Resolution::GoYaml3).ok()?;
    let root = &documents.first()?.root;
    let value = object_value("", root).ok()?;
    (value.is_object() || value.is_array()).then(|| (value, Written::of(root)))
}

/// As Go's `encoding/json` writes it: keys sorted, `<`, `>` and `&` escaped, whole floats as whole numbers.
///
/// # Errors
/// When a number is too big for us to write as Go does.
fn write(mut value: Value, pretty: bool) -> Result<String, String> {
    whole_numbers(&mut value)?;
    let value = serde_json::Value::from(value);
    let text = match pretty {
        true => format!("{value:#}"),
        false => value.to_string(),
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    Ok(out)
}

fn whole_numbers(value: &mut Value) -> Result<(), String> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(whole_numbers),
        Value::Object(map) => map.values_mut().try_for_each(whole_numbers),
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or_default();
            if float.abs() >= TOO_BIG {
                return Err(format!(
                    "not supported yet: the number {float:e} in a text of JSON"
                ));
            }
            if float.fract() == 0.0 {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "it is whole and small enough"
                )]
                let whole = float as i64;
                *value = whole.into();
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// 2^63: whole numbers from here on are no 64-bit integers.
const TOO_BIG: f64 = 9_223_372_036_854_775_808.0;

#[cfg(test)]
mod tests {
    use crate::value::json;

    use super::*;

    #[test]
    fn json_is_written_as_go_writes_it() {
        let value = json!({"z": "<&>", "a": [1.0, 1.5, -2, []]});
        assert_eq!(
            write(value.clone(), false),
            Ok(r#"{"a":[1,1.5,-2,[]],"z":"\u003c\u0026\u003e"}"#.to_owned())
        );
        let pretty = "{\n  \"a\": [\n    1,\n    1.5,\n    -2,\n    []\n  ],\n  \"z\": \"\\u003c\\u0026\\u003e\"\n}";
        assert_eq!(write(value, true), Ok(pretty.to_owned()));
        assert!(write(json!(1e30), false).is_err());
    }
}
