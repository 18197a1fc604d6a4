//! YAML as it is written: anchors, aliases and merge keys are nodes like any other, a key may stand twice or be a
//! list. This is what go-yaml 3 reads into its own nodes; programs that change a few of them and write the rest
//! back show it to their users.

mod aliases;
mod change;
mod read;

use smol_str::SmolStr;

use crate::Style;

pub use change::OtherType;
pub(crate) use change::written_tag;
pub use read::parse;

/// One document of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// What it holds. An empty document has a null.
    pub root: Node,
    /// Comments above the document.
    pub(crate) head: String,
    /// Comments below the document.
    pub(crate) foot: String,
}

/// A node of a text.
///
/// ```
/// use towpath_yaml::syntax::{Kind, parse};
/// let documents = parse("f.yml", "base: &b {a: 1}\nweb:\n  <<: *b\n").unwrap();
/// let web = documents[0].root.get("web").unwrap();
/// assert_eq!(web.get("<<").unwrap().kind(), Kind::Alias("b"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub(crate) content: Content,
    pub(crate) style: Style,
    pub(crate) tag: Tag,
    pub(crate) anchor: Option<Box<str>>,
    pub(crate) comments: Option<Box<Comments>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    /// Quotes and escapes resolved; empty where nothing stands.
    Scalar(SmolStr),
    /// The name of an anchor.
    Alias(Box<str>),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// What says what a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    /// Nothing: whoever reads the text decides. So it is with nodes that were made.
    Undecided,
    /// What a scalar was by its text and quotes when it was read. It stays so when it gets another text.
    Implied(&'static str),
    /// Written in front, as go-yaml shortens it: `!!str`, `!Ref`.
    Explicit(Box<str>),
}

/// Comments that belong to a node, without the end of their last line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comments {
    /// On lines of their own before it.
    pub head: String,
    /// Behind it.
    pub line: String,
    /// On lines of their own after it.
    pub foot: String,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Anything.
    pub key: Node,
    /// Anything.
    pub value: Node,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind<'a> {
    /// Its text, quotes and escapes resolved.
    Scalar(&'a str),
    /// The name of the anchor that it stands for.
    Alias(&'a str),
    /// A list.
    Sequence(&'a [Node]),
    /// A mapping, in the order of the text.
    Mapping(&'a [Entry]),
}

impl Kind<'_> {
    /// For messages: `expected a list, found a mapping`.
    pub fn describe(&self) -> &'static str {
        match self {
            Kind::Scalar(_) => "a scalar",
            Kind::Alias(_) => "an alias",
            Kind::Sequence(_) => "a list",
            Kind::Mapping(_) => "a mapping",
        }
    }
}

impl Comments {
    /// None where there are none.
    pub(crate) fn boxed(self) -> Option<Box<Self>> {
        (self != NO_COMMENTS).then(|| Box::new(self))
    }

    pub(crate) fn of_head(head: String) -> Option<Box<Self>> {
        let comments = Self {
            head,
            ..Self::default()
        };
        comments.boxed()
    }
}

static NO_COMMENTS: Comments = Comments {
    head: String::new(),
    line: String::new(),
    foot: String::new(),
};

impl Node {
    /// Those that belong to it, without those of what is in it.
    pub fn comments(&self) -> &Comments {
        self.comments.as_deref().unwrap_or(&NO_COMMENTS)
    }

    /// Gives it other comments.
    pub fn set_comments(&mut self, comments: Comments) {
        self.comments = comments.boxed();
    }

    /// What it is.
    pub fn kind(&self) -> Kind<'_> {
        match &self.content {
            Content::Scalar(text) => Kind::Scalar(text),
            Content::Alias(name) => Kind::Alias(name),
            Content::Sequence(items) => Kind::Sequence(items),
            Content::Mapping(entries) => Kind::Mapping(entries),
        }
    }

    /// Whether it is a scalar that was null when it was read, or has the tag `!!null`. One that was made is not.
    pub fn is_null(&self) -> bool {
        self.tag.name() == "!!null"
    }

    /// Whether it is a scalar that was a string when it was read, or has the tag `!!str`.
    pub fn is_string(&self) -> bool {
        self.tag.name() == "!!str"
    }

    /// Whether it is `<<` without quotes, or has the tag `!!merge`.
    pub fn is_merge(&self) -> bool {
        self.tag.name() == "!!merge"
    }

    /// The text of a scalar, quotes and escapes resolved.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// How it is written.
    pub fn style(&self) -> Style {
        self.style
    }

    /// The tag that stands in front of it, as go-yaml shortens it, such as `!!str` or `!Ref`.
    pub fn tag(&self) -> Option<&str> {
        match &self.tag {
            Tag::Explicit(tag) => Some(tag),
            Tag::Undecided | Tag::Implied(_) => None,
        }
    }

    /// The name that aliases have for it.
    pub fn anchor(&self) -> Option<&str> {
        self.anchor.as_deref()
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.content {
            Content::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.content {
            Content::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The value under the first such key of a mapping itself, not of what it merges.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let entry = self.entries().iter().find(|entry| entry.name() == key)?;
        Some(&entry.value)
    }
}

impl Entry {
    /// The key's text, or for an alias the name of its anchor; empty where the key is a mapping or a list.
    pub fn name(&self) -> &str {
        match self.key.kind() {
            Kind::Scalar(name) | Kind::Alias(name) => name,
            Kind::Sequence(_) | Kind::Mapping(_) => "",
        }
    }
}

impl Tag {
    /// Empty where there is none.
    pub(crate) fn name(&self) -> &str {
        match self {
            Tag::Undecided => "",
            Tag::Implied(name) => name,
            Tag::Explicit(name) => name,
        }
    }
}
