//! Labels and annotations.

use std::collections::{BTreeMap, BTreeSet};

use towpath_yaml::{Resolution, is_string};

use crate::config::Config;
use crate::fieldspec::{Conflict, FieldSpec, Make, apply_all, merge};
use crate::kustomization::LabelSet;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::shared::{Place, places};
use crate::value::Value;
use crate::written::Path;

/// Sets entries of the mappings that the specs lead to (upstream's `LabelTransformer` and
/// `AnnotationsTransformer`).
///
/// # Errors
/// When a spec leads to something that is no mapping.
pub(crate) fn set_entries(
    map: &mut ResMap,
    entries: &BTreeMap<String, String>,
    specs: &[FieldSpec],
) -> Result<(), String> {
    if entries.is_empty() {
        return Ok(());
    }
    check_keys(entries)?;
    let mut set = |node: &mut Value| {
        let Some(map) = node.as_object_mut() else {
            return Err("wrong node kind: expected a mapping".to_owned());
        };
        let entries = entries.iter();
        map.extend(entries.map(|(key, text)| (key.into(), Value::from(text.as_str()))));
        Ok(())
    };
    for resource in &mut map.list {
        keep_quotes(resource, specs, entries);
        let before = all_places(resource, specs, entries);
        apply_all(specs, resource, Make::Mapping, &mut set)?;
        let after = all_places(resource, specs, entries);
        for ((text, before), (_, after)) in before.into_iter().zip(after) {
            let created = after.difference(&before).cloned().collect();
            resource.history.shared.add(text, created);
        }
    }
    Ok(())
}

/// An entry in quotes that gets another text keeps them; a new one gets them where YAML 1.1 needs them.
fn keep_quotes(resource: &mut Resource, specs: &[FieldSpec], entries: &BTreeMap<String, String>) {
    for spec in specs {
        let mut names = spec.names().iter();
        let node = names.try_fold(&resource.value, |node, name| node.get(name));
        let map = node.and_then(Value::as_object);
        for (key, new) in entries {
            let path: Path = spec.names().iter().cloned().chain([key.into()]).collect();
            let written = &mut resource.history.written;
            match map.and_then(|map| map.get(key)) {
                Some(Value::String(old)) => written.changed(&path, old, new),
                Some(_) => {}
                None => written.set_field(path, new),
            }
        }
    }
}

/// Of each entry the text that it is set to and where it stands.
fn all_places<'e>(
    resource: &Resource,
    specs: &[FieldSpec],
    entries: &'e BTreeMap<String, String>,
) -> Vec<(&'e str, BTreeSet<Place>)> {
    let entries = entries.iter();
    entries
        .map(|(key, text)| (text.as_str(), places(resource, specs, key)))
        .collect()
}

/// Upstream writes keys without quotes.
fn check_keys(entries: &BTreeMap<String, String>) -> Result<(), String> {
    let mut keys = entries.keys();
    match keys.find(|key| !is_string(key, Resolution::GoYaml3)) {
        Some(key) => Err(format!("key `{key}` would not be a string")),
        None => Ok(()),
    }
}

/// The fields that one item of `labels` sets.
///
/// # Errors
/// When the item's own specs contradict the configured ones.
pub(crate) fn label_specs(set: &LabelSet, config: &Config) -> Result<Vec<FieldSpec>, Conflict> {
    let mut specs = set.fields.clone();
    merge(&mut specs, &config.labels)?;
    if set.include_selectors {
        merge(&mut specs, &config.common_labels)?;
        return Ok(specs);
    }
    if set.include_templates {
        merge(&mut specs, &config.template_labels)?;
    }
    merge(&mut specs, &[FieldSpec::any("metadata/labels", true)])?;
    Ok(specs)
}
