//! Objects of a kustomization and of all that it names, each level transformed.

use std::sync::Arc;

use towpath_model::{Diagnostic, Diagnostics};

use super::target::Target;
use super::transform;
use crate::config::{self, Config};
use crate::crds;
use crate::generate;
use crate::kustomization::{At, Kind};
use crate::objects;
use crate::plugin;
use crate::resmap::ResMap;
use crate::resource::{Origin, Resource};
use crate::vars::{self, Var};

/// What has been gathered so far (upstream's `ResAccumulator`).
#[derive(Debug, Default)]
pub(super) struct Accumulated {
    pub(super) map: ResMap,
    /// None is the empty one.
    pub(super) config: Option<Arc<Config>>,
    pub(super) vars: Vec<At<Var>>,
}

impl Accumulated {
    fn merge_config(&mut self, added: Option<Arc<Config>>) -> Result<(), config::Conflict> {
        let Some(added) = added else {
            return Ok(());
        };
        match &mut self.config {
            None if Arc::ptr_eq(&added, &Config::defaults()) => self.config = Some(added),
            None => {
                // A spec of any type that comes behind one of a single type counts as there already.
                let mut merged = Config::default();
                merged.merge(&added)?;
                self.config = Some(Arc::new(merged));
            }
            Some(config) if Arc::ptr_eq(config, &added) => {}
            Some(config) => Arc::make_mut(config).merge(&added)?,
        }
        Ok(())
    }
}

pub(super) fn accumulate(target: &Target<'_>) -> Result<Accumulated, Diagnostics> {
    let mut accumulated = Accumulated::default();
    accumulate_into(target, &mut accumulated)?;
    Ok(accumulated)
}

/// A component changes what its parent has gathered; anything else begins anew.
fn accumulate_into(target: &Target<'_>, all: &mut Accumulated) -> Result<(), Diagnostics> {
    let kustomization = &target.kustomization;
    for path in &kustomization.resources {
        resource(target, path, all)?;
    }
    configure(target, all)?;
    generate_all(target, all)?;
    for path in &kustomization.components {
        let component = target.descend(path, Kind::Component)?;
        accumulate_into(&component, all)?;
    }
    if let Some(scopes) = target.loader.scopes() {
        all.map.know(scopes);
    }
    transform::transform(target, all)?;
    let at = kustomization.at("validators");
    for validator in plugins(target, &kustomization.validators)? {
        plugin::validate(&all.map, &validator, &at, &target.loader)?;
    }
    vars::add(&mut all.map, &mut all.vars, &kustomization.vars)?;
    Ok(())
}

/// A file with objects or a folder with a kustomization.
fn resource(
    target: &Target<'_>,
    path: &At<String>,
    all: &mut Accumulated,
) -> Result<(), Diagnostics> {
    if is_remote(&path.value) && target.loader.remote(&path.value).is_none() {
        let message = format!("the remote resource `{}` was not fetched", path.value);
        return Err(Diagnostic::new(path.at.clone(), message).into());
    }
    if !target.loader.is_folder(&path.value) || path.value.is_empty() {
        let read = file(target, path)?;
        return append(&mut all.map, read, path);
    }
    let base = target.descend(path, Kind::Kustomization)?;
    let base_all = accumulate(&base)?;
    append(&mut all.map, base_all.map.list, path)?;
    all.merge_config(base_all.config)
        .map_err(|_| conflict(path))?;
    vars::merge(&mut all.vars, base_all.vars)?;
    Ok(())
}

/// The objects of a field of plugins: those that stand in the field itself, then those of files and folders.
pub(super) fn plugins(
    target: &Target<'_>,
    fields: &[At<String>],
) -> Result<Vec<Resource>, Diagnostics> {
    let mut gathered = Accumulated::default();
    let mut paths = Vec::new();
    let origin = target.origin.as_ref();
    let origin = origin.map(|origin| origin.append(target.file_name));
    for field in fields {
        match objects::read(&format!("{}: plugin", field.at), &field.value) {
            Ok(mut inline) => {
                for plugin in &mut inline {
                    target.loader.note_type(plugin);
                    plugin.origin.clone_from(&origin);
                }
                append(&mut gathered.map, inline, field)?;
            }
            Err(problem) if field.value.contains('\n') => return Err(problem.into()),
            Err(_) => paths.push(field),
        }
    }
    for path in paths {
        resource(target, path, &mut gathered)?;
    }
    Ok(gathered.map.list)
}

/// URLs, and what git takes for one.
fn is_remote(path: &str) -> bool {
    path.contains("://") || path.starts_with("git@") || path.starts_with("github.com/")
}

fn file(target: &Target<'_>, path: &At<String>) -> Result<Vec<Resource>, Diagnostics> {
    let read = target.loader.load_objects(&path.value, &path.at)?;
    let origin = target.origin_of(&path.value);
    let resources = read.into_iter().map(|mut resource| {
        target.loader.note_type(&resource);
        resource.scopes = target.loader.scopes().cloned();
        if origin.is_some() {
            resource.note();
            resource.origin.clone_from(&origin);
        }
        resource
    });
    Ok(resources.collect())
}

fn append(map: &mut ResMap, added: Vec<Resource>, path: &At<String>) -> Result<(), Diagnostics> {
    map.append_all(added)
        .map_err(|taken| Diagnostic::new(path.at.clone(), taken.message()).into())
}

fn conflict(path: &At<String>) -> Diagnostic {
    let message = format!("`{}`: conflicting fieldspecs", path.value);
    Diagnostic::new(path.at.clone(), message)
}

/// Adds the defaults, the files of `configurations` and what the CRDs say.
fn configure(target: &Target<'_>, all: &mut Accumulated) -> Result<(), Diagnostics> {
    let kustomization = &target.kustomization;
    let mut configured = Config::defaults();
    for path in &kustomization.configurations {
        let text = target.loader.load_text(&path.value, &path.at)?;
        let read = config::read(&target.loader.path_of(&path.value), text)?;
        Arc::make_mut(&mut configured)
            .merge(&read)
            .map_err(|_| conflict(path))?;
    }
    all.merge_config(Some(configured))
        .map_err(|_| target.problem("configurations", "conflicting fieldspecs"))?;
    let crds = crds::load(&kustomization.crds, &target.loader)?;
    if crds != Config::default() {
        all.merge_config(Some(Arc::new(crds)))
            .map_err(|_| target.problem("crds", "conflicting fieldspecs"))?;
    }
    Ok(())
}

fn generate_all(target: &Target<'_>, all: &mut Accumulated) -> Result<(), Diagnostics> {
    let (kustomization, loader) = (&target.kustomization, &target.loader);
    let options = &kustomization.generator_options;
    for args in &kustomization.config_maps {
        let made = generate::config_map(args, options, loader)?;
        absorb(
            target,
            all,
            made,
            "ConfigMapGenerator",
            "configMapGenerator",
        )?;
    }
    for args in &kustomization.secrets {
        let made = generate::secret(args, options, loader)?;
        absorb(target, all, made, "SecretGenerator", "secretGenerator")?;
    }
    for chart in &kustomization.charts {
        let mut chart = chart.clone();
        if chart.value.namespace.is_empty() {
            chart.value.namespace = target.namespace_of_charts().to_owned();
        }
        for made in generate::chart(&chart, loader)? {
            absorb(
                target,
                all,
                made,
                "HelmChartInflationGenerator",
                "helmCharts",
            )?;
        }
    }
    let at = kustomization.at("generators");
    for generator in plugins(target, &kustomization.generators)? {
        for mut made in plugin::generate(&generator, &at, loader)? {
            made.origin = Origin::of_plugin(&generator);
            generate::absorb(&mut all.map, made)
                .map_err(|problem| target.problem("generators", problem))?;
        }
    }
    Ok(())
}

fn absorb(
    target: &Target<'_>,
    all: &mut Accumulated,
    mut made: Resource,
    kind: &str,
    field: &str,
) -> Result<(), Diagnostics> {
    let origin = target.origin.as_ref();
    made.origin = origin.map(|origin| origin.of_builtin(target.file_name, kind));
    generate::absorb(&mut all.map, made).map_err(|problem| target.problem(field, problem).into())
}
