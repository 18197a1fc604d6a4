//! The fields `generators`, `transformers` and `validators`: builtin plugins given as objects.

mod value_add;

use towpath_model::{Diagnostic, Diagnostics, Location};

use crate::emit::emit;
use crate::generate;
use crate::kustomization::{self, At, GeneratorOptions, IamPolicy, NamespacePlugin, Plugin};
use crate::loader::Loader;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::transform::names::{End, SetNamespace, affix};
use crate::transform::{hash, images, metadata, replicas};
use crate::value::Value;
use crate::{patch, replacement};

/// The objects that a plugin of `generators` makes.
///
/// # Errors
/// When the plugin cannot be read or fails, or when it is no generator.
pub(crate) fn generate(
    plugin: &Resource,
    at: &Location,
    loader: &Loader<'_>,
) -> Result<Vec<Resource>, Diagnostic> {
    let options = GeneratorOptions::default();
    let at = at.clone();
    let object = match one(plugin, &at, loader)? {
        Plugin::ConfigMap(value) => generate::config_map(&At { value, at }, &options, loader)?,
        Plugin::Secret(value) => generate::secret(&At { value, at }, &options, loader)?,
        Plugin::IamPolicy(policy) => service_account(&policy),
        Plugin::Chart(chart) => return generate::chart(&At { value: *chart, at }, loader),
        _ => return Err(Diagnostic::new(at, "the plugin is not a generator")),
    };
    Ok(vec![object])
}

/// A service account that acts as one of Google's cloud.
fn service_account(policy: &IamPolicy) -> Resource {
    let account = format!(
        "{}@{}.iam.gserviceaccount.com",
        policy.account, policy.project
    );
    let mut object = Resource::new(Value::from_json(serde_json::json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "annotations": { "iam.gke.io/gcp-service-account": account },
            "name": policy.name,
        },
    })));
    object.set_namespace(&policy.namespace);
    object
}

/// Changes objects as a plugin of `transformers` wants it.
///
/// # Errors
/// When the plugin cannot be read or fails, or when it is no transformer.
pub(crate) fn transform(
    map: &mut ResMap,
    plugin: &Resource,
    at: &Location,
    loader: &Loader<'_>,
) -> Result<(), Diagnostic> {
    let value = one(plugin, at, loader)?;
    let at = at.clone();
    apply(map, At { value, at }, loader)?;
    map.drop_empties();
    Ok(())
}

/// Runs a plugin of `validators`.
///
/// # Errors
/// As [`transform`], and when the plugin changes an object.
pub(crate) fn validate(
    map: &ResMap,
    plugin: &Resource,
    at: &Location,
    loader: &Loader<'_>,
) -> Result<(), Diagnostic> {
    let mut copy = map.clone();
    transform(&mut copy, plugin, at, loader)?;
    match written(&copy) == written(map) {
        true => Ok(()),
        false => Err(Diagnostic::new(
            at.clone(),
            "validator shouldn't modify the resource map",
        )),
    }
}

/// The objects as upstream compares them.
fn written(map: &ResMap) -> Result<Vec<String>, String> {
    let written = map.list.iter().map(|resource| {
        let mut yaml = String::new();
        emit(&resource.value, &mut yaml)?;
        Ok(yaml)
    });
    written.collect()
}

fn apply(map: &mut ResMap, plugin: At<Plugin>, loader: &Loader<'_>) -> Result<(), Diagnostic> {
    let At { value, at } = plugin;
    let done = match value {
        Plugin::ConfigMap(_) | Plugin::Secret(_) | Plugin::IamPolicy(_) | Plugin::Chart(_) => {
            Err("the plugin is not a transformer".to_owned())
        }
        Plugin::Patch(patch) => return patch::apply(map, &all_at([patch], &at), loader),
        Plugin::Json6902(patch) => {
            return patch::apply_json6902(map, &all_at([patch], &at), loader);
        }
        Plugin::Strategic { paths, patches } => {
            let inline = Some(patches).filter(|patches| !patches.is_empty());
            let all = all_at(paths.into_iter().chain(inline), &at);
            return patch::apply_strategic(map, &all, loader);
        }
        Plugin::Replacements(fields) => {
            return replacement::apply(map, &all_at(fields, &at), loader);
        }
        Plugin::ValueAdd {
            value,
            targets,
            targets_path: path,
        } => return add_value(map, &value, targets, &At { value: path, at }, loader),
        Plugin::Annotations(entries, fields) | Plugin::Labels(entries, fields) => {
            metadata::set_entries(map, &entries, &fields)
        }
        Plugin::Hash => hash::add_hashes(map),
        Plugin::Image(image, fields) => images::set_image(map, &image, &fields),
        Plugin::Namespace(plugin) => set_namespace(map, &plugin),
        Plugin::Prefix(text, fields) => affix(map, End::Prefix, &text, &fields),
        Plugin::Suffix(text, fields) => affix(map, End::Suffix, &text, &fields),
        Plugin::PrefixSuffix {
            prefix,
            suffix,
            fields,
        } => affix(map, End::Prefix, &prefix, &fields)
            .and_then(|()| affix(map, End::Suffix, &suffix, &fields)),
        Plugin::Replicas(replica, fields) => replicas::set_replicas(map, &replica, &fields),
    };
    done.map_err(|problem| Diagnostic::new(at, problem))
}

fn all_at<T>(values: impl IntoIterator<Item = T>, at: &Location) -> Vec<At<T>> {
    let here = |value| At {
        value,
        at: at.clone(),
    };
    values.into_iter().map(here).collect()
}

fn set_namespace(map: &mut ResMap, plugin: &NamespacePlugin) -> Result<(), String> {
    if plugin.namespace.is_empty() {
        return Ok(());
    }
    let set = SetNamespace {
        namespace: &plugin.namespace,
        specs: &plugin.fields,
        subjects: plugin.subjects,
        unset_only: plugin.unset_only,
    };
    set.apply(map)
}

/// The value is the name of the kustomization's folder where the plugin gives none.
fn add_value(
    map: &mut ResMap,
    value: &str,
    mut targets: Vec<kustomization::ValueTarget>,
    path: &At<String>,
    loader: &Loader<'_>,
) -> Result<(), Diagnostic> {
    if !path.value.is_empty() {
        let text = loader.load_text(&path.value, &path.at)?;
        let file = loader.path_of(&path.value);
        targets.extend(kustomization::value_targets(&file, text).map_err(first)?);
    }
    if targets.is_empty() {
        return Err(Diagnostic::new(
            path.at.clone(),
            "must specify at least one target",
        ));
    }
    let folder = loader.folder().rsplit('/').next().unwrap_or_default();
    let value = match value.trim() {
        "" => folder,
        value => value,
    };
    let mut targets = targets.iter();
    targets.try_for_each(|target| value_add::apply(map, value, target, &path.at))
}

fn one(object: &Resource, at: &Location, loader: &Loader<'_>) -> Result<Plugin, Diagnostic> {
    let (gvk, name) = (object.gvk(), object.name());
    if !gvk.group.is_empty() || gvk.version != "builtin" {
        let message = format!(
            "external plugins disabled; unable to load external plugin '{}': programs and containers are never run",
            gvk.kind
        );
        return Err(Diagnostic::new(at.clone(), message));
    }
    let mut text = String::new();
    let place = object.at.as_deref().unwrap_or(at);
    emit(&object.value, &mut text).map_err(|problem| Diagnostic::new(place.clone(), problem))?;
    // What is read is no text of the user's, so its lines mean nothing.
    let located = |wrong: Diagnostic| Diagnostic {
        location: place.clone(),
        message: format!("plugin `{name}`: {}", wrong.message),
        ..wrong
    };
    let read = kustomization::plugin(name, &text).map_err(|wrong| located(first(wrong)));
    let (plugin, unknown) = read?;
    loader.warn(unknown.into_iter().map(located).collect());
    plugin.ok_or_else(|| Diagnostic::new(place.clone(), "an empty plugin"))
}

fn first(Diagnostics(mut problems): Diagnostics) -> Diagnostic {
    problems.swap_remove(0)
}
