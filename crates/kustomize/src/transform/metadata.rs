//! Labels and annotations.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::fieldspec::{Conflict, FieldSpec, Make, apply_all, merge};
use crate::kustomization::LabelSet;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::value::{Key, Link, Map, Scalar, Style, Tag, Value, wrong_kind};

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
    for resource in &mut map.list {
        for (key, text) in entries {
            set_entry(resource, key, text, specs)?;
        }
    }
    Ok(())
}

/// All new entries are one node, whose style is that of the entry which was there already and was set last.
fn set_entry(
    resource: &mut Resource,
    key: &str,
    text: &str,
    specs: &[FieldSpec],
) -> Result<(), String> {
    let mut entry = Entry {
        key,
        node: Scalar::new(text, Tag::Str, Style::PLAIN),
        link: resource.history.links.next(),
        is_new: false,
    };
    apply_all(specs, resource, Make::Mapping, &mut |node| match node {
        Value::Object(map) => {
            entry.set_in(map);
            Ok(())
        }
        other => Err(wrong_kind("MappingNode", other)),
    })?;
    if let (true, Some(link)) = (entry.is_new, entry.link) {
        let links = &mut resource.history.links;
        links.share(link, entry.node, &mut resource.value);
    }
    Ok(())
}

/// An entry on its way into the mappings of an object (`filtersutil.SetEntry`).
struct Entry<'e> {
    key: &'e str,
    node: Scalar,
    /// Of the places where the entry is new.
    link: Option<Link>,
    is_new: bool,
}

impl Entry<'_> {
    fn set_in(&mut self, map: &mut Map) {
        self.node.quote_if_needed();
        match map.get_mut(self.key) {
            Some(field) => {
                self.node.style = field.style();
                field.become_all(self.node.clone().into());
            }
            None => {
                self.is_new = true;
                let key = Key::untagged(self.key, Style::PLAIN);
                map.insert_with(key, self.node.clone().linked(self.link).into());
            }
        }
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
