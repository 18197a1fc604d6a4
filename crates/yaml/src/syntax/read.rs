//! Makes nodes of what stands in a text (`parser` of `decode.go`).

use std::collections::HashSet;
use std::vec::IntoIter;

use smol_str::SmolStr;
use towpath_model::Diagnostic;

use super::{Comments, Content, Document, Entry, Node, Tag};
use crate::go_yaml::{Event, EventKind, Properties, events, short_tag};
use crate::load::{START, check_size};
use crate::resolve::{Resolution, resolve};
use crate::{Position, Style};

/// Reads all documents of a text as they are written, exactly as version 3 of go-yaml does, which is YAML 1.1 with
/// exceptions. Comments are where go-yaml puts them. `file` only names it in diagnostics.
///
/// ```
/// use towpath_yaml::{document_to_yaml, syntax::parse};
/// let text = "a:   1   # one\n\n# two\nb: 2\n";
/// let documents = parse("f.yml", text).unwrap();
/// assert_eq!(document_to_yaml(&documents[0]), "a: 1 # one\n# two\nb: 2\n");
/// ```
///
/// # Errors
/// What go-yaml refuses, in all documents: what is not YAML, an alias of an unknown anchor, anchors of other
/// characters than letters, digits, `-` and `_`, control characters. What goes beyond [`limits`](crate::limits). And a
/// byte order mark behind the start of a text, where go-yaml may lose characters.
pub fn parse(file: &str, text: &str) -> Result<Vec<Document>, Diagnostic> {
    check_size(file, text)?;
    let (events, _) = events(text).map_err(|problem| problem.diagnostic(file))?;
    Composer::new(file, events).documents()
}

struct Composer<'f> {
    file: &'f str,
    events: IntoIter<Event>,
    /// So far in this document.
    anchors: HashSet<Box<str>>,
}

impl<'f> Composer<'f> {
    fn new(file: &'f str, events: Vec<Event>) -> Self {
        Self {
            file,
            events: events.into_iter(),
            anchors: HashSet::new(),
        }
    }

    fn documents(&mut self) -> Result<Vec<Document>, Diagnostic> {
        let mut documents = Vec::new();
        while let Some(start) = self.events.next() {
            self.anchors.clear();
            let root = self.next_node()?;
            let end = self.next()?;
            documents.push(Document {
                root,
                head: start.comments.unwrap_or_default().head,
                foot: end.comments.unwrap_or_default().foot,
            });
        }
        Ok(documents)
    }

    fn next(&mut self) -> Result<Event, Diagnostic> {
        let cut_off = || Diagnostic::new(START.location(self.file), "the text is cut off");
        self.events.next().ok_or_else(cut_off)
    }

    fn next_node(&mut self) -> Result<Node, Diagnostic> {
        let event = self.next()?;
        self.node(event)
    }

    fn node(&mut self, event: Event) -> Result<Node, Diagnostic> {
        let Event {
            kind,
            properties,
            comments,
            span,
        } = event;
        self.anchors.extend(properties.anchor.clone());
        match kind {
            EventKind::Scalar { text, style } => Ok(scalar(text, style, properties, comments)),
            EventKind::Alias(name) => self.alias(name, comments, span.start),
            EventKind::SequenceStart(style) => {
                let (items, end) = self.items()?;
                let tag = tag(properties.tag.as_deref(), "!!seq");
                let content = Content::Sequence(items);
                let comments = with_end(comments, end);
                Ok(node(content, style, tag, properties.anchor, comments))
            }
            EventKind::MappingStart(style) => {
                let (entries, end) = self.entries(style)?;
                let tag = tag(properties.tag.as_deref(), "!!map");
                let content = Content::Mapping(entries);
                let comments = with_end(comments, end);
                Ok(node(content, style, tag, properties.anchor, comments))
            }
            EventKind::DocumentStart
            | EventKind::DocumentEnd
            | EventKind::SequenceEnd
            | EventKind::MappingEnd => Err(Diagnostic::new(
                span.start.location(self.file),
                "expected a value",
            )),
        }
    }

    fn alias(
        &self,
        name: Box<str>,
        comments: Option<Box<Comments>>,
        at: Position,
    ) -> Result<Node, Diagnostic> {
        if !self.anchors.contains(&name) {
            let message = format!("not valid YAML: no anchor `{name}` stands before this alias");
            return Err(Diagnostic::new(at.location(self.file), message));
        }
        let content = Content::Alias(name);
        Ok(node(content, Style::Plain, Tag::Undecided, None, comments))
    }

    /// With the comments at their end.
    fn items(&mut self) -> Result<(Vec<Node>, Option<Box<Comments>>), Diagnostic> {
        let mut items = Vec::new();
        loop {
            let event = self.next()?;
            if matches!(event.kind, EventKind::SequenceEnd) {
                return Ok((items, event.comments));
            }
            items.push(self.node(event)?);
        }
    }

    /// With the comments at their end.
    fn entries(&mut self, style: Style) -> Result<(Vec<Entry>, Option<Box<Comments>>), Diagnostic> {
        let mut entries: Vec<Entry> = Vec::new();
        let is_block = style != Style::Flow;
        loop {
            let event = self.next()?;
            if matches!(event.kind, EventKind::MappingEnd) {
                let mut end = event.comments.unwrap_or_default();
                if let (true, Some(last)) = (is_block && !end.foot.is_empty(), entries.last_mut()) {
                    set_foot(&mut last.key, std::mem::take(&mut end.foot));
                }
                return Ok((entries, end.boxed()));
            }
            let mut key = self.node(event)?;
            if let (true, Some(previous)) = (is_block, entries.last_mut()) {
                move_foot(&mut key, &mut previous.key);
            }
            let mut value = self.next_node()?;
            if key.comments().foot.is_empty() {
                move_foot(&mut value, &mut key);
            }
            entries.push(Entry { key, value });
        }
    }
}

fn scalar(
    text: SmolStr,
    style: Style,
    properties: Properties,
    comments: Option<Box<Comments>>,
) -> Node {
    let implied = match style {
        Style::Plain => plain_tag(&text),
        _ => "!!str",
    };
    let tag = tag(properties.tag.as_deref(), implied);
    let content = Content::Scalar(text);
    node(content, style, tag, properties.anchor, comments)
}

fn tag(written: Option<&str>, implied: &'static str) -> Tag {
    match written.and_then(short_tag) {
        None => Tag::Implied(implied),
        Some(tag) => Tag::Explicit(tag.into()),
    }
}

/// Infinity and what is no number are floats for go-yaml.
pub(crate) fn plain_tag(text: &str) -> &'static str {
    resolve(text, Resolution::GoYaml3).map_or("!!float", crate::resolve::PlainKind::tag)
}

/// What stands above the end of a list or a mapping is lost.
fn with_end(start: Option<Box<Comments>>, end: Option<Box<Comments>>) -> Option<Box<Comments>> {
    let head = start.map_or_else(String::new, |start| start.head);
    let end = end.map_or_else(Comments::default, |end| *end);
    Comments { head, ..end }.boxed()
}

/// Moves what stands below a node in the place of what stands below another.
fn move_foot(from: &mut Node, to: &mut Node) {
    if from.comments().foot.is_empty() {
        return;
    }
    let mut comments = from.comments().clone();
    let foot = std::mem::take(&mut comments.foot);
    from.set_comments(comments);
    set_foot(to, foot);
}

fn set_foot(node: &mut Node, foot: String) {
    let head_and_line = node.comments().clone();
    node.set_comments(Comments {
        foot,
        ..head_and_line
    });
}

fn node(
    content: Content,
    style: Style,
    tag: Tag,
    anchor: Option<Box<str>>,
    comments: Option<Box<Comments>>,
) -> Node {
    Node {
        content,
        style,
        tag,
        anchor,
        comments,
    }
}
