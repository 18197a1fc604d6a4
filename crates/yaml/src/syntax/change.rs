//! Changes of a tree that is to be written with [`node_to_yaml`](crate::node_to_yaml).

use thiserror::Error;

use super::read::plain_tag;
use super::{Content, Entry, Node, Tag};
use crate::Style;

/// A text that would make something else of a scalar that is no string.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is {found}, where {expected} stands")]
pub struct OtherType {
    /// The new text.
    pub text: String,
    /// What it is, with its article.
    pub found: &'static str,
    /// What is there, with its article.
    pub expected: &'static str,
}

impl Node {
    /// A scalar without quotes, of which readers make what its text says.
    pub fn plain(text: &str) -> Self {
        made(Content::Scalar(text.into()))
    }

    /// A string without quotes, unless it needs them.
    pub fn string(text: &str) -> Self {
        Self {
            tag: Tag::Implied("!!str"),
            ..Self::plain(text)
        }
    }

    /// A mapping without entries, which becomes a block when it gets some.
    pub fn mapping() -> Self {
        made(Content::Mapping(Vec::new()))
    }

    /// A list without items, which becomes a block when it gets some.
    pub fn sequence() -> Self {
        made(Content::Sequence(Vec::new()))
    }

    /// A scalar in a style of scalars. Without a tag readers make of it what its text says; a tag that
    /// `is_explicit` stands in front of it.
    pub fn scalar_of(
        text: &str,
        style: Style,
        tag: Option<&'static str>,
        is_explicit: bool,
    ) -> Self {
        let tag = match tag {
            None => Tag::Undecided,
            Some(tag) if is_explicit => Tag::Explicit(tag.into()),
            Some(tag) => Tag::Implied(tag),
        };
        Self {
            style,
            tag,
            ..Self::plain(text)
        }
    }

    /// A list in [`Style::Block`] or [`Style::Flow`].
    pub fn sequence_of(items: Vec<Node>, style: Style) -> Self {
        Self {
            style,
            ..made(Content::Sequence(items))
        }
    }

    /// A mapping in [`Style::Block`] or [`Style::Flow`].
    pub fn mapping_of(entries: Vec<Entry>, style: Style) -> Self {
        Self {
            style,
            ..made(Content::Mapping(entries))
        }
    }

    /// The entries of a mapping.
    pub fn entries_mut(&mut self) -> Option<&mut Vec<Entry>> {
        match &mut self.content {
            Content::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn items_mut(&mut self) -> Option<&mut Vec<Node>> {
        match &mut self.content {
            Content::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// Gives a scalar another text. It keeps its type, as go-yaml's nodes do: a string gets quotes when it
    /// needs them, a float that becomes whole gets a tag. Anything else stays as it is.
    ///
    /// ```
    /// let mut root = towpath_yaml::syntax::parse("f.yml", "a: x\n").unwrap().remove(0).root;
    /// root.entries_mut().unwrap()[0].value.set_text("1").unwrap();
    /// assert_eq!(towpath_yaml::node_to_yaml(&root), "a: \"1\"\n");
    /// ```
    ///
    /// # Errors
    /// When the scalar is no string and the text is something else than it.
    pub fn set_text(&mut self, new: &str) -> Result<(), OtherType> {
        let Content::Scalar(text) = &mut self.content else {
            return Ok(());
        };
        check(self.tag.name(), new)?;
        *text = new.into();
        Ok(())
    }
}

fn made(content: Content) -> Node {
    Node {
        style: match content {
            Content::Scalar(_) | Content::Alias(_) => Style::Plain,
            Content::Sequence(_) | Content::Mapping(_) => Style::Block,
        },
        content,
        tag: Tag::Undecided,
        anchor: None,
        comments: None,
    }
}

fn check(expected: &str, new: &str) -> Result<(), OtherType> {
    let found = plain_tag(new);
    match expected {
        "!!null" | "!!bool" | "!!int" | "!!timestamp" | "!!merge" if expected != found => {}
        "!!float" if !matches!(found, "!!float" | "!!int") => {}
        _ => return Ok(()),
    }
    Err(OtherType {
        text: new.to_owned(),
        found: describe(found),
        expected: describe(expected),
    })
}

/// What a text is without quotes, for go-yaml when it writes: it takes `<<` for a string then.
pub(crate) fn written_tag(text: &str) -> &'static str {
    match plain_tag(text) {
        "!!merge" => "!!str",
        tag => tag,
    }
}

fn describe(tag: &str) -> &'static str {
    match tag {
        "!!null" => "nothing",
        "!!bool" => "a boolean",
        "!!int" | "!!float" => "a number",
        "!!timestamp" => "a point in time",
        "!!merge" => "a merge key",
        _ => "a string",
    }
}
