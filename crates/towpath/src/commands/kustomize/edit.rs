//! `towpath kustomize edit`: what upstream's program changes, and nothing else of the file.

mod build_metadata;
mod fix;
mod generator;
mod patches;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use globset::GlobBuilder;
use serde_json::{Map, Value};
use towpath_yaml::Node;
use towpath_yaml::edit::File;

use super::NAMES;
use super::image_argument;
use super::paths::shown;
use crate::cli::kustomize::{
    AddCommand, AddPathOptions, EditCommand, EditOptions, RemoveCommand, SetCommand,
};
use crate::exit::Verdict;
use generator::{CONFIG_MAPS, SECRETS};

pub fn run(command: &EditCommand) -> Result<Verdict> {
    match command {
        EditCommand::Set(command) => set(command),
        EditCommand::Add(command) => add(command),
        EditCommand::Remove(command) => remove(command),
        EditCommand::Fix(options) => fix::run(options),
    }?;
    Ok(Verdict::Fine)
}

fn set(command: &SetCommand) -> Result<()> {
    match command {
        SetCommand::Image(options) => edit(options, set_images),
        SetCommand::Namespace(options) => edit(options, |file, values| {
            set_one(file, "namespace", namespace(one(values)?)?)
        }),
        SetCommand::NamePrefix(options) => edit(options, |file, values| {
            set_one(file, "namePrefix", one(values)?)
        }),
        SetCommand::NameSuffix(options) => edit(options, |file, values| {
            set_one(file, "nameSuffix", one(values)?)
        }),
        SetCommand::Replicas(options) => edit(options, set_replicas),
        SetCommand::Label(options) => edit(options, |file, values| {
            set_pairs(file, "commonLabels", values, Taken::Overwritten)
        }),
        SetCommand::Annotation(options) => edit(options, |file, values| {
            set_pairs(file, "commonAnnotations", values, Taken::Overwritten)
        }),
        SetCommand::BuildMetadata(options) => edit(options, build_metadata::set),
        SetCommand::ConfigMap(options) => edit_in(&options.object.dir, |file| {
            generator::set(file, CONFIG_MAPS, options)
        }),
        SetCommand::Secret(options) => edit_in(&options.object.dir, |file| {
            generator::set(file, SECRETS, options)
        }),
    }
}

fn add(command: &AddCommand) -> Result<()> {
    match command {
        AddCommand::Resource(options) => add_paths(options),
        AddCommand::Component(options) => add_found(options, "components"),
        AddCommand::Transformer(options) => add_found(options, "transformers"),
        AddCommand::Generator(options) => add_found(options, "generators"),
        AddCommand::Label(options) => edit(options, |file, values| {
            set_pairs(file, "commonLabels", values, Taken::Refused)
        }),
        AddCommand::Annotation(options) => edit(options, |file, values| {
            set_pairs(
                file,
                "commonAnnotations",
                &separated(values),
                Taken::Refused,
            )
        }),
        AddCommand::Base(options) => edit(options, |file, values| {
            add_bases(file, &options.dir, &separated(values))
        }),
        AddCommand::BuildMetadata(options) => edit(options, build_metadata::add),
        AddCommand::ConfigMap(options) => edit_in(&options.object.dir, |file| {
            generator::add(file, CONFIG_MAPS, options, &[])
        }),
        AddCommand::Secret(options) => edit_in(&options.generator.object.dir, |file| {
            let own = [("type", options.secret_type.as_str())];
            generator::add(file, SECRETS, &options.generator, &own)
        }),
        AddCommand::Patch(options) => edit_in(&options.dir, |file| patches::add(file, options)),
    }
}

fn remove(command: &RemoveCommand) -> Result<()> {
    match command {
        RemoveCommand::Resource(options) => edit(options, |file, patterns| {
            remove_matching(file, "resources", patterns)
        }),
        RemoveCommand::Transformer(options) => edit(options, |file, patterns| {
            remove_matching(file, "transformers", patterns)
        }),
        RemoveCommand::Label(options) => edit(options, |file, keys| {
            remove_keys(file, "commonLabels", &separated(keys))
        }),
        RemoveCommand::Annotation(options) => edit(options, |file, keys| {
            remove_keys(file, "commonAnnotations", &separated(keys))
        }),
        RemoveCommand::BuildMetadata(options) => edit(options, build_metadata::remove),
        RemoveCommand::ConfigMap(options) => edit_in(&options.dir, |file| {
            generator::remove(file, CONFIG_MAPS, options)
        }),
        RemoveCommand::Secret(options) => edit_in(&options.dir, |file| {
            generator::remove(file, SECRETS, options)
        }),
        RemoveCommand::Patch(options) => {
            edit_in(&options.dir, |file| patches::remove(file, options))
        }
    }
}

fn edit(
    options: &EditOptions,
    change: impl FnOnce(&mut File, &[String]) -> Result<()>,
) -> Result<()> {
    edit_in(&options.dir, |file| change(file, &options.values))
}

fn edit_in(dir: &Path, change: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let path = kustomization_in(dir)?;
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", shown(&path)))?;
    let mut file = File::new(&shown(&path), &text)?;
    change(&mut file)?;
    match file.text() == text {
        true => Ok(()),
        false => replace(&path, file.text()),
    }
}

fn kustomization_in(folder: &Path) -> Result<PathBuf> {
    let found = NAMES.map(|name| folder.join(name)).into_iter();
    let found: Vec<PathBuf> = found.filter(|path| path.exists()).collect();
    match &found[..] {
        // A link is written through, not replaced.
        [path] => path
            .canonicalize()
            .with_context(|| format!("cannot read {}", path.display())),
        [] => bail!(
            "there is no kustomization.yaml in {}: go to its folder, or name it with --dir",
            folder.display()
        ),
        _ => bail!("found multiple kustomization files in {}", folder.display()),
    }
}

/// The old text or the new one, whatever happens in between.
fn replace(path: &Path, text: &str) -> Result<()> {
    let context = || format!("cannot write {}", shown(path));
    let folder = path.parent().with_context(context)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(context)?;
    std::io::Write::write_all(&mut file, text.as_bytes()).with_context(context)?;
    let permissions = fs::metadata(path).with_context(context)?.permissions();
    file.as_file()
        .set_permissions(permissions)
        .and_then(|()| file.as_file().sync_all())
        .with_context(context)?;
    file.persist(path).with_context(context)?;
    Ok(())
}

fn one(values: &[String]) -> Result<&str> {
    match values {
        [value] => Ok(value),
        _ => bail!("expected exactly one value, found {}", values.len()),
    }
}

/// An empty value is none, as upstream writes it.
fn set_one(file: &mut File, key: &str, value: &str) -> Result<()> {
    match value {
        "" => file.remove(&[], key)?,
        value => file.set(&[], key, &value.into())?,
    }
    Ok(())
}

/// A DNS label (RFC 1123).
fn namespace(name: &str) -> Result<&str> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_label = (1..=63).contains(&name.len())
        && name.chars().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-');
    if !is_label {
        bail!("{name:?} is not a valid namespace name: expected 1 to 63 of a-z, 0-9 and -");
    }
    Ok(name)
}

fn set_images(file: &mut File, values: &[String]) -> Result<()> {
    for value in values {
        let image = image_argument::parse(value)?;
        let fields = [
            ("newName", &image.new_name),
            ("newTag", &image.new_tag),
            ("digest", &image.digest),
        ];
        let fields = fields.map(|(key, value)| (key, Value::from(value.as_str())));
        set_item(file, "images", &image.name, &fields)?;
    }
    Ok(())
}

fn set_replicas(file: &mut File, values: &[String]) -> Result<()> {
    for value in values {
        let pair = value.split_once('=');
        let pair = pair.and_then(|(name, count)| Some((name, count.parse::<i64>().ok()?)));
        let Some((name, count)) = pair else {
            bail!("invalid format of replica {value:?}, use the following format: <name>=<count>");
        };
        set_item(file, "replicas", name, &[("count", count.into())])?;
    }
    Ok(())
}

/// Sets fields of the item of this name, or adds the item where the order of names puts it.
fn set_item(file: &mut File, list: &str, name: &str, fields: &[(&str, Value)]) -> Result<()> {
    let names: Vec<String> = items(file, list, "name");
    let Some(index) = names.iter().position(|known| known == name) else {
        let mut item = Map::from_iter([("name".to_owned(), Value::from(name))]);
        let set = fields.iter().filter(|(_, value)| is_set(value));
        item.extend(set.map(|(key, value)| ((*key).to_owned(), value.clone())));
        item.sort_keys();
        let sorted = names.is_sorted();
        let next = names
            .iter()
            .position(|known| sorted && known.as_str() > name);
        return Ok(file.insert(&[list], next.unwrap_or(names.len()), &Value::Object(item))?);
    };
    let index = index.to_string();
    for (key, value) in fields {
        match value.as_str() {
            Some("*") => {}
            Some("") => file.remove(&[list, &index], key)?,
            _ => file.set(&[list, &index], key, value)?,
        }
    }
    Ok(())
}

fn is_set(value: &Value) -> bool {
    !matches!(value.as_str(), Some("" | "*"))
}

/// A field of all items.
fn items(file: &File, list: &str, field: &str) -> Vec<String> {
    let items = file.root().get(list).map(Node::items);
    let texts = items.unwrap_or_default().iter().map(|item| {
        let text = item.get(field).and_then(|value| value.text());
        text.unwrap_or_default().to_owned()
    });
    texts.collect()
}

/// Texts of a list.
fn texts(file: &File, list: &str) -> Vec<String> {
    texts_of(file.root().get(list))
}

fn texts_of(list: Option<&Node>) -> Vec<String> {
    let texts = list.map(Node::items).unwrap_or_default().iter();
    texts
        .map(|item| item.text().unwrap_or_default().to_owned())
        .collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    Overwritten,
    Refused,
}

fn set_pairs(file: &mut File, field: &str, values: &[String], taken: Taken) -> Result<()> {
    for value in values {
        let (key, value) = value.split_once(':').unwrap_or((value, ""));
        if key.is_empty() {
            bail!("expected KEY:VALUE, found {value:?} without a key");
        }
        let unquoted = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
        let value = Value::from(unquoted.unwrap_or(value));
        let known = file.root().get(field).filter(|known| !known.is_null());
        match known {
            None => {
                let pair = Map::from_iter([(key.to_owned(), value)]);
                file.set(&[], field, &Value::Object(pair))?;
            }
            Some(known) if known.get(key).is_some() && taken == Taken::Refused => {
                bail!("{field} has {key:?} already: change it with `edit set`");
            }
            Some(_) => file.set(&[field], key, &value)?,
        }
    }
    Ok(())
}

fn separated(values: &[String]) -> Vec<String> {
    let parts = values.iter().flat_map(|value| value.split(','));
    parts.map(str::to_owned).collect()
}

fn remove_keys(file: &mut File, field: &str, keys: &[String]) -> Result<()> {
    for key in keys {
        let entries = file.root().get(field).map(Node::entries);
        let entries = entries.unwrap_or_default();
        match (
            entries.iter().any(|entry| entry.name() == key),
            entries.len(),
        ) {
            (false, _) => bail!("{field} has no {key:?}"),
            (true, 1) => file.remove(&[], field)?,
            (true, _) => file.remove(&[field], key)?,
        }
    }
    Ok(())
}

fn add_paths(options: &AddPathOptions) -> Result<()> {
    match options.no_verify {
        true => edit(&options.edit, |file, paths| {
            push_new(file, "resources", paths)
        }),
        false => add_found(&options.edit, "resources"),
    }
}

fn add_found(options: &EditOptions, field: &str) -> Result<()> {
    edit(options, |file, patterns| {
        let mut paths = Vec::new();
        for pattern in patterns {
            paths.extend(found(&options.dir, pattern)?);
        }
        push_new(file, field, &paths)
    })
}

fn add_bases(file: &mut File, dir: &Path, paths: &[String]) -> Result<()> {
    for path in paths {
        if !dir.join(path).exists() {
            bail!("{path} does not exist");
        }
        if texts(file, "resources").contains(path) {
            bail!("base {path} is in the kustomization file already");
        }
        file.push(&["resources"], &path.as_str().into())?;
    }
    Ok(())
}

fn push_new(file: &mut File, field: &str, paths: &[String]) -> Result<()> {
    for path in paths.iter().filter(|path| !NAMES.contains(&path.as_str())) {
        if texts(file, field).contains(path) {
            eprintln!("{path} is already in the kustomization file");
            continue;
        }
        file.push(&[field], &path.as_str().into())?;
    }
    Ok(())
}

/// The path itself, or what a pattern matches in one folder.
fn found(dir: &Path, pattern: &str) -> Result<Vec<String>> {
    if dir.join(pattern).exists() || pattern.contains("://") {
        return Ok(vec![pattern.to_owned()]);
    }
    let (folder, _) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    let glob = matcher(pattern)?;
    let prefix = if folder.is_empty() {
        String::new()
    } else {
        format!("{folder}/")
    };
    let names = names_in(&dir.join(folder))?;
    let paths = names.iter().map(|name| format!("{prefix}{name}"));
    let mut paths: Vec<String> = paths.filter(|path| glob.is_match(path)).collect();
    if paths.is_empty() {
        bail!("{pattern} has no match in {}", dir.display());
    }
    paths.sort();
    Ok(paths)
}

/// None in a folder that is not there. A name that is not UTF-8 cannot stand in a kustomization.
fn names_in(folder: &Path) -> Result<Vec<String>> {
    let cannot = || format!("cannot list {}", folder.display());
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(cannot),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.with_context(cannot)?.file_name().into_string().ok());
    }
    Ok(names)
}

fn remove_matching(file: &mut File, field: &str, patterns: &[String]) -> Result<()> {
    for pattern in patterns {
        let glob = matcher(pattern)?;
        let indexes = texts(file, field).into_iter().enumerate();
        let matching = indexes.filter(|(_, path)| path == pattern || glob.is_match(path));
        let matching: Vec<usize> = matching.map(|(index, _)| index).collect();
        for index in matching.into_iter().rev() {
            file.remove_item(&[field], index)?;
        }
    }
    Ok(())
}

/// Go's `filepath.Match`: `*` stops at a slash.
fn matcher(pattern: &str) -> Result<globset::GlobMatcher> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    Ok(glob
        .with_context(|| format!("{pattern:?} is not a pattern"))?
        .compile_matcher())
}
