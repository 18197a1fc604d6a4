//! `configMapGenerator` and `secretGenerator`: what upstream's program changes, checked by generating it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};
use towpath_kustomize::{FileTree, Options, build};
use towpath_yaml::edit::File;

use super::{found, texts_of};
use crate::cli::kustomize::{
    AddGeneratorOptions, Behavior, GeneratorName, RemoveGeneratorOptions, SetGeneratorOptions,
};

/// The lists in a kustomization.
pub(super) const CONFIG_MAPS: &str = "configMapGenerator";
pub(super) const SECRETS: &str = "secretGenerator";

pub(super) fn add(
    file: &mut File,
    list: &str,
    options: &AddGeneratorOptions,
    new: &[(&str, &str)],
) -> Result<()> {
    let object = &options.object;
    let sources = [
        ("literals", options.literals.clone()),
        ("files", files(&object.dir, &options.files)?),
        ("envs", Vec::from_iter(options.env_file.clone())),
    ];
    if sources.iter().all(|(_, sources)| sources.is_empty()) {
        bail!("expected at least one of --from-env-file, --from-file and --from-literal");
    }
    let index = match position(file, list, &object.name, &object.namespace) {
        Some(index) => index,
        None => append(file, list, object, new)?,
    };
    let index = index.to_string();
    for (field, sources) in sources {
        for source in sources {
            file.push(&[list, &index, field], &source.into())?;
        }
    }
    if options.disable_name_suffix_hash {
        let only = Map::from_iter([("disableNameSuffixHash".to_owned(), true.into())]);
        file.set(&[list, &index], "options", &Value::Object(only))?;
    }
    if let Some(behavior) = options.behavior {
        file.set(&[list, &index], "behavior", &name(behavior).into())?;
    }
    check(file, list, &index, &object.dir)
}

fn name(behavior: Behavior) -> &'static str {
    match behavior {
        Behavior::Create => "create",
        Behavior::Merge => "merge",
        Behavior::Replace => "replace",
    }
}

fn append(
    file: &mut File,
    list: &str,
    object: &GeneratorName,
    new: &[(&str, &str)],
) -> Result<usize> {
    let fields = [
        ("name", object.name.as_str()),
        ("namespace", &object.namespace),
    ];
    let fields = fields
        .iter()
        .chain(new)
        .filter(|(_, value)| !value.is_empty());
    let fields = fields.map(|(key, value)| ((*key).to_owned(), Value::from(*value)));
    let count = names(file, list).len();
    file.push(&[list], &Value::Object(fields.collect()))?;
    Ok(count)
}

/// With patterns resolved.
fn files(dir: &Path, sources: &[String]) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for source in sources {
        let Some((key, pattern)) = source.split_once('=') else {
            files.extend(found(dir, source)?);
            continue;
        };
        match &found(dir, pattern)?[..] {
            [file] => files.push(format!("{key}={file}")),
            all => bail!(
                "{pattern} should be one file behind a key, and is {}",
                all.join(", ")
            ),
        }
    }
    Ok(files)
}

pub(super) fn set(file: &mut File, list: &str, options: &SetGeneratorOptions) -> Result<()> {
    let object = &options.object;
    let index = position(file, list, &object.name, &object.namespace);
    let index = index.with_context(|| format!("{list} has no {:?}", object.name))?;
    let index = index.to_string();
    for literal in &options.literals {
        set_literal(file, &[list, &index, "literals"], literal)?;
    }
    if let Some(namespace) = &options.new_namespace {
        file.set(&[list, &index], "namespace", &namespace.as_str().into())?;
    }
    check(file, list, &index, &object.dir)
}

fn set_literal(file: &mut File, path: &[&str], literal: &str) -> Result<()> {
    let (key, _) = pair(literal)?;
    let known = texts_of(file.root().at(path));
    let mut keys = known
        .iter()
        .map(|known| known.split_once('=').map_or("", |(key, _)| key));
    let index = keys.position(|known| known == key);
    let index = index.with_context(|| format!("key {key:?} is not among the literals"))?;
    // In this order, so that the list never is empty.
    file.insert(path, index + 1, &literal.into())?;
    Ok(file.remove_item(path, index)?)
}

/// Upstream takes one `=` here and no more.
fn pair(literal: &str) -> Result<(&str, &str)> {
    match literal.split_once('=') {
        Some((key, value)) if !value.contains('=') => Ok((key, value)),
        _ => bail!("literal {literal:?}: expected KEY=VALUE"),
    }
}

pub(super) fn remove(file: &mut File, list: &str, options: &RemoveGeneratorOptions) -> Result<()> {
    let indexes = names(file, list).into_iter().enumerate();
    let named = indexes.filter(|(_, (name, namespace))| {
        options.names.contains(name) && same_namespace(namespace, &options.namespace)
    });
    let named: Vec<(usize, String)> = named.map(|(index, (name, _))| (index, name)).collect();
    if named.is_empty() {
        bail!("{list} has none of these: {}", options.names.join(", "));
    }
    for name in &options.names {
        if !named.iter().any(|(_, known)| known == name) {
            eprintln!("{list} has no {name}");
        }
    }
    for (index, _) in named.iter().rev() {
        file.remove_item(&[list], *index)?;
    }
    Ok(())
}

fn position(file: &File, list: &str, name: &str, namespace: &str) -> Option<usize> {
    names(file, list)
        .iter()
        .position(|(known, its)| known == name && same_namespace(its, namespace))
}

/// Names and namespaces.
fn names(file: &File, list: &str) -> Vec<(String, String)> {
    let names = super::items(file, list, "name");
    names
        .into_iter()
        .zip(super::items(file, list, "namespace"))
        .collect()
}

fn same_namespace(one: &str, other: &str) -> bool {
    let or_default = |name| match name {
        "" => String::from("default"),
        name => name.to_owned(),
    };
    or_default(one) == or_default(other)
}

/// Generates the object, so that what cannot be built is not written.
fn check(file: &File, list: &str, index: &str, dir: &Path) -> Result<()> {
    let Some(item) = file.root().at(&[list, index]) else {
        return Ok(());
    };
    let mut tree = FileTree::default();
    for field in ["files", "envs"] {
        for source in texts_of(item.get(field)) {
            let path = source.split_once('=').map_or(&*source, |(_, path)| path);
            let content =
                fs::read(dir.join(path)).with_context(|| format!("cannot read {path}"))?;
            tree.insert(path, content);
        }
    }
    let mut alone = item.to_json();
    if let Some(fields) = alone.as_object_mut() {
        fields.shift_remove("behavior");
    }
    let kustomization = Map::from_iter([(list.to_owned(), Value::Array(vec![alone]))]);
    let text = towpath_yaml::to_yaml(&Value::Object(kustomization));
    tree.insert("kustomization.yaml", text.into_bytes());
    match build(&tree, "", &Options::default()) {
        Ok(_) => Ok(()),
        Err(wrong) => bail!(
            "it could not be generated: {}",
            wrong
                .0
                .first()
                .map_or_else(String::new, |first| first.message.clone())
        ),
    }
}
