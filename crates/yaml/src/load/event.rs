//! What a parser finds, in the words of neither.

use std::borrow::Cow;

use towpath_model::Diagnostic;

use super::go_yaml::GoYaml;
use super::granit::Granit;
use crate::{Span, Style};

/// A node, the start or end of one that holds others, or a comment.
#[derive(Debug, PartialEq)]
pub(super) enum Event<'t> {
    DocumentEnd,
    Scalar {
        /// Where nothing stands in the text `~`, but nothing behind a tag. Its span has no width then.
        text: Cow<'t, str>,
        style: Style,
        anchor: Option<Anchor>,
        /// As go-yaml shortens it: `!!str`, `!Ref`.
        tag: Option<String>,
    },
    Alias(Anchor),
    SequenceStart(Style, Option<Anchor>),
    SequenceEnd,
    MappingStart(Style, Option<Anchor>),
    MappingEnd,
    /// Without its `#`.
    Comment(String),
}

/// The same for all aliases of one anchor, and for no others, also where names stand twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Anchor(pub(super) usize);

pub(super) type Spanned<'t> = (Event<'t>, Span);

/// Which parser reads a text.
pub(super) enum Source<'t> {
    Granit(Box<Granit<'t>>),
    GoYaml(Box<GoYaml<'t>>),
}

impl<'t> Source<'t> {
    pub(super) fn granit(text: &'t str) -> Self {
        Self::Granit(Box::new(Granit::new(text)))
    }

    /// # Errors
    /// When the text cannot be read. The other parser says so as late as [`next`](Self::next).
    pub(super) fn go_yaml(file: &str, text: &'t str) -> Result<Self, Diagnostic> {
        Ok(Self::GoYaml(Box::new(GoYaml::new(file, text)?)))
    }

    pub(super) fn next(&mut self, file: &str) -> Result<Option<Spanned<'t>>, Diagnostic> {
        match self {
            Self::Granit(granit) => granit.next(file),
            Self::GoYaml(go_yaml) => go_yaml.next(file),
        }
    }
}
