//! A source as it stands in its file. Upstream copies the file's own node, with its quotes, brackets and comments,
//! in the place of a mapping, a list or an alias within a text of YAML. We read the file again for that.

use std::borrow::Cow;
use std::sync::Arc;

use smol_str::SmolStr;
use towpath_model::Location;
use towpath_yaml::syntax::{Document, Node, parse};
use towpath_yaml::{Resolution, Style, is_string};

use crate::field_path::{Step, lookup, steps_to};
use crate::loader::Loader;
use crate::objects;
use crate::resource::{Behavior, Resource};
use crate::value::Value;
use crate::written::{Path, Written, element_of};

/// Where a source comes from, and what has become of it.
#[derive(Clone, Debug)]
pub(super) struct Origin<'t> {
    file: Option<(&'t str, Arc<Location>)>,
    is_generated: bool,
    is_merged: bool,
    path: Vec<String>,
    /// Its path in `written`.
    way: Path,
    written: Written,
}

impl<'t> Origin<'t> {
    /// Of the node that `path` leads to in a resource.
    pub(super) fn of(resource: &Resource, path: &[String], loader: &Loader<'t>) -> Self {
        let way = way_to(&resource.value, path).unwrap_or_default();
        let at = resource.at.clone();
        Self {
            file: at.and_then(|at| Some((loader.text_at(&at.file)?, at))),
            is_generated: resource.history.behavior != Behavior::Unspecified,
            is_merged: resource.history.written.is_merged(),
            path: path.to_vec(),
            written: resource.history.written.within(&way),
            way,
        }
    }

    /// The text of a scalar, which may be another than that of its value.
    pub(super) fn text_of<'v>(&self, value: &'v Value) -> Cow<'v, str> {
        self.written.text_of(&self.way, value)
    }

    /// The node as upstream has it by now.
    ///
    /// # Errors
    /// When it is no longer what the file says, so that we do not know its quotes, brackets and comments.
    pub(super) fn node(&self, value: &Value) -> Result<Node, String> {
        let node = self.as_in_file(value).or_else(|| self.as_made(value));
        node.ok_or_else(|| {
            "not supported yet: a source that is not as in its file, in the place of a mapping, a list or an alias \
             within YAML; copy its fields one by one"
                .to_owned()
        })
    }

    fn as_in_file(&self, value: &Value) -> Option<Node> {
        let (text, at) = self.file.as_ref()?;
        let (first_line, text) = document_at(text, at.line)?;
        let (original, root) = only_object(&text)?;
        let own = original.at.as_ref()?;
        let is_same = own.line + first_line == at.line
            && own.column == at.column
            && lookup(&original.value, &self.path) == Ok(Some(value))
            && original.history.written.within(&self.way) == self.written;
        let steps = steps_to(&original.value, &self.path).filter(|_| is_same)?;
        let root = root.without_aliases()?;
        let node = steps.iter().try_fold(&root, follow)?;
        let has_new_quotes = self.is_merged && has_old_boolean(node);
        (!has_new_quotes).then(|| node.clone())
    }

    /// Strings that no file says, or that were changed since.
    fn as_made(&self, value: &Value) -> Option<Node> {
        let text = value.as_str()?;
        let is_plain = is_string(text, Resolution::GoYaml2) && !text.contains(':');
        let is_bare = self.written.is_surely_bare(&self.way, text);
        let is_new = self.is_generated || self.written.is_json();
        (is_plain && (is_bare || is_new)).then(|| Node::string(text))
    }
}

/// Whether there is a string such as `on`, which strategic merge patches give quotes to.
fn has_old_boolean(node: &Node) -> bool {
    let is_old = |text: &str| !is_string(text, Resolution::GoYaml2);
    let mut entries = node.entries().iter();
    (node.style() == Style::Plain && node.text().is_some_and(is_old) && node.is_string())
        || node.items().iter().any(has_old_boolean)
        || entries.any(|entry| has_old_boolean(&entry.value))
}

fn way_to(value: &Value, path: &[String]) -> Option<Path> {
    let mut node = value;
    let steps = steps_to(value, path)?;
    let names = steps.iter().map(|step| {
        let (name, next): (SmolStr, _) = match step {
            Step::Key(key) => (key.clone(), node.get(key)?),
            Step::Index(index) => {
                let item = node.as_array()?.get(*index)?;
                (element_of(item), item)
            }
        };
        node = next;
        Some(name)
    });
    names.collect()
}

fn follow<'n>(node: &'n Node, step: &Step) -> Option<&'n Node> {
    match step {
        Step::Key(key) => node.get(key),
        Step::Index(index) => node.items().get(*index),
    }
}

/// The one document with this line (from 1), and how many lines stand before it. Upstream cuts a file at lines that
/// begin with `---` before it reads it.
fn document_at(text: &str, line: u32) -> Option<(u32, String)> {
    let line = usize::try_from(line).ok()?.checked_sub(1)?;
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is_mark = |line: &&str| line.starts_with("---") && line.ends_with('\n');
    let before = lines.get(..line)?.iter().rposition(is_mark);
    let first = before.filter(|mark| *mark > 0).map_or(0, |mark| mark + 1);
    let after = lines.get(line..)?.iter().position(is_mark);
    let end = after.map_or(lines.len(), |mark| line + mark);
    let document = lines.get(first..end)?.concat();
    let document = match document.contains('\r') {
        true => document.replace("\r\n", "\n"),
        false => document,
    };
    Some((u32::try_from(first).ok()?, document))
}

/// The object of a document, which is no list of them.
fn only_object(text: &str) -> Option<(Resource, Node)> {
    let mut objects = objects::read("", text).ok()?;
    let mut documents = parse("", text).ok()?;
    if objects.len() != 1 || documents.len() != 1 {
        return None;
    }
    let mut document: Document = documents.pop()?;
    if !document.comments.is_empty() {
        document.place_comments(text).ok()?;
    }
    Some((objects.pop()?, document.root))
}
