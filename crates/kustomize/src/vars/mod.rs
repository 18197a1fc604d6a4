//! `vars`: deprecated, replaced by replacements.

mod expand;
mod made;

use std::collections::BTreeMap;

use towpath_model::Diagnostic;

use crate::field_path::{lookup, split};
use crate::fieldspec::{FieldSpec, Make};
use crate::kustomization::At;
use crate::resid::ResId;
use crate::resmap::ResMap;
use crate::value::Value;
use expand::expand;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Var {
    pub(crate) name: String,
    pub(crate) object: ResId,
    /// `metadata.name` where the file names none.
    pub(crate) field_path: String,
}

/// Marks the objects that the vars of one kustomization mean, and adds these to those that there are.
///
/// # Errors
/// When two vars have one name, or when one means several objects.
pub(crate) fn add(
    map: &mut ResMap,
    vars: &mut Vec<At<Var>>,
    added: &[At<Var>],
) -> Result<(), Diagnostic> {
    for var in added {
        let target = &var.value.object;
        let meant = map.by_any_id(&target.name, |id| {
            let namespace = &target.namespace;
            // Upstream lets no var with a namespace mean an object of the whole cluster.
            target.gvkn_equals(id)
                && (namespace.is_empty() || id.effective_namespace() == namespace)
        });
        match meant[..] {
            [] => {}
            [index] => map.list[index].history.vars.push(var.value.name.clone()),
            _ => {
                let (count, name) = (meant.len(), &var.value.name);
                let message =
                    format!("found {count} resId matches for var {name} (unable to disambiguate)");
                return Err(Diagnostic::new(var.at.clone(), message));
            }
        }
    }
    merge(vars, added.to_vec())
}

/// Adds the vars of a base to those that there are.
///
/// # Errors
/// When two vars have one name.
pub(crate) fn merge(vars: &mut Vec<At<Var>>, base: Vec<At<Var>>) -> Result<(), Diagnostic> {
    for var in base {
        let name = &var.value.name;
        if vars.iter().any(|have| have.value.name == *name) {
            let message = format!("var '{name}' already encountered");
            return Err(Diagnostic::new(var.at, message));
        }
        vars.push(var);
    }
    Ok(())
}

/// Replaces `$(NAME)` in the fields that `fields` names.
///
/// # Errors
/// When a var's object or field does not exist.
pub(crate) fn resolve(
    map: &mut ResMap,
    vars: &[At<Var>],
    fields: &[FieldSpec],
) -> Result<(), Diagnostic> {
    let mut values = BTreeMap::new();
    for var in vars {
        values.insert(var.value.name.as_str(), value(map, var)?);
    }
    let Some(first) = vars.first() else {
        return Ok(());
    };
    for resource in &mut map.list {
        for field in fields {
            made::as_strings(resource, field);
            let applied = field.apply(resource, Make::Nothing, &mut |node| set(node, &values));
            applied.map_err(|problem| Diagnostic::new(first.at.clone(), problem))?;
        }
    }
    Ok(())
}

/// The value of a var, in the object that was marked for it.
fn value(map: &ResMap, var: &At<Var>) -> Result<Value, Diagnostic> {
    let Var {
        name, field_path, ..
    } = &var.value;
    let wrong = |message: String| Diagnostic::new(var.at.clone(), message);
    let marked = map
        .list
        .iter()
        .find(|resource| resource.history.vars.contains(name));
    let resource = marked.ok_or_else(|| {
        wrong(format!(
            "var '{name}' cannot be mapped to a field in the set of known resources"
        ))
        .help("the group, version, kind and name of `objref` have to be those of one object")
    })?;
    let path: Vec<String> = split(field_path)
        .into_iter()
        .flat_map(without_index)
        .collect();
    match lookup(&resource.value, &path) {
        Ok(Some(value)) => Ok(value.clone()),
        _ => Err(wrong(format!(
            "field `{field_path}` specified in var '{name}' not found in corresponding resource"
        ))),
    }
}

/// `ports[0]` is `ports` and `0`.
fn without_index(part: String) -> Vec<String> {
    let split = part
        .strip_suffix(']')
        .and_then(|rest| rest.rsplit_once('['));
    match split {
        Some((name, index)) if !index.is_empty() && index.bytes().all(|b| b.is_ascii_digit()) => {
            let name = Some(name).filter(|name| !name.is_empty());
            name.into_iter().chain([index]).map(str::to_owned).collect()
        }
        _ => vec![part],
    }
}

/// In a string, in the strings of a mapping, or in those of a list, which may hold nothing else.
fn set(node: &mut Value, values: &BTreeMap<&str, Value>) -> Result<(), String> {
    match node {
        Value::String(text) => *node = expand(text, values),
        Value::Object(map) => {
            for value in map.values_mut() {
                if let Value::String(text) = value {
                    *value = expand(text, values);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                let Value::String(text) = item else {
                    return Err("invalid value type expect a string".to_owned());
                };
                *item = expand(text, values);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_may_stand_behind_names() {
        for (part, parts) in [
            ("a[0]", &["a", "0"][..]),
            ("[1]", &["1"]),
            ("a[b]", &["a[b]"]),
        ] {
            assert_eq!(without_index(part.to_owned()), parts);
        }
    }
}
