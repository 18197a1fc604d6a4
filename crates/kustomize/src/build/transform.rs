//! The transformations of one kustomization, in upstream's order.

use std::sync::Arc;

use towpath_model::Diagnostics;

use super::accumulate::{self, Accumulated};
use super::target::Target;
use crate::config::Config;
use crate::resmap::ResMap;
use crate::resource::Origin;
use crate::transform::names::{End, SetNamespace, affix};
use crate::transform::{images, metadata, replicas};
use crate::{patch, plugin, replacement};

pub(super) fn transform(target: &Target<'_>, all: &mut Accumulated) -> Result<(), Diagnostics> {
    let config = all.config.clone().unwrap_or_default();
    let mut steps = Steps {
        target,
        map: &mut all.map,
        config,
    };
    steps.first_patches()?;
    steps.names()?;
    steps.metadata()?;
    steps.json_patches()?;
    steps.values()?;
    let transformers = &target.kustomization.transformers;
    let at = target.kustomization.at("transformers");
    for transformer in accumulate::plugins(target, transformers)? {
        plugin::transform(steps.map, &transformer, &at, &target.loader)?;
        steps.note(Origin::of_plugin(&transformer));
    }
    Ok(())
}

struct Steps<'s> {
    target: &'s Target<'s>,
    map: &'s mut ResMap,
    config: Arc<Config>,
}

impl Steps<'_> {
    fn first_patches(&mut self) -> Result<(), Diagnostics> {
        let (kustomization, loader) = (&self.target.kustomization, &self.target.loader);
        let strategic = &kustomization.patches_strategic_merge;
        if !strategic.is_empty() {
            patch::apply_strategic(self.map, strategic, loader)?;
            self.done("PatchStrategicMergeTransformer");
        }
        for one in &kustomization.patches {
            patch::apply(self.map, std::slice::from_ref(one), loader)?;
            self.done("PatchTransformer");
        }
        Ok(())
    }

    fn names(&mut self) -> Result<(), Diagnostics> {
        let (kustomization, config) = (&self.target.kustomization, self.config.clone());
        if !kustomization.namespace.is_empty() {
            let set = SetNamespace {
                namespace: &kustomization.namespace,
                specs: &config.namespace,
                ..SetNamespace::default()
            };
            self.step("namespace", "NamespaceTransformer", |map| set.apply(map))?;
        }
        let (prefix, suffix) = (&kustomization.name_prefix, &kustomization.name_suffix);
        if !prefix.is_empty() {
            self.step("namePrefix", "PrefixTransformer", |map| {
                affix(map, End::Prefix, prefix, &config.name_prefix)
            })?;
        }
        if !suffix.is_empty() {
            self.step("nameSuffix", "SuffixTransformer", |map| {
                affix(map, End::Suffix, suffix, &config.name_suffix)
            })?;
        }
        Ok(())
    }

    fn metadata(&mut self) -> Result<(), Diagnostics> {
        let (kustomization, config) = (&self.target.kustomization, self.config.clone());
        for set in &kustomization.labels {
            self.step("labels", "LabelTransformer", |map| {
                let specs = metadata::label_specs(set, &config);
                let specs = specs.map_err(|_| "failed to merge labels: conflicting fieldspecs")?;
                metadata::set_entries(map, &set.pairs, &specs)
            })?;
        }
        let common = &kustomization.common_labels;
        if !kustomization.labels.is_empty() || !common.is_empty() {
            self.step("commonLabels", "LabelTransformer", |map| {
                metadata::set_entries(map, common, &config.common_labels)
            })?;
        }
        let annotations = &kustomization.common_annotations;
        if !annotations.is_empty() {
            self.step("commonAnnotations", "AnnotationsTransformer", |map| {
                metadata::set_entries(map, annotations, &config.common_annotations)
            })?;
        }
        Ok(())
    }

    fn json_patches(&mut self) -> Result<(), Diagnostics> {
        for one in &self.target.kustomization.patches_json6902 {
            patch::apply_json6902(self.map, std::slice::from_ref(one), &self.target.loader)?;
            self.done("PatchJson6902Transformer");
        }
        Ok(())
    }

    fn values(&mut self) -> Result<(), Diagnostics> {
        let (kustomization, config) = (&self.target.kustomization, self.config.clone());
        for replica in &kustomization.replicas {
            self.step("replicas", "ReplicaCountTransformer", |map| {
                replicas::set_replicas(map, &replica.value, &config.replicas)
            })?;
        }
        for image in &kustomization.images {
            self.step("images", "ImageTagTransformer", |map| {
                images::set_image(map, image, &config.images)
            })?;
        }
        if !kustomization.replacements.is_empty() {
            replacement::apply(self.map, &kustomization.replacements, &self.target.loader)?;
            self.done("ReplacementTransformer");
        }
        Ok(())
    }

    fn step(
        &mut self,
        field: &str,
        kind: &str,
        apply: impl FnOnce(&mut ResMap) -> Result<(), String>,
    ) -> Result<(), Diagnostics> {
        apply(self.map).map_err(|problem| self.target.problem(field, problem))?;
        self.done(kind);
        Ok(())
    }

    /// Notes the transformation with all objects and drops those that it has deleted.
    fn done(&mut self, kind: &str) {
        let origin = self.target.origin.as_ref();
        self.note(origin.map(|origin| origin.of_builtin(self.target.file_name, kind)));
    }

    fn note(&mut self, origin: Option<Origin>) {
        self.map.settle();
        if let Some(this) = origin {
            for resource in &mut self.map.list {
                resource.renew_annotations();
                match &resource.origin {
                    None => resource.origin = Some(this.clone()),
                    Some(_) => resource.transformations.push(this.clone()),
                }
            }
        }
        self.map.drop_empties();
    }
}
