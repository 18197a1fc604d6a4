//! Changes of a tree that is to be written with [`node_to_yaml`](crate::node_to_yaml). What is new has the span
//! that it would have alone in a file.

use thiserror::Error;

use crate::node::Content;
use crate::resolve::{NotFinite, Scalar, resolve};
use crate::{Entry, Node, Resolution, Style};

/// A text that would make something else of a scalar that has no quotes.
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
    /// A scalar without quotes, which is what version 3 of go-yaml makes of the text. Infinity, which JSON does
    /// not have, counts as a string.
    pub fn plain(text: &str) -> Self {
        let content = Content::Scalar {
            text: text.into(),
            value: resolve_value(text).unwrap_or(Scalar::String),
        };
        let mut node = Self {
            content,
            ..Self::nothing()
        };
        node.span.bytes = 0..text.len();
        node
    }

    /// A mapping without entries, which becomes a block when it gets some.
    pub fn mapping() -> Self {
        Self {
            content: Content::Mapping(Vec::new()),
            style: Style::Block,
            ..Self::nothing()
        }
    }

    /// A list without items, which becomes a block when it gets some.
    pub fn sequence() -> Self {
        Self {
            content: Content::Sequence(Vec::new()),
            style: Style::Block,
            ..Self::nothing()
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
    /// needs them, a float that becomes whole gets a tag. Mappings and lists stay as they are.
    ///
    /// ```
    /// let mut root = towpath_yaml::parse("f.yml", "a: x\n").unwrap().remove(0).root;
    /// root.entries_mut().unwrap()[0].value.set_text("1").unwrap();
    /// assert_eq!(towpath_yaml::node_to_yaml(&root), "a: \"1\"\n");
    /// ```
    ///
    /// # Errors
    /// When the scalar is no string and the text is something else than it.
    pub fn set_text(&mut self, new: &str) -> Result<(), OtherType> {
        let expected = self.kind().describe();
        let Content::Scalar { text, value } = &mut self.content else {
            return Ok(());
        };
        let resolved = resolve_value(new);
        match (*value, resolved) {
            (Scalar::String, resolved) => {
                let needs_quotes = resolved != Ok(Scalar::String) && self.tag.is_none();
                if needs_quotes && self.style == Style::Plain {
                    self.style = Style::DoubleQuoted;
                }
            }
            #[expect(clippy::cast_precision_loss, reason = "go-yaml converts the same way")]
            (Scalar::Float(_), Ok(Scalar::Int(whole))) => {
                *value = Scalar::Float(whole as f64);
                self.tag = Some("!!float".into());
            }
            (old, Ok(new)) if old.tag() == new.tag() => *value = new,
            (_, resolved) => {
                return Err(OtherType {
                    text: new.to_owned(),
                    found: resolved.map_or("no finite number", describe),
                    expected,
                });
            }
        }
        *text = new.into();
        self.span.bytes.end = self.span.bytes.start + new.len();
        Ok(())
    }
}

/// What a text is behind a key, where go-yaml takes `<<` for a string.
fn resolve_value(text: &str) -> Result<Scalar, NotFinite> {
    match resolve(text, Resolution::GoYaml3)? {
        Scalar::Merge => Ok(Scalar::String),
        value => Ok(value),
    }
}

fn describe(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Null => "nothing",
        Scalar::Bool(_) => "a boolean",
        Scalar::Int(_) | Scalar::Float(_) => "a number",
        Scalar::String => "a string",
        Scalar::Timestamp => "a point in time",
        Scalar::Merge => "a merge key",
    }
}
