//! `vars`: deprecated, replaced by replacements.

mod expand;

use std::collections::BTreeMap;

use towpath_model::Diagnostic;

use crate::field_path::{lookup, split};
use crate::fieldspec::{FieldSpec, Make};
use crate::kustomization::At;
use crate::resid::ResId;
use crate::resmap::ResMap;
use crate::value::{Scalar, Value};
use expand::{Meant, expand};

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
            let applied = field.apply(resource, Make::Nothing, &mut |node| set(node, &values));
            applied.map_err(|problem| Diagnostic::new(first.at.clone(), problem))?;
        }
    }
    Ok(())
}

/// The value of a var, in the object that was marked for it.
fn value(map: &ResMap, var: &At<Var>) -> Result<Meant, Diagnostic> {
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
    let found = lookup(&resource.value, &path).ok().flatten();
    match found.and_then(Meant::of) {
        Some(meant) => Ok(meant),
        None => Err(wrong(format!(
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
fn set(node: &mut Value, values: &BTreeMap<&str, Meant>) -> Result<(), String> {
    match node {
        Value::Scalar(scalar) => expand_in(scalar, values),
        Value::Object(map) => {
            let scalars = map.values_mut().filter_map(Value::as_scalar_mut);
            scalars.for_each(|scalar| expand_in(scalar, values));
        }
        Value::Array(list) => {
            for item in &mut list.items {
                match item {
                    Value::Scalar(scalar) if scalar.is_string() => expand_in(scalar, values),
                    _ => return Err("invalid value type expect a string".to_owned()),
                }
            }
        }
    }
    Ok(())
}

/// What has no tag counts as a string, and is one then.
fn expand_in(scalar: &mut Scalar, values: &BTreeMap<&str, Meant>) {
    if scalar.is_string() {
        let mut expanded = expand(scalar.text(), values).linked(scalar.link);
        expanded.comments = std::mem::take(&mut scalar.comments);
        *scalar = expanded;
    }
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
