//! Which fields hold names, labels, images and so on: upstream's defaults, and those of `configurations`.

mod read;

use std::sync::{Arc, LazyLock};

use towpath_model::Diagnostics;

use crate::fieldspec::{FieldSpec, merge};
use crate::resid::Gvk;
use crate::transform::kind_order;

pub(crate) use crate::fieldspec::Conflict;
pub(crate) use read::{field_specs, gvk, read};

/// One list for each transformation (upstream's `TransformerConfig`).
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Config {
    pub(crate) name_prefix: Vec<FieldSpec>,
    pub(crate) name_suffix: Vec<FieldSpec>,
    pub(crate) namespace: Vec<FieldSpec>,
    pub(crate) common_labels: Vec<FieldSpec>,
    pub(crate) labels: Vec<FieldSpec>,
    pub(crate) template_labels: Vec<FieldSpec>,
    pub(crate) common_annotations: Vec<FieldSpec>,
    pub(crate) name_reference: Vec<NameReference>,
    pub(crate) var_reference: Vec<FieldSpec>,
    pub(crate) images: Vec<FieldSpec>,
    pub(crate) replicas: Vec<FieldSpec>,
}

/// The fields that hold names of objects of one type.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct NameReference {
    pub(crate) target: Gvk,
    pub(crate) referrers: Vec<FieldSpec>,
}

static DEFAULTS: LazyLock<Result<Arc<Config>, Diagnostics>> = LazyLock::new(|| {
    let mut config = read("defaults.yaml", include_str!("defaults.yaml"))?;
    config.sort();
    Ok(Arc::new(config))
});

impl Config {
    /// Those of upstream's release.
    pub(crate) fn defaults() -> Arc<Self> {
        match &*DEFAULTS {
            Ok(defaults) => defaults.clone(),
            // Not reachable: a test reads them.
            Err(_) => Arc::default(),
        }
    }

    /// Adds what is not there yet, and sorts all lists as upstream does.
    ///
    /// # Errors
    /// When a field is there with another `create`.
    pub(crate) fn merge(&mut self, other: &Config) -> Result<(), Conflict> {
        merge(&mut self.name_prefix, &other.name_prefix)?;
        merge(&mut self.name_suffix, &other.name_suffix)?;
        merge(&mut self.namespace, &other.namespace)?;
        merge(&mut self.common_annotations, &other.common_annotations)?;
        merge(&mut self.common_labels, &other.common_labels)?;
        merge(&mut self.labels, &other.labels)?;
        merge(&mut self.template_labels, &other.template_labels)?;
        merge(&mut self.var_reference, &other.var_reference)?;
        for reference in &other.name_reference {
            self.merge_reference(reference)?;
        }
        merge(&mut self.images, &other.images)?;
        merge(&mut self.replicas, &other.replicas)?;
        self.sort();
        Ok(())
    }

    fn merge_reference(&mut self, added: &NameReference) -> Result<(), Conflict> {
        let mut references = self.name_reference.iter_mut();
        match references.find(|reference| reference.target == added.target) {
            Some(reference) => merge(&mut reference.referrers, &added.referrers),
            None => {
                self.name_reference.push(added.clone());
                Ok(())
            }
        }
    }

    fn sort(&mut self) {
        let lists = [
            &mut self.name_prefix,
            &mut self.name_suffix,
            &mut self.namespace,
            &mut self.common_labels,
            &mut self.labels,
            &mut self.template_labels,
            &mut self.common_annotations,
            &mut self.var_reference,
            &mut self.images,
            &mut self.replicas,
        ];
        for list in lists {
            list.sort_by_cached_key(|spec| kind_order::key(&spec.gvk));
        }
        self.name_reference
            .sort_by_cached_key(|reference| kind_order::key(&reference.target));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_read() {
        let defaults = DEFAULTS.as_ref().expect("readable defaults");
        assert!(defaults.name_reference.len() > 10 && defaults.images.len() > 3);
        let mut twice = Config::clone(defaults);
        twice.merge(defaults).expect("no conflict with itself");
        assert_eq!(twice.name_reference.len(), defaults.name_reference.len());
    }
}
