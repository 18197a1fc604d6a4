//! Scalars: what they are by text, tag and style, once go-yaml 3 has written and read them.

use std::borrow::Cow;
use std::num::NonZeroU16;

use serde_json::Number;
use smol_str::SmolStr;
use towpath_yaml::{PlainKind, Resolution, is_string, plain_kind};

use super::{Comments, Style, write};
use crate::scalar::timestamp;

#[derive(Clone, Debug)]
pub(crate) struct Scalar {
    /// Quotes and escapes resolved.
    text: SmolStr,
    pub(crate) tag: Tag,
    pub(crate) style: Style,
    /// The other places of an object in which this very node stands.
    pub(crate) link: Option<Link>,
    pub(crate) comments: Comments,
}

/// What says what a scalar is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tag {
    /// Nothing but its text and its quotes: so it is with nodes that were made.
    #[default]
    None,
    Str,
    Int,
    Float,
    Bool,
    Null,
    Timestamp,
}

/// Names a group of nodes of one object that are one node in upstream's memory.
pub(crate) type Link = NonZeroU16;

/// What a scalar is to whoever reads the object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Meaning<'t> {
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'t, str>),
}

impl Scalar {
    /// A null of which nothing is written.
    pub(crate) const fn nothing() -> Self {
        Self {
            text: SmolStr::new_static(""),
            tag: Tag::Null,
            style: Style::PLAIN,
            link: None,
            comments: Comments::none(),
        }
    }

    /// A string, many lines as a literal block (go-yaml's `SetString`).
    pub(crate) fn string(text: impl Into<SmolStr>) -> Self {
        let text = text.into();
        let style = match text.contains('\n') {
            true => Style::LITERAL,
            false => Style::PLAIN,
        };
        Self::new(text, Tag::Str, style)
    }

    /// What its text says (kyaml's `NewScalarRNode`).
    pub(crate) fn untagged(text: impl Into<SmolStr>) -> Self {
        Self::new(text, Tag::None, Style::PLAIN)
    }

    pub(crate) fn new(text: impl Into<SmolStr>, tag: Tag, style: Style) -> Self {
        let text = text.into();
        Self {
            text,
            tag,
            style,
            link: None,
            comments: Comments::none(),
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn smol_text(&self) -> &SmolStr {
        &self.text
    }

    /// Sets the text and nothing else, as upstream does in `node.Value = ...`.
    pub(crate) fn set_text(&mut self, text: impl Into<SmolStr>) {
        self.text = text.into();
    }

    pub(crate) fn linked(self, link: Option<Link>) -> Self {
        Self { link, ..self }
    }

    pub(crate) fn is_null(&self) -> bool {
        self.tag == Tag::Null
    }

    /// kyaml's `IsYNodeString`.
    pub(crate) fn is_string(&self) -> bool {
        matches!(self.tag, Tag::Str | Tag::None)
    }

    /// What it is once go-yaml has written and read it.
    ///
    /// # Errors
    /// When its text is not what its tag says; upstream cannot read such a node.
    pub(crate) fn meaning(&self, in_flow: bool) -> Result<Meaning<'_>, String> {
        match self.tag {
            Tag::Str => Ok(self.string_meaning()),
            Tag::None if self.style.is_quoted() => Ok(self.string_meaning()),
            Tag::None => Ok(self.plain_meaning(self.plain_kind(), in_flow)),
            tag => self.tagged_meaning(tag, in_flow),
        }
    }

    /// A tag that the text has without it is not written, unless it stands in the file; then quotes make a string.
    fn tagged_meaning(&self, tag: Tag, in_flow: bool) -> Result<Meaning<'_>, String> {
        let kind = self.plain_kind();
        if !tag.fits(kind) {
            return Err(self.misfit(tag));
        }
        if self.style.has(Style::TAGGED) || tag != Tag::of_kind(kind) {
            return Ok(self.meaning_of(kind));
        }
        Ok(match self.style.is_quoted() {
            true => self.string_meaning(),
            false => self.plain_meaning(kind, in_flow),
        })
    }

    fn string_meaning(&self) -> Meaning<'_> {
        Meaning::String(match self.style.has(Style::FOLDED) {
            true => write::folded(&self.text),
            false => Cow::Borrowed(&self.text),
        })
    }

    /// Of a scalar without quotes. Brackets around it may give it some: where nothing stands, and where a time of day
    /// does.
    fn plain_meaning(&self, kind: Option<PlainKind>, in_flow: bool) -> Meaning<'_> {
        match in_flow && (self.text.is_empty() || self.text.contains(':')) {
            true => self.as_text(),
            false => self.meaning_of(kind),
        }
    }

    fn meaning_of(&self, kind: Option<PlainKind>) -> Meaning<'_> {
        match kind {
            Some(PlainKind::Null) => Meaning::Null,
            Some(PlainKind::Bool(value)) => Meaning::Bool(value),
            Some(PlainKind::Int(value)) => match self.tag {
                #[expect(clippy::cast_precision_loss, reason = "go-yaml converts the same way")]
                Tag::Float => float(value as f64),
                _ => Number::from_i128(value).map_or(Meaning::Null, Meaning::Number),
            },
            Some(PlainKind::Float(value)) => float(value),
            Some(PlainKind::Timestamp) => Meaning::String(Cow::Owned(timestamp(&self.text))),
            Some(PlainKind::String | PlainKind::Merge) | None => self.as_text(),
        }
    }

    fn plain_kind(&self) -> Option<PlainKind> {
        plain_kind(&self.text, Resolution::GoYaml3)
    }

    fn as_text(&self) -> Meaning<'_> {
        Meaning::String(Cow::Borrowed(&self.text))
    }

    fn misfit(&self, tag: Tag) -> String {
        format!(
            "cannot put `{}` in the place of {}, which is not a text",
            self.text,
            tag.describe()
        )
    }

    /// Gives it double quotes if it is a string and YAML 1.1 would read something else (kyaml's `FieldSetter`).
    pub(crate) fn quote_if_needed(&mut self) {
        if self.is_string()
            && self.style == Style::PLAIN
            && crate::scalar::is_other_in_yaml_1_1(&self.text)
        {
            self.style = Style::DOUBLE;
        }
    }
}

impl PartialEq for Scalar {
    /// Links and comments apart.
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.tag, self.style) == (&other.text, other.tag, other.style)
    }
}

impl Tag {
    /// What go-yaml gives a scalar without quotes and tag.
    pub(crate) fn of_plain(text: &str) -> Self {
        Self::of_kind(plain_kind(text, Resolution::GoYaml3))
    }

    fn of_kind(kind: Option<PlainKind>) -> Self {
        match kind {
            Some(PlainKind::Null) => Tag::Null,
            Some(PlainKind::Bool(_)) => Tag::Bool,
            Some(PlainKind::Int(_)) => Tag::Int,
            Some(PlainKind::Float(_)) => Tag::Float,
            Some(PlainKind::Timestamp) => Tag::Timestamp,
            Some(PlainKind::String | PlainKind::Merge) | None => Tag::Str,
        }
    }

    /// Whether go-yaml reads a text of this kind with this tag in front.
    fn fits(self, kind: Option<PlainKind>) -> bool {
        match self {
            Tag::None | Tag::Str => true,
            Tag::Int => matches!(kind, Some(PlainKind::Int(_))),
            Tag::Float => matches!(kind, Some(PlainKind::Int(_) | PlainKind::Float(_))),
            Tag::Bool => matches!(kind, Some(PlainKind::Bool(_))),
            Tag::Null => kind == Some(PlainKind::Null),
            Tag::Timestamp => kind == Some(PlainKind::Timestamp),
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Tag::None | Tag::Str => "a text",
            Tag::Int | Tag::Float => "a number",
            Tag::Bool => "a boolean",
            Tag::Null => "a null",
            Tag::Timestamp => "a point in time",
        }
    }
}

/// Whether a text without quotes and tag is a string.
pub(crate) fn is_plain_string(text: &str) -> bool {
    is_string(text, Resolution::GoYaml3)
}

fn float(value: f64) -> Meaning<'static> {
    Number::from_f64(value).map_or(Meaning::Null, Meaning::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn meaning(text: &str, tag: Tag, style: Style, in_flow: bool) -> Option<Json> {
        let scalar = Scalar::new(text, tag, style);
        scalar.meaning(in_flow).ok().map(Json::from)
    }

    #[test]
    fn text_tag_and_style_say_what_a_scalar_is() {
        let (plain, quoted) = (Style::PLAIN, Style::DOUBLE);
        for (text, tag, style, is) in [
            ("1", Tag::Str, plain, json!("1")),
            ("1", Tag::None, plain, json!(1)),
            ("1", Tag::None, quoted, json!("1")),
            ("1", Tag::Int, plain, json!(1)),
            ("1", Tag::Int, quoted, json!("1")),
            ("1", Tag::Int, quoted.with(Style::TAGGED), json!(1)),
            ("1", Tag::Float, quoted, json!(1.0)),
            ("1.5", Tag::Float, quoted, json!("1.5")),
            ("0x10", Tag::Int, plain, json!(16)),
            ("on", Tag::None, plain, json!("on")),
            ("~", Tag::Null, plain, json!(null)),
            ("", Tag::None, plain, json!(null)),
            ("2001-2-3", Tag::None, plain, json!("2001-02-03T00:00:00Z")),
            ("2001-2-3", Tag::Str, plain, json!("2001-2-3")),
        ] {
            assert_eq!(
                meaning(text, tag, style, false),
                Some(is),
                "{text} {tag:?} {style:?}"
            );
        }
        for (text, tag) in [
            ("a", Tag::Int),
            ("1.5", Tag::Int),
            ("", Tag::Bool),
            ("x", Tag::Null),
        ] {
            assert_eq!(meaning(text, tag, plain, false), None, "{text} {tag:?}");
        }
    }

    #[test]
    fn brackets_give_quotes_to_nothing_and_to_times_of_day() {
        let time = "2001-02-03T04:05:06Z";
        assert_eq!(meaning("", Tag::Null, Style::PLAIN, true), Some(json!("")));
        assert_eq!(
            meaning(time, Tag::None, Style::PLAIN, true),
            Some(json!(time))
        );
    }
}
