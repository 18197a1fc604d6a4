//! Comments of a source. Upstream copies a node with those of its file in the place of a mapping, a list or an alias
//! within a text of YAML. Our nodes have none, so we read the file again for them.

use std::sync::Arc;

use towpath_model::Location;
use towpath_yaml::syntax::{Document, Kind, Node, parse};

use crate::field_path::{Step, lookup, steps_to};
use crate::loader::Loader;
use crate::objects;
use crate::resource::{Comments, Resource};
use crate::value::Value;

/// Where a source stands, with comments beside it or not.
#[derive(Debug)]
pub(super) struct Commented<'t> {
    file: Option<(&'t str, Arc<Location>)>,
    comments: Comments,
    path: Vec<String>,
}

impl<'t> Commented<'t> {
    /// Of the node that `path` leads to in a resource.
    pub(super) fn of(resource: &Resource, path: &[String], loader: &Loader<'t>) -> Self {
        let at = resource.at.clone();
        Self {
            file: at.and_then(|at| Some((loader.text_at(&at.file)?, at))),
            comments: resource.history.comments,
            path: path.to_vec(),
        }
    }

    pub(super) fn may_have_some(&self) -> bool {
        let is_in_file = || {
            self.file
                .as_ref()
                .is_some_and(|(text, _)| text.contains('#'))
        };
        match self.comments {
            Comments::None => false,
            Comments::OfFile => is_in_file(),
            Comments::OfMany => true,
        }
    }

    /// The node of a value with its comments.
    ///
    /// # Errors
    /// When we do not know them.
    pub(super) fn node(&self, value: &Value) -> Result<Node, String> {
        match &self.file {
            _ if !self.may_have_some() => Ok(value.to_node()),
            Some((text, at)) if self.comments == Comments::OfFile => {
                self.in_file(text, at, value).ok_or_else(not_supported)
            }
            _ => Err(not_supported()),
        }
    }

    fn in_file(&self, text: &str, at: &Location, value: &Value) -> Option<Node> {
        let (first_line, text) = document_at(text, at.line)?;
        let documents = parse("", &text).ok()?;
        if !documents
            .iter()
            .any(|document| document.root.has_comments())
        {
            return Some(value.to_node());
        }
        let line = at.line.checked_sub(first_line)?;
        let original = Original::read(documents, &text, (line, at.column))?;
        match original.part_with(&self.path) {
            Some(part) if part.has_comments() => {
                let (node, before) = original.at(&self.path)?;
                commented(node, before, value)
            }
            _ => Some(value.to_node()),
        }
    }
}

/// A value with the comments of its node in the file. None where something has both comments and changed:
/// which are left depends on how it was changed.
fn commented(file: &Node, before: &Value, value: &Value) -> Option<Node> {
    let mut node = value.to_node();
    if node == before.to_node() {
        return Some(file.clone());
    }
    if !file.has_comments() {
        return Some(node);
    }
    for entry in node.entries_mut()? {
        let name = entry.name();
        let own = file.entries().iter().find(|own| own.name() == name);
        if let (Some(own), Some(before), Some(value)) = (own, before.get(name), value.get(name)) {
            entry.value = commented(&own.value, before, value)?;
            entry.key = own.key.clone();
        }
    }
    Some(node.with_comments_of(file))
}

/// The object of a document as it is there.
struct Original {
    value: Value,
    /// With comments, and without aliases.
    root: Node,
}

impl Original {
    /// If it stands at this line and column, and is alone.
    fn read(mut documents: Vec<Document>, text: &str, place: (u32, u32)) -> Option<Self> {
        let mut objects = objects::read("", text).ok()?;
        let (document, object) = (documents.pop()?, objects.pop()?);
        let at = object.at.as_ref()?;
        if !documents.is_empty() || !objects.is_empty() || (at.line, at.column) != place {
            return None;
        }
        Some(Self {
            value: object.value,
            root: document.root.without_aliases()?,
        })
    }

    /// What holds all comments that the node of a path may have: items of a list change their places.
    fn part_with(&self, path: &[String]) -> Option<&Node> {
        let mut node = &self.root;
        for part in path {
            match node.kind() {
                Kind::Mapping(_) => node = node.get(part.trim())?,
                _ => break,
            }
        }
        Some(node)
    }

    /// What `path` leads to.
    fn at(&self, path: &[String]) -> Option<(&Node, &Value)> {
        let value = lookup(&self.value, path).ok()??;
        let steps = steps_to(&self.value, path)?;
        let node = steps.into_iter().try_fold(&self.root, follow)?;
        Some((node, value))
    }
}

fn not_supported() -> String {
    "not supported yet: a source with comments that is not as in its file, in the place of a mapping, a list or an \
     alias within YAML; copy its fields one by one"
        .to_owned()
}

fn follow<'n>(node: &'n Node, step: Step<'_>) -> Option<&'n Node> {
    match step {
        Step::Key(key) => node.get(key),
        Step::Index(index) => node.items().get(index),
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
