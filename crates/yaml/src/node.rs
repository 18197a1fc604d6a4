use std::ops::Range;

use smol_str::SmolStr;
use towpath_model::Location;

use crate::resolve::PlainKind;

/// One document of a file. An empty document has a null root.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// What it holds.
    pub root: Node,
    /// In the order of the file; those before the first `---` belong to the first document.
    pub comments: Vec<Comment>,
}

/// A comment's text after the `#`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Without the `#`.
    pub text: String,
    /// From the `#` to the end of the line.
    pub span: Span,
}

/// Line and column in characters, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
}

/// Where something stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// For people.
    pub start: Position,
    /// Of the UTF-8 text.
    pub bytes: Range<usize>,
}

/// How a node is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A scalar without quotes.
    Plain,
    /// `'`
    SingleQuoted,
    /// `"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// A mapping or sequence by indentation.
    Block,
    /// A mapping or sequence in braces or brackets.
    Flow,
}

/// A value and where it stands. Aliases are replaced by what they stand for, merge keys by what they merge;
/// such nodes keep the span of their definition.
///
/// ```
/// use towpath_yaml::{Kind, parse};
/// let documents = parse("web.yml", "spec:\n  ports: [80, 'http']  # both\n").unwrap();
/// let ports = documents[0].root.at(&["spec", "ports"]).unwrap();
/// assert_eq!(ports.location("web.yml").to_string(), "web.yml:2:10");
/// assert_eq!(ports.items()[0].kind(), Kind::Int(80));
/// assert_eq!(ports.items()[1].as_str(), Some("http"));
/// assert_eq!(documents[0].comments[0].text, " both");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub(crate) content: Content,
    pub(crate) style: Style,
    /// Whether a tag stands in front of a scalar.
    pub(crate) is_tagged: bool,
    pub(crate) span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Scalar { text: SmolStr, value: PlainKind },
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// A key, always a scalar other than null, and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// A scalar.
    pub key: Node,
    /// Anything.
    pub value: Node,
}

/// What a node is, by the [`Resolution`](crate::Resolution) it was parsed with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind<'a> {
    /// `null`, `~` or nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// From `i64::MIN` to `u64::MAX`.
    Int(i128),
    /// Always finite.
    Float(f64),
    /// A string; a point in time is one too.
    String(&'a str),
    /// A list.
    Sequence(&'a [Node]),
    /// A mapping, in the order of the file.
    Mapping(&'a [Entry]),
}

impl Kind<'_> {
    /// For messages: `expected a list, found a mapping`.
    pub fn describe(&self) -> &'static str {
        match self {
            Kind::Null => "nothing",
            Kind::Bool(_) => "a boolean",
            Kind::Int(_) | Kind::Float(_) => "a number",
            Kind::String(_) => "a string",
            Kind::Sequence(_) => "a list",
            Kind::Mapping(_) => "a mapping",
        }
    }
}

impl Node {
    /// What an empty file holds.
    pub(crate) fn nothing() -> Self {
        Self {
            content: Content::Scalar {
                text: "".into(),
                value: PlainKind::Null,
            },
            style: Style::Plain,
            is_tagged: false,
            span: Span {
                start: Position { line: 1, column: 1 },
                bytes: 0..0,
            },
        }
    }

    /// What it is.
    pub fn kind(&self) -> Kind<'_> {
        match &self.content {
            Content::Sequence(items) => Kind::Sequence(items),
            Content::Mapping(entries) => Kind::Mapping(entries),
            Content::Scalar { text, value } => match value {
                PlainKind::Null => Kind::Null,
                PlainKind::Bool(value) => Kind::Bool(*value),
                PlainKind::Int(value) => Kind::Int(*value),
                PlainKind::Float(value) => Kind::Float(*value),
                PlainKind::String | PlainKind::Timestamp | PlainKind::Merge => Kind::String(text),
            },
        }
    }

    /// The string, if this is one: `8080` and `true` are not, `"8080"` is.
    pub fn as_str(&self) -> Option<&str> {
        match self.kind() {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// The text of any scalar as it is written, quotes and escapes resolved: `1.10` is `1.10`.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Whether it is null, however that is written.
    pub fn is_null(&self) -> bool {
        self.kind() == Kind::Null
    }

    /// The entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.content {
            Content::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a sequence; none for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.content {
            Content::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The value under `key` of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let entry = self.entries().iter().find(|entry| entry.name() == key)?;
        Some(&entry.value)
    }

    /// Follows keys, and numbers (from 0) into sequences: `["spec", "containers", "0", "image"]`.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, step| match node.kind() {
            Kind::Sequence(items) => items.get(step.parse::<usize>().ok()?),
            _ => node.get(step),
        })
    }

    /// Whether go-yaml takes this scalar for a point in time; here it is a string.
    pub fn is_timestamp(&self) -> bool {
        matches!(
            self.content,
            Content::Scalar {
                value: PlainKind::Timestamp,
                ..
            }
        )
    }

    /// Whether it is a scalar with a tag in front, such as `!!str`.
    pub fn is_tagged(&self) -> bool {
        self.is_tagged
    }

    /// How it is written.
    pub fn style(&self) -> Style {
        self.style
    }

    /// Where it stands.
    pub fn span(&self) -> &Span {
        &self.span
    }

    /// Where the node begins, in `file`.
    pub fn location(&self, file: &str) -> Location {
        self.span.start.location(file)
    }
}

impl Entry {
    /// The key as it is written.
    pub fn name(&self) -> &str {
        self.key.text().unwrap_or_default()
    }
}

impl Position {
    /// The position in `file`, for diagnostics.
    pub fn location(self, file: &str) -> Location {
        Location {
            file: file.to_owned(),
            line: self.line,
            column: self.column,
        }
    }
}
