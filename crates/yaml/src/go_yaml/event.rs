use smol_str::SmolStr;

use crate::syntax::Comments;
use crate::{Span, Style};

/// The start or end of a document, a node, or the start or end of one that holds others.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) kind: EventKind,
    pub(crate) properties: Properties,
    pub(crate) comments: Option<Box<Comments>>,
    /// Without its anchor and tag. Of a list or a mapping only the bracket, or nothing.
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) enum EventKind {
    DocumentStart,
    DocumentEnd,
    /// Without text and quotes also where nothing stands in the text.
    Scalar {
        text: SmolStr,
        style: Style,
    },
    /// The name of an anchor.
    Alias(Box<str>),
    SequenceStart(Style),
    SequenceEnd,
    MappingStart(Style),
    MappingEnd,
}

/// What stands in front of a node.
#[derive(Debug, Default)]
pub(crate) struct Properties {
    pub(crate) anchor: Option<Box<str>>,
    /// Its handle replaced by what that stands for: `tag:yaml.org,2002:str`, `!Ref`.
    pub(crate) tag: Option<Box<str>>,
}

impl EventKind {
    pub(super) fn nothing() -> Self {
        Self::Scalar {
            text: SmolStr::default(),
            style: Style::Plain,
        }
    }
}
