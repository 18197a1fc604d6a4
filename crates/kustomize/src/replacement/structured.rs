//! Fields within a text that is JSON or YAML itself, such as a configuration in a ConfigMap.

use std::fmt::Display;

use towpath_yaml::{Resolution, document_to_yaml, parse_with};

use super::keys;
use super::source::Copied;
use super::yaml_text;
use crate::field_path::{Create, find, lookup};
use crate::go_json;
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
    copied: &Copied<'_>,
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

/// The text with the fields of a path set; none where there is no such field. Upstream changes it as YAML, and
/// reads that as JSON.
fn set_in_json(
    text: &str,
    path: &[String],
    copied: &Copied<'_>,
    create: Option<Create>,
) -> Result<Option<String>, String> {
    let Some(changed) = yaml_text::changed(text, path, copied, create)? else {
        return Ok(None);
    };
    if let Some(problem) = keys::problem(&changed.document.root) {
        return Err(unreadable(problem));
    }
    let value = read(&document_to_yaml(&changed.document))?;
    let is_indented = text.contains('\n') && text.contains("  ");
    Ok(Some(match is_indented {
        true => go_json::marshal_indented(&value),
        false => go_json::marshal(&value),
    }))
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

fn unreadable(problem: impl Display) -> String {
    format!("what a replacement makes of a text of JSON: {problem}")
}

fn read(yaml: &str) -> Result<Value, String> {
    let documents = parse_with("", yaml, Resolution::GoYaml3);
    let value = documents.and_then(|documents| match documents.first() {
        Some(document) => object_value("", &document.root),
        None => Ok(Value::Null),
    });
    value.map_err(unreadable)
}
