//! Fields within a text that is JSON itself, such as a configuration in a ConfigMap.

use serde_json::Value;

use super::source::Copied;
use super::target::set_whole;
use crate::field_path::{Create, find, lookup};

/// Sets a field within a text on the way of the path; says whether there was such a text and field.
///
/// # Errors
/// When the text is YAML, which we cannot write again as upstream does.
pub(super) fn set(
    object: &mut Value,
    path: &[String],
    copied: &Copied,
    create: Option<Create>,
) -> Result<bool, String> {
    let Some((text_path, inner)) = text_on(object, path) else {
        return Ok(false);
    };
    let Some(text) = find(object, text_path, None)
        .ok()
        .and_then(|found| found.into_iter().next())
    else {
        return Ok(false);
    };
    let before = text.node.as_str().unwrap_or_default().to_owned();
    let Some(mut parsed) = parse(&before) else {
        return Ok(false);
    };
    match find(&mut parsed, inner, create) {
        Err(_) => return Ok(false),
        Ok(found) if found.is_empty() => return Ok(false),
        Ok(found) => found
            .into_iter()
            .try_for_each(|found| set_whole(found, copied))?,
    }
    if !before.trim_start().starts_with(['{', '[']) {
        return Err(format!(
            "not supported yet: a path into the YAML of `{}`",
            text_path.join(".")
        ));
    }
    *text.node = write(&parsed, before.contains('\n') && before.contains("  ")).into();
    Ok(true)
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

fn parse(text: &str) -> Option<Value> {
    let documents = towpath_yaml::parse_with("", text, towpath_yaml::Resolution::GoYaml3).ok()?;
    let value = documents.first()?.root.to_json();
    (value.is_object() || value.is_array()).then_some(value)
}

/// As Go's `encoding/json` writes it: keys sorted, `<`, `>` and `&` escaped.
fn write(value: &Value, pretty: bool) -> String {
    let mut value = value.clone();
    value.sort_all_objects();
    let text = match pretty {
        true => format!("{value:#}"),
        false => value.to_string(),
    };
    text.chars()
        .fold(String::with_capacity(text.len()), |mut out, c| {
            match c {
                '<' => out.push_str("\\u003c"),
                '>' => out.push_str("\\u003e"),
                '&' => out.push_str("\\u0026"),
                '\u{2028}' => out.push_str("\\u2028"),
                '\u{2029}' => out.push_str("\\u2029"),
                c => out.push(c),
            }
            out
        })
}
