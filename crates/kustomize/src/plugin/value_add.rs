//! `ValueAddTransformer`: puts one value into fields, or into paths of files that fields hold.

use smol_str::SmolStr;
use towpath_model::{Diagnostic, Location};

use crate::fieldspec::split_path;
use crate::kustomization::ValueTarget;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::selector::select;
use crate::value::{Map, Scalar, Value, set_scalar, wrong_kind};

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
    let Some(node) = make(&mut resource.value, &names)
        .map_err(|found| format!("field `{}`: {found}", target.field_path))?
    else {
        return Ok(());
    };
    let text = match usize::try_from(target.position) {
        Ok(position) if position > 0 => insert(node.text(), position - 1, value),
        _ => value.to_owned(),
    };
    set_scalar(node, Scalar::untagged(text))
}

/// The scalar at a path, made where it is missing. None behind a null, where upstream does nothing.
fn make<'v>(node: &'v mut Value, names: &[SmolStr]) -> Result<Option<&'v mut Value>, String> {
    let Some((name, rest)) = names.split_first() else {
        return match node.is_scalar() {
            true => Ok(Some(node)),
            false => Err(wrong_kind("ScalarNode", node)),
        };
    };
    if node.is_null() {
        return Ok(None);
    }
    let problem = wrong_kind("MappingNode", node);
    let map = node.as_object_mut().ok_or(problem)?;
    if !map.contains_key(name) {
        let made = match rest {
            [] => Scalar::untagged("").into(),
            _ => Map::new().into(),
        };
        map.insert(name.clone(), made);
    }
    map.get_mut(name).map_or(Ok(None), |node| make(node, rest))
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
