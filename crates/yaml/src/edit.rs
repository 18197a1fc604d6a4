//! Changes of one place of a file that leave every other byte, comments and style included, as it is.
//!
//! Each change is checked: the text that comes out reads as exactly the value that was asked for, or there
//! is an error and no text. Files with anchors that the change would reach into end so.

mod block;
mod flow;
mod written;

use serde_json::{Map, Value};
use thiserror::Error;
use towpath_model::{Diagnostic, Location};

use crate::{Document, Kind, Node, Style, parse};

/// Why a file was not changed.
#[derive(Debug, Error)]
pub enum EditError {
    /// It is not YAML.
    #[error("{0}")]
    Unreadable(#[from] Diagnostic),
    /// The change would reach into what it may not touch, such as an alias.
    #[error(
        "{0}: this cannot be changed without rewriting what stands around it; change it by hand"
    )]
    Unusual(Location),
    /// There is something else than the change is about.
    #[error("{at}: expected {expected}, found {found}")]
    Type {
        /// Of what was found.
        at: Location,
        /// With its article: "a list".
        expected: &'static str,
        /// The same.
        found: &'static str,
    },
}

/// The text of a file of one document whose root is a mapping, or that is empty.
///
/// ```
/// use towpath_yaml::edit::File;
/// let mut file = File::new("k.yaml", "# ours\nimages:\n- name: web # keep\n  newTag: '1'\n").unwrap();
/// file.set(&["images", "0"], "newTag", &"2".into()).unwrap();
/// file.push(&["resources"], &"a.yaml".into()).unwrap();
/// assert_eq!(
///     file.text(),
///     "# ours\nimages:\n- name: web # keep\n  newTag: '2'\nresources:\n- a.yaml\n"
/// );
/// ```
#[derive(Clone, Debug)]
pub struct File {
    name: String,
    text: String,
    root: Node,
}

/// What replaces a range of the text.
pub(crate) struct Splice {
    range: std::ops::Range<usize>,
    text: String,
}

impl File {
    /// `name` only names the file in errors.
    ///
    /// # Errors
    /// When it is not YAML, has several documents, or its root is not a mapping.
    pub fn new(name: &str, text: &str) -> Result<Self, EditError> {
        let root = root(name, text)?;
        Ok(Self {
            name: name.to_owned(),
            text: text.to_owned(),
            root,
        })
    }

    /// The text as it is now.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tree of the text as it is now.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// Sets `key` of the mapping at `path`. A scalar is written in the style of the one that it replaces; a
    /// new key goes where the order of the mapping's keys puts it, at the end if they have none. In the
    /// root it goes to the end.
    ///
    /// # Errors
    /// When there is no mapping at `path`, or the file is written in a way that does not allow it.
    pub fn set(&mut self, path: &[&str], key: &str, value: &Value) -> Result<(), EditError> {
        let mapping = self.node(path)?;
        let entries = mapping.entries();
        let splice = match entries.iter().find(|entry| entry.name() == key) {
            Some(entry) if is_inline(&entry.value) && is_scalar(value) => Splice {
                range: entry.value.span().bytes.clone(),
                text: written::like(&entry.value, value),
            },
            Some(_) => {
                let mut changed = self.clone();
                changed.remove(path, key)?;
                changed.set(path, key, value)?;
                *self = changed;
                return Ok(());
            }
            None if mapping.style() == Style::Flow => flow::entry(&self.text, mapping, key, value),
            None if entries.is_empty() && !path.is_empty() => return Err(self.unusual(mapping)),
            None => block::entry(&self.text, &self.root, mapping, path.is_empty(), key, value),
        };
        let mut wanted = self.root.to_json();
        let Some(Value::Object(map)) = at_mut(&mut wanted, path) else {
            return Err(self.unusual(self.node(path)?));
        };
        map.insert(key.to_owned(), value.clone());
        self.apply(splice, &wanted)
    }

    /// Appends to the list at `path`, which begins with this item where the key is missing.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn push(&mut self, path: &[&str], item: &Value) -> Result<(), EditError> {
        self.insert(path, usize::MAX, item)
    }

    /// Inserts into the list at `path` before the item `index`, at the end if there is none.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn insert(&mut self, path: &[&str], index: usize, item: &Value) -> Result<(), EditError> {
        let list = self.root.at(path).filter(|node| !node.is_null());
        let Some(list) = list else {
            let Some((key, parent)) = path.split_last() else {
                return Err(self.unusual(&self.root));
            };
            return self.set(parent, key, &Value::Array(vec![item.clone()]));
        };
        let Kind::Sequence(items) = list.kind() else {
            return Err(self.wrong_type(list, "a list"));
        };
        let index = index.min(items.len());
        let splice = match list.style() {
            Style::Flow => flow::item(&self.text, list, index, item),
            _ => block::item(&self.text, items, index, item),
        };
        let splice = splice.ok_or_else(|| self.unusual(list))?;
        let mut wanted = self.root.to_json();
        if let Some(Value::Array(all)) = at_mut(&mut wanted, path) {
            all.insert(index, item.clone());
        }
        self.apply(splice, &wanted)
    }

    /// Removes `key` of the mapping at `path`; a missing one is no error.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn remove(&mut self, path: &[&str], key: &str) -> Result<(), EditError> {
        let mapping = self.node(path)?;
        let Some(index) = mapping
            .entries()
            .iter()
            .position(|entry| entry.name() == key)
        else {
            return Ok(());
        };
        let splice = match mapping.style() {
            Style::Flow => flow::without_entry(&self.text, mapping, index),
            _ => block::without_entry(&self.text, mapping, index),
        };
        let splice = splice.ok_or_else(|| self.unusual(mapping))?;
        let mut wanted = self.root.to_json();
        if let Some(Value::Object(map)) = at_mut(&mut wanted, path) {
            map.shift_remove(key);
        }
        self.apply(splice, &wanted)
    }

    /// Removes an item of the list at `path`, and with the last one the list's key.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn remove_item(&mut self, path: &[&str], index: usize) -> Result<(), EditError> {
        let list = self.node(path)?;
        let items = list.items();
        if let (1, Some((key, parent))) = (items.len(), path.split_last()) {
            return self.remove(parent, key);
        }
        let splice = match list.style() {
            Style::Flow => flow::without_item(&self.text, list, index),
            _ => block::without_item(&self.text, items, index),
        };
        let splice = splice.ok_or_else(|| self.unusual(list))?;
        let mut wanted = self.root.to_json();
        if let Some(Value::Array(all)) = at_mut(&mut wanted, path) {
            all.remove(index);
        }
        self.apply(splice, &wanted)
    }

    fn node(&self, path: &[&str]) -> Result<&Node, EditError> {
        self.root.at(path).ok_or_else(|| self.unusual(&self.root))
    }

    fn apply(&mut self, splice: Splice, wanted: &Value) -> Result<(), EditError> {
        let at = self.location_of(splice.range.start);
        let mut text = self.text.clone();
        let inserted = match text.contains("\r\n") {
            true => splice.text.replace('\n', "\r\n"),
            false => splice.text,
        };
        if !text.is_char_boundary(splice.range.start) || !text.is_char_boundary(splice.range.end) {
            return Err(EditError::Unusual(at));
        }
        text.replace_range(splice.range, &inserted);
        let changed = root(&self.name, &text).map_err(|_| EditError::Unusual(at.clone()))?;
        if changed.to_json() != *wanted && !(is_empty(wanted) && changed.is_null()) {
            return Err(EditError::Unusual(at));
        }
        self.text = text;
        self.root = changed;
        Ok(())
    }

    fn location_of(&self, byte: usize) -> Location {
        let before = self.text.get(..byte).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Location {
            file: self.name.clone(),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }

    fn unusual(&self, node: &Node) -> EditError {
        EditError::Unusual(node.location(&self.name))
    }

    fn wrong_type(&self, node: &Node, expected: &'static str) -> EditError {
        EditError::Type {
            at: node.location(&self.name),
            expected,
            found: node.kind().describe(),
        }
    }
}

fn root(name: &str, text: &str) -> Result<Node, EditError> {
    let mut documents: Vec<Document> = parse(name, text)?;
    let root = match documents.len() {
        0 => Node::nothing(),
        1 => documents.swap_remove(0).root,
        _ => return Err(EditError::Unusual(documents[1].root.location(name))),
    };
    match root.kind() {
        Kind::Mapping(_) | Kind::Null => Ok(root),
        other => Err(EditError::Type {
            at: root.location(name),
            expected: "a mapping",
            found: other.describe(),
        }),
    }
}

/// Where the value of a path is; the root becomes a mapping, as it does in the text.
fn at_mut<'v>(value: &'v mut Value, path: &[&str]) -> Option<&'v mut Value> {
    if path.is_empty() && value.is_null() {
        *value = Value::Object(Map::new());
    }
    path.iter().try_fold(value, |value, step| match value {
        Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?),
        value => value.get_mut(*step),
    })
}

/// A scalar that is written, and not as a block.
fn is_inline(node: &Node) -> bool {
    let is_block = matches!(node.style(), Style::Literal | Style::Folded);
    node.text().is_some() && !node.span().bytes.is_empty() && !is_block
}

fn is_scalar(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty)
}
