//! How scalars were written in the file, as far as strategic merge patches ask. Upstream keeps the file's own
//! nodes until the end; we keep values, and this beside them.

use std::collections::BTreeSet;

use smol_str::{SmolStr, format_smolstr};
use towpath_yaml::{Kind, Node, Style};

use crate::scalar::{resolve, text};
use crate::value::Value;

/// Names of fields from the root, elements of lists by their field `name`. The path of a string has the string
/// behind it, which tells most elements without a name apart.
type Path = Vec<SmolStr>;

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
    pub(crate) fn keeps_null(&self, path: &[SmolStr]) -> bool {
        self.is_json || self.nulls.contains(path)
    }

    /// Whether a string has quotes, which stay when a patch brings a value without them.
    pub(crate) fn is_quoted(&self, path: &[SmolStr], string: &str) -> bool {
        if self.bare.contains(&with(path, string)) {
            return false;
        }
        resolve(string) != string || self.quoted.contains(&with(path, string))
    }

    /// Notes that a patch's string has taken the place of a scalar without quotes.
    pub(crate) fn replaced_bare(&mut self, path: &[SmolStr], string: &str) {
        if resolve(string) != string {
            self.bare.insert(with(path, string));
        }
    }

    fn add<'n>(&mut self, node: &'n Node, path: &mut Vec<Name<'n>>) {
        match node.kind() {
            Kind::Mapping(entries) => entries.iter().for_each(|entry| {
                self.add_below(&entry.value, Name::Key(entry.name()), path);
            }),
            Kind::Sequence(items) => items.iter().for_each(|item| {
                let name = item.get("name").and_then(Node::text);
                self.add_below(item, Name::Element(name.unwrap_or_default()), path);
            }),
            Kind::Null if !node.span().bytes.is_empty() => {
                self.nulls.insert(path.iter().map(Name::text).collect());
            }
            Kind::String(text) if !matches!(node.style(), Style::Plain) => {
                let names = path.iter().map(Name::text);
                self.quoted.insert(names.chain([text.into()]).collect());
            }
            _ => {}
        }
    }

    fn add_below<'n>(&mut self, node: &'n Node, name: Name<'n>, path: &mut Vec<Name<'n>>) {
        path.push(name);
        self.add(node, path);
        path.pop();
    }
}

/// Most names on the way to a scalar are not needed as a path.
#[derive(Clone, Copy)]
enum Name<'n> {
    Key(&'n str),
    Element(&'n str),
}

impl Name<'_> {
    fn text(&self) -> SmolStr {
        match self {
            Name::Key(key) => (*key).into(),
            Name::Element(name) => element(name),
        }
    }
}

/// The name of an element of a list in a path.
pub(crate) fn element(name: &str) -> SmolStr {
    format_smolstr!("[{name}]")
}

fn with(path: &[SmolStr], string: &str) -> Path {
    let mut path = path.to_vec();
    path.push(string.into());
    path
}

/// What a patch's scalar becomes in the place of a string in quotes.
pub(crate) fn in_quotes(patched: Value) -> Value {
    match patched {
        Value::String(_) => patched,
        other => text(&other).into(),
    }
}
