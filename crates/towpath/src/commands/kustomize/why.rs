//! Where a field of the output comes from: the steps of the build are taken back, the last one first, and
//! those without which the field is another are told.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use towpath_kustomize::{Build, FileTree, Options, Reorder};
use towpath_model::Location;
use towpath_yaml::Node;
use towpath_yaml::edit::File;

use super::gather::{FOLDERS, Gathered, in_folder};
use super::paths::shown;

const ORIGIN: &str = "config.kubernetes.io/origin";

/// Kustomizations that are looked at.
const MOST_KUSTOMIZATIONS: usize = 1000;

/// What changes objects, in the order in which upstream applies them; lists item by item.
const STEPS: [&str; 18] = [
    "configMapGenerator",
    "secretGenerator",
    "generators",
    "patchesStrategicMerge",
    "patches",
    "namespace",
    "namePrefix",
    "nameSuffix",
    "labels",
    "commonLabels",
    "commonAnnotations",
    "patchesJson6902",
    "replicas",
    "images",
    "imageTags",
    "replacements",
    "transformers",
    "vars",
];

/// The history of `field` of `object` (`Kind/name` or `Kind/namespace/name`), as lines of text.
///
/// # Errors
/// When the kustomization does not build, or there is no such object or field.
pub fn explain(
    gathered: &Gathered,
    options: &Options,
    object: &str,
    field: &str,
) -> Result<String> {
    let mut undoing = Undoing::new(gathered, options)?;
    let wanted = Wanted::parse(object)?;
    let built = undoing.build()?;
    let mut seen = wanted.find(&built)?;
    let path = split(field);
    let value = at(&seen.value, &path)
        .with_context(|| missing(object, &seen.value, &path))?
        .clone();
    let mut history = Vec::new();
    let mut now = Some(value.clone());
    for step in steps(gathered).into_iter().rev() {
        match undoing.without(&step, &seen)? {
            Without::Unbuildable => {}
            Without::Nothing => {
                history.push((step, now.clone()));
                return told(gathered, object, field, &value, None, history);
            }
            Without::Object(object) => {
                let before = at(&object.value, &path).cloned();
                if before != now {
                    history.push((step, now));
                    now = before;
                }
                seen = object;
            }
        }
    }
    let source = undoing.source(&seen, &path)?.map(|place| (place, now));
    told(gathered, object, field, &value, source, history)
}

type Source = (String, Option<Value>);

fn told(
    gathered: &Gathered,
    object: &str,
    field: &str,
    value: &Value,
    source: Option<Source>,
    history: Vec<(Step, Option<Value>)>,
) -> Result<String> {
    let mut text = format!("{object} {field}: {value}\n");
    let says = |value: &Option<Value>| match value {
        Some(value) => value.to_string(),
        None => "not there yet".to_owned(),
    };
    if let Some((place, value)) = source {
        writeln!(text, "  {}  {place}", says(&value))?;
    }
    for (step, value) in history.iter().rev() {
        let file = shown(&gathered.root.join(&step.at.file));
        let at = format!("{file}:{}:{}", step.at.line, step.at.column);
        let value = match value {
            Some(value) => value.to_string(),
            None => "removed".to_owned(),
        };
        writeln!(text, "  {value}  {at}  {}", step.name())?;
    }
    Ok(text)
}

/// A field of a kustomization, or an item of one that is a list.
struct Step {
    /// The path in the tree.
    at: Location,
    field: &'static str,
    index: Option<usize>,
}

impl Step {
    fn name(&self) -> String {
        match self.index {
            Some(index) => format!("{}[{index}]", self.field),
            None => self.field.to_owned(),
        }
    }
}

/// All steps in the order in which they are applied.
fn steps(gathered: &Gathered) -> Vec<Step> {
    let (mut steps, mut seen) = (Vec::new(), BTreeSet::new());
    steps_of(gathered, &gathered.folder, &mut seen, &mut steps);
    steps
}

fn steps_of(gathered: &Gathered, folder: &str, seen: &mut BTreeSet<String>, steps: &mut Vec<Step>) {
    let is_new = seen.len() < MOST_KUSTOMIZATIONS && seen.insert(folder.to_owned());
    let Some((file, root)) = gathered.kustomization(folder).filter(|_| is_new) else {
        return;
    };
    let folders = FOLDERS.iter().filter_map(|field| root.get(field));
    for text in folders.flat_map(Node::items).filter_map(Node::text) {
        if let Some(path) = gathered.named(folder, text) {
            steps_of(gathered, &path, seen, steps);
        }
    }
    for field in STEPS {
        let entry = root.entries().iter().find(|entry| entry.name() == field);
        let Some(entry) = entry else { continue };
        let items = entry.value.items();
        steps.extend(items.iter().enumerate().map(|(index, item)| Step {
            at: item.location(&file),
            field,
            index: Some(index),
        }));
        if items.is_empty() {
            let (at, index) = (entry.key.location(&file), None);
            steps.push(Step { at, field, index });
        }
    }
}

/// An object that a user names.
struct Wanted<'w> {
    kind: &'w str,
    namespace: Option<&'w str>,
    name: &'w str,
}

impl<'w> Wanted<'w> {
    fn parse(object: &'w str) -> Result<Self> {
        let (kind, namespace, name) = match object.split('/').collect::<Vec<_>>()[..] {
            [kind, name] => (kind, None, name),
            [kind, namespace, name] => (kind, Some(namespace), name),
            _ => bail!("expected Kind/name or Kind/namespace/name, found {object:?}"),
        };
        Ok(Self {
            kind,
            namespace,
            name,
        })
    }

    fn find(&self, built: &Build) -> Result<Seen> {
        let mut known = Vec::new();
        for index in 0..built.documents.len() {
            let seen = Seen::read(built, index)?;
            if self.is(&seen) {
                return Ok(seen);
            }
            known.push(format!("{}/{}", seen.kind(), seen.name()));
        }
        let wanted = format!("{}/{}", self.kind, self.name);
        let near = towpath_yaml::nearest(&wanted, known.iter().map(String::as_str));
        match near {
            Some(near) => bail!("the output has no {wanted}; did you mean {near}?"),
            None => bail!("the output has no {wanted}; it has {}", known.join(", ")),
        }
    }

    fn is(&self, seen: &Seen) -> bool {
        let namespace = seen.text("/metadata/namespace");
        seen.kind().eq_ignore_ascii_case(self.kind)
            && seen.name() == self.name
            && self.namespace.is_none_or(|wanted| wanted == namespace)
    }
}

/// An object of an output.
struct Seen {
    index: usize,
    /// Objects of the output.
    count: usize,
    value: Value,
}

impl Seen {
    fn read(built: &Build, index: usize) -> Result<Self> {
        let document = built.documents.get(index).context("no such document")?;
        let yaml = &built.yaml[document.bytes.clone()];
        let parsed = towpath_yaml::parse("the output", yaml)?;
        let root = parsed.first().context("an empty document")?;
        Ok(Self {
            index,
            count: built.documents.len(),
            value: root.root.to_json(),
        })
    }

    /// The same object of another output, whose objects are in the same order.
    fn again(&self, built: &Build) -> Result<Option<Self>> {
        let same = |seen: &Self| seen.kind() == self.kind();
        if built.documents.len() == self.count {
            return Ok(Some(Self::read(built, self.index)?).filter(same));
        }
        for index in 0..built.documents.len() {
            let seen = Self::read(built, index)?;
            if same(&seen) && seen.name() == self.name() {
                return Ok(Some(seen));
            }
        }
        Ok(None)
    }

    fn text(&self, pointer: &str) -> &str {
        let value = self.value.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_default()
    }

    fn kind(&self) -> &str {
        self.text("/kind")
    }

    fn name(&self) -> &str {
        self.text("/metadata/name")
    }
}

/// The tree, with fewer and fewer steps.
struct Undoing<'g> {
    gathered: &'g Gathered,
    options: Options,
    tree: FileTree,
    /// Texts that differ from those that were read.
    changed: std::collections::BTreeMap<String, String>,
}

enum Without {
    /// The build fails without this step: it stays.
    Unbuildable,
    /// There is no such object without it.
    Nothing,
    Object(Seen),
}

impl<'g> Undoing<'g> {
    fn new(gathered: &'g Gathered, options: &Options) -> Result<Self> {
        let mut undoing = Self {
            gathered,
            options: Options {
                reorder: Reorder::None,
                ..*options
            },
            tree: gathered.tree.clone(),
            changed: std::collections::BTreeMap::new(),
        };
        undoing.build()?;
        let (file, _) = undoing.top()?;
        let mut top = undoing.file(&file)?;
        if top.remove(&[], "sortOptions").is_ok() {
            undoing.put(&file, top.text());
        }
        Ok(undoing)
    }

    fn top(&self) -> Result<(String, Node)> {
        self.gathered
            .kustomization(&self.gathered.folder)
            .context("there is no kustomization")
    }

    fn build(&self) -> Result<Build> {
        Ok(towpath_kustomize::build(
            &self.tree,
            &self.gathered.folder,
            &self.options,
        )?)
    }

    fn file(&self, path: &str) -> Result<File> {
        let read = self.gathered.tree.file(path).context("no such file")?;
        let text = match self.changed.get(path) {
            Some(text) => text,
            None => std::str::from_utf8(read)?,
        };
        Ok(File::new(path, text)?)
    }

    fn put(&mut self, path: &str, text: &str) {
        self.tree.insert(path, text.as_bytes().to_vec());
        self.changed.insert(path.to_owned(), text.to_owned());
    }

    /// Takes a step back for good.
    fn without(&mut self, step: &Step, seen: &Seen) -> Result<Without> {
        let mut file = self.file(&step.at.file)?;
        let old = file.text().to_owned();
        let removed = match step.index {
            Some(index) => file.remove_item(&[step.field], index),
            None => file.remove(&[], step.field),
        };
        if removed.is_err() {
            return Ok(Without::Unbuildable);
        }
        self.put(&step.at.file, file.text());
        let Ok(built) = self.build() else {
            self.put(&step.at.file, &old);
            return Ok(Without::Unbuildable);
        };
        Ok(match seen.again(&built)? {
            Some(object) => Without::Object(object),
            None => Without::Nothing,
        })
    }

    /// The file of the object, where the field stands in it.
    fn source(&mut self, seen: &Seen, path: &[String]) -> Result<Option<String>> {
        let (file, _) = self.top()?;
        let mut top = self.file(&file)?;
        top.set(
            &[],
            "buildMetadata",
            &serde_json::json!(["originAnnotations"]),
        )?;
        self.put(&file, top.text());
        let Some(object) = seen.again(&self.build()?)? else {
            return Ok(None);
        };
        let annotations = object.value.pointer("/metadata/annotations");
        let origin = annotations.and_then(|all| all.get(ORIGIN)?.as_str());
        let origin = towpath_yaml::parse("origin", origin.unwrap_or_default())?;
        let origin = origin.first().map(|document| &document.root);
        let text = |key| origin.and_then(|origin| origin.get(key)?.text());
        Ok(match (text("path"), text("configuredIn")) {
            (Some(file), _) => Some(self.place(file, seen, path)),
            (None, Some(file)) => Some(format!("generated, see {file}")),
            (None, None) => None,
        })
    }

    fn place(&self, relative: &str, seen: &Seen, path: &[String]) -> String {
        let folder = &self.gathered.folder;
        let named = self.gathered.named(folder, relative);
        let file = named.unwrap_or_else(|| in_folder(folder, relative));
        let name = shown(&self.gathered.root.join(&file));
        let text = self.gathered.tree.file(&file);
        let text = std::str::from_utf8(text.unwrap_or_default()).unwrap_or_default();
        let documents = towpath_yaml::parse(&file, text).unwrap_or_default();
        let object = documents
            .iter()
            .map(|document| &document.root)
            .find(|root| {
                let is = |path: &[&str], text| root.at(path).and_then(Node::text) == Some(text);
                is(&["kind"], seen.kind()) && is(&["metadata", "name"], seen.name())
            });
        match object.and_then(|object| node_at(object, path)) {
            Some(node) => node.location(&name).to_string(),
            None => name,
        }
    }
}

/// Steps are separated by dots; a dot of a key is written `\.`.
fn split(field: &str) -> Vec<String> {
    let mut steps = vec![String::new()];
    let mut chars = field.chars();
    while let Some(c) = chars.next() {
        match (c, steps.last_mut()) {
            ('.', _) => steps.push(String::new()),
            ('\\', Some(last)) => last.extend(chars.next()),
            (c, Some(last)) => last.push(c),
            (_, None) => {}
        }
    }
    steps
}

/// Items of lists are found by index or by name.
fn at<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, step| match value {
        Value::Array(items) => match step.parse::<usize>() {
            Ok(index) => items.get(index),
            Err(_) => items.iter().find(|item| item["name"] == step.as_str()),
        },
        value => value.get(step),
    })
}

fn node_at<'n>(node: &'n Node, path: &[String]) -> Option<&'n Node> {
    path.iter().try_fold(node, |node, step| {
        let is_named = |item: &&Node| item.get("name").and_then(Node::text) == Some(step);
        let named = node.items().iter().find(is_named);
        named.or_else(|| node.at(&[step]))
    })
}

/// How far the path leads, and what is there.
fn missing(object: &str, value: &Value, path: &[String]) -> String {
    let mut length = path.len();
    while at(value, &path[..length]).is_none() {
        length -= 1;
    }
    let keys = match at(value, &path[..length]) {
        Some(Value::Object(map)) => map.keys().cloned().collect::<Vec<_>>().join(", "),
        Some(Value::Array(items)) => format!("a list of {}", items.len()),
        _ => "no fields".to_owned(),
    };
    let place = match length {
        0 => object.to_owned(),
        _ => format!("`{}` of {object}", path[..length].join(".")),
    };
    format!("there is no `{}`: {place} has {keys}", path.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split() {
        assert_eq!(split("a.b"), ["a", "b"]);
        assert_eq!(
            split(r"metadata.labels.app\.k8s\.io/name"),
            ["metadata", "labels", "app.k8s.io/name"]
        );
    }
}
