use serde_json::{Map, Value};

use crate::scope::{GVK, type_of};

/// Checks an OpenAPI document of a kustomization's own as far as it is used. Nothing at all is one, too.
///
/// # Errors
/// When it is something else; the message says what and where.
pub(super) fn check(document: &Value) -> Result<(), String> {
    if !document.is_object() && !document.is_null() {
        return Err("expected an OpenAPI document, which is a mapping".to_owned());
    }
    for (name, definition) in entries(document, "definitions")? {
        let types = definition.get(GVK).and_then(Value::as_array);
        for kind in types.into_iter().flatten() {
            check_type(kind, &format!("definitions.{name}"))?;
        }
    }
    for (path, item) in entries(document, "paths")? {
        if let Some(kind) = item.get("get").and_then(|get| get.get(GVK)) {
            check_type(kind, &format!("paths.{path}.get"))?;
        }
    }
    Ok(())
}

fn entries<'d>(
    document: &'d Value,
    field: &str,
) -> Result<impl Iterator<Item = (&'d String, &'d Map<String, Value>)>, String> {
    let all = match document.get(field) {
        None | Some(Value::Null) => None,
        Some(Value::Object(all)) => Some(all),
        Some(_) => return Err(format!("`{field}`: expected a mapping")),
    };
    let all = all
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_null());
    let read = all.map(|(name, value)| match value.as_object() {
        Some(value) => Ok((name, value)),
        None => Err(format!("`{field}.{name}`: expected a mapping")),
    });
    Ok(read.collect::<Result<Vec<_>, _>>()?.into_iter())
}

fn check_type(kind: &Value, place: &str) -> Result<(), String> {
    match kind.is_object() && type_of(kind).is_none() {
        true => Err(format!(
            "`{place}.{GVK}`: `version` and `kind` are expected to be strings"
        )),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        for document in [
            json!(null),
            json!({"definitions": null, "paths": {"/a": {}, "/b": null}}),
        ] {
            assert_eq!(check(&document), Ok(()));
        }
        let nameless = json!({"version": "v1"});
        for (document, wrong) in [
            (
                json!([]),
                "expected an OpenAPI document, which is a mapping",
            ),
            (json!({"paths": []}), "`paths`: expected a mapping"),
            (
                json!({"definitions": {"a": 1}}),
                "`definitions.a`: expected a mapping",
            ),
            (
                json!({"definitions": {"a": {GVK: [nameless]}}}),
                "`definitions.a.x-kubernetes-group-version-kind`: `version` and `kind` are expected to be strings",
            ),
        ] {
            assert_eq!(check(&document), Err(wrong.to_owned()));
        }
    }
}
