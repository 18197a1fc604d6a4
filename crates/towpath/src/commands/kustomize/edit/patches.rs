//! Items of `patches`.

use anyhow::{Result, bail};
use serde_json::{Map, Value};
use towpath_yaml::edit::File;

use crate::cli::kustomize::PatchOptions;

const LIST: &str = "patches";

pub(super) fn add(file: &mut File, options: &PatchOptions) -> Result<()> {
    if options.path.is_none() && options.patch.is_none() {
        bail!("expected --path or --patch");
    }
    let item = item(options);
    if known(file).contains(&item) {
        eprintln!("the patch is already in the kustomization file");
        return Ok(());
    }
    Ok(file.push(&[LIST], &item)?)
}

pub(super) fn remove(file: &mut File, options: &PatchOptions) -> Result<()> {
    let item = item(options);
    let indexes = known(file).into_iter().enumerate();
    let same: Vec<usize> = indexes
        .filter(|(_, known)| *known == item)
        .map(|(index, _)| index)
        .collect();
    if same.is_empty() {
        eprintln!("the kustomization file has no such patch");
    }
    for index in same.into_iter().rev() {
        file.remove_item(&[LIST], index)?;
    }
    Ok(())
}

fn known(file: &File) -> Vec<Value> {
    let items = file.root().get(LIST).map(towpath_yaml::Node::items);
    items
        .unwrap_or_default()
        .iter()
        .map(towpath_yaml::Node::to_json)
        .collect()
}

fn item(options: &PatchOptions) -> Value {
    let target = &options.target;
    let target = fields(&[
        ("annotationSelector", &target.annotation_selector),
        ("group", &target.group),
        ("kind", &target.kind),
        ("labelSelector", &target.label_selector),
        ("name", &target.name),
        ("namespace", &target.namespace),
        ("version", &target.version),
    ]);
    let mut item = fields(&[("patch", &options.patch), ("path", &options.path)]);
    if !target.is_empty() {
        item.insert("target".to_owned(), Value::Object(target));
    }
    Value::Object(item)
}

fn fields(all: &[(&str, &Option<String>)]) -> Map<String, Value> {
    let given = all
        .iter()
        .filter_map(|(key, value)| Some((*key, value.as_deref()?)));
    let given = given.filter(|(_, value)| !value.is_empty());
    given
        .map(|(key, value)| (key.to_owned(), value.into()))
        .collect()
}
