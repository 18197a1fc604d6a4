//! What is done once, when all objects are there.

use std::collections::BTreeMap;

use towpath_model::Diagnostics;

use super::accumulate::Accumulated;
use super::origin::list_to_yaml;
use super::target::Target;
use crate::fieldspec::FieldSpec;
use crate::kustomization::{BuildMetadata, SortOptions};
use crate::options::{Options, Reorder};
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::transform::{hash, metadata, name_reference, sort};
use crate::value::{Scalar, Value};
use crate::vars;

const LOCAL_CONFIG: &str = "config.kubernetes.io/local-config";
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const ORIGIN: &str = "config.kubernetes.io/origin";
const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";

/// The release whose output this is.
const VERSION: &str = "v5.8.1";

pub(super) fn finish(
    target: &Target<'_>,
    all: Accumulated,
    options: &Options,
) -> Result<ResMap, Diagnostics> {
    let mut map = all.map;
    let config = all.config.unwrap_or_default();
    // A patch may have given an object the name of another. Upstream crashes here.
    map.check_unique()
        .map_err(|taken| target.problem("patches", taken.message()))?;
    hash::add_hashes(&mut map).map_err(|problem| target.problem("resources", problem))?;
    name_reference::fix(&mut map, &config.name_reference)
        .map_err(|problem| target.problem_of(problem.at.as_deref(), problem.message))?;
    vars::resolve(&mut map, &all.vars, &config.var_reference)?;
    map.settle();
    if let Some(lacking) = map.list.iter().find(|resource| lacks_identity(resource)) {
        let message = format!(
            "missing kind or metadata.name in an object after all changes: {}",
            lacking.current_id()
        );
        return Err(target.problem_of(lacking.at.as_deref(), message).into());
    }
    map.list.retain(|resource| !is_local(resource));
    order(target, &mut map, options);
    if options.managed_by_label || target.metadata.managed_by_label {
        label(&mut map).map_err(|problem| target.problem("buildMetadata", problem))?;
    }
    for resource in &mut map.list {
        annotate(resource, target.metadata);
    }
    Ok(map)
}

/// A JSON patch can take the name away.
fn lacks_identity(resource: &Resource) -> bool {
    let is_list = resource.kind().ends_with("List");
    resource.kind().is_empty() || (resource.name().is_empty() && !is_list)
}

/// Objects that are only for tools are no output.
fn is_local(resource: &Resource) -> bool {
    let annotations = resource.metadata_map("annotations");
    let local = annotations.and_then(|annotations| annotations.get(LOCAL_CONFIG));
    local.is_some_and(|value| value.text() != "false")
}

fn order(target: &Target<'_>, map: &mut ResMap, options: &Options) {
    match (&target.kustomization.sort, options.reorder) {
        (Some(SortOptions::Legacy(order)), _) => sort::sort_legacy(map, order.as_ref()),
        (None, Reorder::Legacy) => sort::sort_legacy(map, None),
        (Some(SortOptions::Fifo), _) | (None, Reorder::None) => {}
    }
}

fn label(map: &mut ResMap) -> Result<(), String> {
    let value = format!("kustomize-{VERSION}");
    let labels = BTreeMap::from([(MANAGED_BY.to_owned(), value)]);
    metadata::set_entries(map, &labels, &[FieldSpec::any("metadata/labels", true)])
}

/// Adds what is wanted to know of the object's way.
fn annotate(resource: &mut Resource, wanted: BuildMetadata) {
    let origin = resource.origin.take();
    let origin = origin.filter(|_| wanted.origin_annotations);
    if let (Some(origin), Some(map)) = (origin, resource.metadata_map_mut("annotations")) {
        map.insert(ORIGIN, origin.to_yaml().into());
    }
    let transformations = std::mem::take(&mut resource.transformations);
    let noted = wanted.transformer_annotations && !transformations.is_empty();
    if let (true, Some(map)) = (noted, resource.metadata_map_mut("annotations")) {
        map.insert(TRANSFORMATIONS, list_to_yaml(&transformations).into());
    }
    annotations_as_strings(resource);
}

/// Upstream sets all annotations anew: they become strings, and an empty mapping goes.
fn annotations_as_strings(resource: &mut Resource) {
    let metadata = resource.value.get_mut("metadata");
    let Some(metadata) = metadata.and_then(Value::as_object_mut) else {
        return;
    };
    match metadata.get_mut("annotations") {
        Some(Value::Object(map)) if !map.is_empty() => {
            let texts = map.iter().map(|(key, value)| {
                let text = value.as_scalar().map(Scalar::smol_text);
                (key.clone(), text.cloned().unwrap_or_default().into())
            });
            *map = texts.collect();
        }
        Some(_) => {
            metadata.remove("annotations");
        }
        None => {}
    }
}
