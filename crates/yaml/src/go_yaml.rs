//! Reads a text exactly as version 3 of go-yaml does (go.yaml.in/yaml/v3, version 3.0.3), which is YAML 1.1 with
//! exceptions: what is a token, where a line ends, and which comment belongs to which node, above it (head), behind it
//! (line) or below it (foot). A rule of thumb would not do for comments. go-yaml decides while it splits the text into
//! tokens, by indentation, by empty lines and by how far it has read, and what it decides is what it writes.
//!
//! [`Tokens`](tokens::Tokens) splits the text, [`Walk`](walk::Walk) knows the grammar; [`events`] is what comes out.

mod block;
mod block_scalar;
mod comments;
mod cursor;
mod directive;
mod document;
mod event;
mod flow;
mod folding;
mod indentation;
mod keys;
mod node;
mod plain;
mod problem;
mod properties;
mod quoted;
mod readable;
mod tokens;
mod walk;

use crate::Span;
pub(crate) use event::{Event, EventKind, Properties};
pub(crate) use problem::Problem;

/// The tag as go-yaml shortens it, which takes `!` alone for none.
pub(crate) fn short_tag(tag: &str) -> Option<String> {
    match tag.strip_prefix("tag:yaml.org,2002:") {
        Some(core) => Some(format!("!!{core}")),
        None => (tag != "!").then(|| tag.to_owned()),
    }
}

/// All documents of a text, and where all comments stand, each line for itself.
///
/// # Errors
/// What go-yaml refuses, and what goes beyond [`limits`](crate::limits).
pub(crate) fn events(text: &str) -> Result<(Vec<Event>, Vec<Span>), Problem> {
    let start = readable::start(text)?;
    walk::Walk::new(text, start).events()
}
