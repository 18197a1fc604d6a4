//! How scalars were written in the file, as far as strategic merge patches ask. Upstream keeps the file's own
//! nodes until the end; we keep values, and this beside them.

use std::collections::BTreeSet;

use towpath_yaml::{Entry, Kind, Node, Style};

use crate::scalar::{resolve, text};
use crate::value::Value;

/// Names of fields from the root, elements of lists by their field `name`. The path of a string has the string
/// behind it, which tells most elements without a name apart.
type Path = Vec<String>;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Written {
    /// Nulls that are written out, unlike those where nothing stands.
    nulls: BTreeSet<Path>,
    /// Strings in quotes that would be strings without them too.
    quoted: BTreeSet<Path>,
    /// Strings without quotes that would be something else if they did not have a tag: those of a patch in
    /// the place of something that has no quotes.
    bare: BTreeSet<Path>,
    /// Whether the object has been JSON since, where every null is written out and no quotes are left.
    is_json: bool,
}

impl Written {
    pub(crate) fn of(object: &Node) -> Self {
        let mut written = Self::default();
        written.add(object, &mut Vec::new());
        written
    }

    pub(crate) fn json() -> Self {
        Self {
            is_json: true,
            ..Self::default()
        }
    }

    pub(crate) fn has_nulls(&self) -> bool {
        self.is_json || !self.nulls.is_empty()
    }

    /// Whether a null stays when the object is patched elsewhere.
    pub(crate) fn keeps_null(&self, path: &[String]) -> bool {
        self.is_json || self.nulls.contains(path)
    }

    /// Whether a string has quotes, which stay when a patch brings a value without them.
    pub(crate) fn is_quoted(&self, path: &[String], string: &str) -> bool {
        if self.bare.contains(&with(path, string)) {
            return false;
        }
        resolve(string) != string || self.quoted.contains(&with(path, string))
    }

    /// Notes that a patch's string has taken the place of a scalar without quotes.
    pub(crate) fn replaced_bare(&mut self, path: &[String], string: &str) {
        if resolve(string) != string {
            self.bare.insert(with(path, string));
        }
    }

    fn add(&mut self, node: &Node, path: &mut Path) {
        match node.kind() {
            Kind::Mapping(entries) => entries.iter().for_each(|entry| self.add_entry(entry, path)),
            Kind::Sequence(items) => items.iter().for_each(|item| self.add_item(item, path)),
            Kind::Null if !node.span().bytes.is_empty() => {
                self.nulls.insert(path.clone());
            }
            Kind::String(text) if !matches!(node.style(), Style::Plain) => {
                self.quoted.insert(with(path, text));
            }
            _ => {}
        }
    }

    fn add_item(&mut self, item: &Node, path: &mut Path) {
        let name = item.get("name").and_then(Node::text);
        path.push(element(name.unwrap_or_default()));
        self.add(item, path);
        path.pop();
    }

    fn add_entry(&mut self, entry: &Entry, path: &mut Path) {
        path.push(entry.json_key());
        self.add(&entry.value, path);
        path.pop();
    }
}

/// The name of an element of a list in a path.
pub(crate) fn element(name: &str) -> String {
    format!("[{name}]")
}

fn with(path: &[String], string: &str) -> Path {
    let mut path = path.to_vec();
    path.push(string.to_owned());
    path
}

/// What a patch's scalar becomes in the place of a string in quotes.
pub(crate) fn in_quotes(patched: Value) -> Value {
    match patched {
        Value::String(_) => patched,
        other => text(&other).into(),
    }
}
