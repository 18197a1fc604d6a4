//! Which comment of a text belongs to which node, exactly as version 3 of go-yaml sees it (go.yaml.in/yaml/v3,
//! version 3.0.3): above a node (head), behind it (line) or below it (foot). A rule of thumb would not do. go-yaml
//! decides while it splits the text into tokens, by indentation, by empty lines and by how far it has read, and what
//! it decides is what it writes.

mod attach;
mod blocks;
mod content;
mod cursor;
mod events;
mod found;
mod keys;
mod tokens;

use thiserror::Error;

pub(crate) use attach::attach;

/// A text that go-yaml reads otherwise than we do, or not at all, so that its comments have no known place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("comments that we cannot place (line {line})")]
pub struct Unplaced {
    /// Up to where the text was understood, from 1.
    pub line: usize,
}
