//! Deprecated fields go where they belong today (upstream's `FixKustomization`).

mod charts;

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use towpath_kustomize::{LoadRestrictor, Options};
use towpath_yaml::Node;
use towpath_yaml::edit::File;

use super::edit_in;
use crate::cli::kustomize::FixOptions;
use crate::commands::kustomize::gather;

pub(super) fn run(options: &FixOptions) -> Result<()> {
    if options.vars {
        bail!(
            "--vars is not supported: it rewrites other files than the kustomization. Write `replacements` in place of each of the `vars`"
        );
    }
    let before = built(&options.dir);
    edit_in(&options.dir, |file| fix(file, &options.dir))?;
    match (before, built(&options.dir)) {
        (Ok(before), Ok(after)) if before != after => {
            eprintln!(
                "warning: the kustomization builds something else now: compare, and take back what you do not want"
            );
        }
        (_, Err(wrong)) => eprintln!("warning: the kustomization cannot be built: {wrong:#}"),
        _ => {}
    }
    Ok(())
}

fn built(dir: &Path) -> Result<String> {
    let gathered = gather(dir, LoadRestrictor::RootOnly)?;
    Ok(towpath_kustomize::build(&gathered.tree, &gathered.folder, &Options::default())?.yaml)
}

fn fix(file: &mut File, dir: &Path) -> Result<()> {
    add_type(file)?;
    append_all(file, "bases", "resources", |base| Ok(base.to_json()))?;
    common_labels(file)?;
    for list in ["configMapGenerator", "secretGenerator"] {
        env_sources(file, list)?;
    }
    append_all(file, "patchesJson6902", "patches", |patch| {
        Ok(patch.to_json())
    })?;
    append_all(file, "patchesStrategicMerge", "patches", |patch| {
        let text = patch
            .text()
            .context("an item of patchesStrategicMerge is no text")?;
        Ok(match dir.join(text).is_file() {
            true => json!({ "path": text }),
            false => json!({ "patch": text }),
        })
    })?;
    charts::fix(file)?;
    append_all(file, "imageTags", "images", |image| Ok(image.to_json()))
}

fn add_type(file: &mut File) -> Result<()> {
    let is_component = file.root().get("kind").and_then(Node::text) == Some("Component");
    let (version, kind) = match is_component {
        true => ("kustomize.config.k8s.io/v1alpha1", "Component"),
        false => ("kustomize.config.k8s.io/v1beta1", "Kustomization"),
    };
    for (key, value) in [("apiVersion", version), ("kind", kind)] {
        if file.root().get(key).is_none() {
            file.set(&[], key, &value.into())?;
        }
    }
    Ok(())
}

/// Moves the items of one list behind those of another.
fn append_all(
    file: &mut File,
    from: &str,
    to: &str,
    item: impl Fn(&Node) -> Result<Value>,
) -> Result<()> {
    let items = file.root().get(from).map(Node::items).unwrap_or_default();
    let items = items.iter().map(item).collect::<Result<Vec<Value>>>()?;
    for item in &items {
        file.push(&[to], item)?;
    }
    Ok(file.remove(&[], from)?)
}

/// `env` of a generator is one of its `envs`.
fn env_sources(file: &mut File, list: &str) -> Result<()> {
    for (index, env) in super::items(file, list, "env").into_iter().enumerate() {
        if !env.is_empty() {
            let index = index.to_string();
            file.push(&[list, &index, "envs"], &env.into())?;
            file.remove(&[list, &index], "env")?;
        }
    }
    Ok(())
}

fn common_labels(file: &mut File) -> Result<()> {
    let Some(common) = file.root().get("commonLabels").map(Node::to_json) else {
        return Ok(());
    };
    let labels = file
        .root()
        .get("labels")
        .map(Node::items)
        .unwrap_or_default();
    let mut pairs = labels
        .iter()
        .filter_map(|item| item.get("pairs"))
        .flat_map(Node::entries);
    if let Some(entry) = pairs.find(|entry| common.get(entry.name()).is_some()) {
        bail!(
            "label {:?} is in both `commonLabels` and `labels`",
            entry.name()
        );
    }
    if common.as_object().is_some_and(|common| !common.is_empty()) {
        let mut pairs = common;
        pairs.sort_all_objects();
        file.push(
            &["labels"],
            &json!({ "includeSelectors": true, "pairs": pairs }),
        )?;
    }
    Ok(file.remove(&[], "commonLabels")?)
}
