//! `ValueAddTransformer`: puts one value into fields, or into paths of files that fields hold.

use smol_str::SmolStr;
use towpath_model::{Diagnostic, Location};

use crate::fieldspec::split_path;
use crate::kustomization::ValueTarget;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::scalar;
use crate::selector::select;
use crate::value::{Map, Value};

/// # Errors
/// When a field is no scalar, or when a path leads through one.
pub(super) fn apply(
    map: &mut ResMap,
    value: &str,
    target: &ValueTarget,
    at: &Location,
) -> Result<(), Diagnostic> {
    let selected = match &target.selector {
        Some(selector) => select(map, selector, at)?,
        None => (0..map.list.len()).collect(),
    };
    for index in selected {
        let resource = &mut map.list[index];
        let added = match target.field_path.as_str() {
            "metadata/namespace" => {
                if !resource.current_id().is_cluster_scoped() {
                    resource.set_namespace(value);
                }
                Ok(())
            }
            _ => add(resource, value, target),
        };
        added.map_err(|problem| Diagnostic::new(at.clone(), problem))?;
    }
    Ok(())
}

fn add(resource: &mut Resource, value: &str, target: &ValueTarget) -> Result<(), String> {
    let names = split_path(&target.field_path);
    let node = make(&mut resource.value, &names)
        .ok_or_else(|| format!("field `{}` is no scalar", target.field_path))?;
    let before = scalar::text(node).into_owned();
    let text = match usize::try_from(target.position) {
        Ok(position) if position > 0 => insert(&before, position - 1, value),
        _ => value.to_owned(),
    };
    *node = match node {
        Value::String(_) => text.into(),
        _ => scalar::resolve(&text),
    };
    Ok(())
}

/// The scalar at a path, made where it is missing.
fn make<'v>(node: &'v mut Value, names: &[SmolStr]) -> Option<&'v mut Value> {
    let Some((name, rest)) = names.split_first() else {
        return Some(node).filter(|node| !node.is_object() && !node.is_array());
    };
    if node.is_null() {
        *node = Value::Object(Map::new());
    }
    let map = node.as_object_mut()?;
    make(map.get_or_insert(name), rest)
}

/// Inserts a name into a path; an absolute one stays so.
fn insert(path: &str, position: usize, name: &str) -> String {
    let absolute = path.starts_with('/');
    let mut names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
    names.insert(position.min(names.len()), name);
    let joined = names.join("/");
    if absolute {
        format!("/{joined}")
    } else {
        joined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_inserted_into_paths() {
        for (path, position, expect) in [
            ("", 0, "P"),
            ("/", 0, "/P"),
            ("pie", 0, "P/pie"),
            ("/pie", 0, "/P/pie"),
            ("raw", 1, "raw/P"),
            ("/a/nice/warm/pie", 3, "/a/nice/warm/P/pie"),
            ("a", 9999, "a/P"),
        ] {
            assert_eq!(insert(path, position, "P"), expect, "{path}");
        }
    }
}
