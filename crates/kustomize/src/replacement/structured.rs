//! Fields within a text that is JSON or YAML itself, such as a configuration in a ConfigMap.

use std::fmt::Display;

use serde_json::Value as Json;
use towpath_yaml::{Resolution, document_to_yaml, parse_with};

use super::keys;
use super::source::Live;
use super::yaml_text;
use crate::field_path::{Create, lookup, lookup_mut};
use crate::go_json;
use crate::value::{Scalar, Value};

/// Sets a field within a text on the way of the path; says whether there was such a text and field.
///
/// # Errors
/// When we cannot write the text again as upstream does.
pub(super) fn set(
    object: &mut Value,
    path: &[String],
    live: &Live,
    create: Option<Create>,
) -> Result<bool, String> {
    let Some((text_path, inner)) = text_on(object, path) else {
        return Ok(false);
    };
    let text = lookup_mut(object, text_path)?.and_then(Value::as_scalar_mut);
    let changed = text.map(|text| set_in(text, inner, live, create));
    let changed = changed.unwrap_or(Ok(false));
    changed.map_err(|problem| format!("{problem}, in `{}`", text_path.join(".")))
}

fn set_in(
    scalar: &mut Scalar,
    path: &[String],
    live: &Live,
    create: Option<Create>,
) -> Result<bool, String> {
    let text = scalar.text();
    if scalar.is_null() {
        // What is made in a null is not written, and nothing else is looked for.
        return Ok(yaml_text::changed(text, path, live, create)?.is_some());
    }
    let changed = match text.trim_start().starts_with(['{', '[']) {
        true => set_in_json(text, path, live, create),
        false => yaml_text::set(text, path, live, create),
    }?;
    let has_changed = changed.is_some();
    if let Some(changed) = changed {
        scalar.set_text(changed);
    }
    Ok(has_changed)
}

/// The text with the fields of a path set; none where there is no such field. Upstream changes it as YAML, and
/// reads that as JSON.
fn set_in_json(
    text: &str,
    path: &[String],
    live: &Live,
    create: Option<Create>,
) -> Result<Option<String>, String> {
    let Some(changed) = yaml_text::changed(text, path, live, create)? else {
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
            found.is_some_and(|found| !found.text().is_empty())
        })
}

fn unreadable(problem: impl Display) -> String {
    format!("what a replacement makes of a text of JSON: {problem}")
}

fn read(yaml: &str) -> Result<Json, String> {
    let documents = parse_with("", yaml, Resolution::GoYaml3).map_err(unreadable)?;
    let Some(document) = documents.first() else {
        return Ok(Json::Null);
    };
    let value = Value::read("", &document.root).map_err(unreadable)?;
    value.to_json().map_err(unreadable)
}
