use granit_parser::{Event, Options, Parser, StructureStyle};
use towpath_model::Diagnostic;

use super::{Content, Document, Entry, Node, Tag};
use crate::limits::{MAX_DEPTH, MAX_NODES, MAX_SCALAR_BYTES};
use crate::load::parsed::{
    collection_style, is_nothing, scalar_style, short_tag, to_span, without_added_break,
};
use crate::load::{check_size, syntax_error};
use crate::resolve::{Resolution, resolve};
use crate::{Comment, Span, Style};

/// Reads all documents of a text as they are written. `file` only names it in diagnostics.
///
/// # Errors
/// What is not YAML, an alias of an unknown anchor, anchors of other characters than letters, digits, `-` and `_`
/// (which go-yaml does not take), and what goes beyond [`limits`](crate::limits).
pub fn parse(file: &str, text: &str) -> Result<Vec<Document>, Diagnostic> {
    check_size(file, text)?;
    Reader::new(file, text).documents()
}

struct Reader<'t> {
    file: &'t str,
    text: &'t str,
    events: Parser<'t, granit_parser::StrInput<'t>>,
    comments: Vec<Comment>,
    nodes: usize,
    bytes: usize,
}

type Spanned<'t> = (Event<'t>, granit_parser::Span);

impl<'t> Reader<'t> {
    fn new(file: &'t str, text: &'t str) -> Self {
        let mut options = Options::default();
        options.max_buffered_comment_events = MAX_NODES;
        options.emit_anchor_events = true;
        Self {
            file,
            text,
            events: Parser::new_from_str_with_options(text, options),
            comments: Vec::new(),
            nodes: 0,
            bytes: 0,
        }
    }

    fn documents(&mut self) -> Result<Vec<Document>, Diagnostic> {
        let mut documents: Vec<Document> = Vec::new();
        while let Some((event, span)) = self.next()? {
            match event {
                Event::StreamEnd => break,
                Event::StreamStart | Event::DocumentStart(..) => {}
                Event::DocumentEnd => self.end_document(&mut documents),
                event => {
                    let root = self.node(event, &span, 1)?;
                    let comments = std::mem::take(&mut self.comments);
                    documents.push(Document {
                        root,
                        comments,
                        head: String::new(),
                        foot: String::new(),
                    });
                }
            }
        }
        self.end_document(&mut documents);
        Ok(documents)
    }

    fn end_document(&mut self, documents: &mut [Document]) {
        if let Some(document) = documents.last_mut() {
            document.comments.append(&mut self.comments);
        }
    }

    /// The next event that is not a comment.
    fn next(&mut self) -> Result<Option<Spanned<'t>>, Diagnostic> {
        loop {
            match self.events.next_event() {
                None => return Ok(None),
                Some(Err(error)) => return Err(syntax_error(self.file, &error)),
                Some(Ok((Event::Comment(text, _), span))) => {
                    let text = text.into_owned();
                    let span = to_span(&span);
                    self.comments.push(Comment { text, span });
                }
                Some(Ok(event)) => return Ok(Some(event)),
            }
        }
    }

    fn node(
        &mut self,
        event: Event<'t>,
        at: &granit_parser::Span,
        depth: usize,
    ) -> Result<Node, Diagnostic> {
        let span = to_span(at);
        self.charge(&span, depth)?;
        match event {
            Event::Alias(_) => self.alias(&span),
            Event::Scalar(text, style, anchor, tag) => {
                let style = scalar_style(style);
                let text = match is_nothing(self.text, &text, style, &span) {
                    true => "",
                    false => without_added_break(self.text, &text, style, &span),
                };
                self.bytes += text.len();
                let tag = explicit(tag.as_deref()).unwrap_or_else(|| implied(text, style));
                let anchor = self.anchor(anchor, &span)?;
                Ok(node(Content::Scalar(text.into()), style, tag, anchor))
            }
            Event::SequenceStart(style, anchor, tag) => {
                let tag = explicit(tag.as_deref()).unwrap_or(Tag::Implied("!!seq"));
                let anchor = self.anchor(anchor, &span)?;
                let items = self.items(depth)?;
                Ok(collection(Content::Sequence(items), style, tag, anchor))
            }
            Event::MappingStart(style, anchor, tag) => {
                let tag = explicit(tag.as_deref()).unwrap_or(Tag::Implied("!!map"));
                let anchor = self.anchor(anchor, &span)?;
                let entries = self.entries(depth)?;
                Ok(collection(Content::Mapping(entries), style, tag, anchor))
            }
            other => Err(self.error(&span, format!("unexpected {other:?}"))),
        }
    }

    fn items(&mut self, depth: usize) -> Result<Vec<Node>, Diagnostic> {
        let mut items = Vec::new();
        while let Some((event, span)) = self.next()? {
            if event == Event::SequenceEnd {
                break;
            }
            items.push(self.node(event, &span, depth + 1)?);
        }
        Ok(items)
    }

    fn entries(&mut self, depth: usize) -> Result<Vec<Entry>, Diagnostic> {
        let mut entries = Vec::new();
        while let Some((event, span)) = self.next()? {
            if event == Event::MappingEnd {
                break;
            }
            let key = self.node(event, &span, depth + 1)?;
            let Some((event, span)) = self.next()? else {
                break;
            };
            let value = self.node(event, &span, depth + 1)?;
            entries.push(Entry { key, value });
        }
        Ok(entries)
    }

    fn alias(&self, span: &Span) -> Result<Node, Diagnostic> {
        let written = self.text.get(span.bytes.clone()).unwrap_or_default();
        let name = self.name(written.trim_start_matches('*'), span)?;
        let content = Content::Alias(name);
        Ok(node(content, Style::Plain, Tag::Undecided, None))
    }

    /// The anchor of the node whose event came just now.
    fn anchor(&mut self, id: usize, span: &Span) -> Result<Option<Box<str>>, Diagnostic> {
        if id == 0 {
            return Ok(None);
        }
        match self.next()? {
            Some((Event::Anchor(_, name), at)) => self.name(&name, &to_span(&at)).map(Some),
            _ => Err(self.error(span, "the anchor has no name".to_owned())),
        }
    }

    fn name(&self, name: &str, span: &Span) -> Result<Box<str>, Diagnostic> {
        let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        match !name.is_empty() && name.bytes().all(is_usual) {
            true => Ok(name.into()),
            false => {
                let message = "the name of an anchor has letters, digits, `-` and `_` only";
                Err(self.error(span, message.to_owned()))
            }
        }
    }

    fn charge(&mut self, at: &Span, depth: usize) -> Result<(), Diagnostic> {
        self.nodes += 1;
        let problem = if depth > MAX_DEPTH {
            format!("mappings and lists are nested deeper than {MAX_DEPTH}")
        } else if self.nodes > MAX_NODES {
            format!("the file has more than {MAX_NODES} values")
        } else if self.bytes > MAX_SCALAR_BYTES {
            format!("the file has more than {MAX_SCALAR_BYTES} bytes of text")
        } else {
            return Ok(());
        };
        Err(self.error(at, problem))
    }

    fn error(&self, at: &Span, message: String) -> Diagnostic {
        Diagnostic::new(at.start.location(self.file), message)
    }
}

/// go-yaml takes `!` alone for no tag.
fn explicit(tag: Option<&granit_parser::Tag>) -> Option<Tag> {
    let tag = tag.map(short_tag).filter(|tag| tag != "!")?;
    Some(Tag::Explicit(tag.into()))
}

fn implied(text: &str, style: Style) -> Tag {
    Tag::Implied(match style {
        Style::Plain => plain_tag(text),
        _ => "!!str",
    })
}

/// Infinity and what is no number are floats for go-yaml.
pub(crate) fn plain_tag(text: &str) -> &'static str {
    resolve(text, Resolution::GoYaml3).map_or("!!float", crate::resolve::Scalar::tag)
}

fn collection(content: Content, style: StructureStyle, tag: Tag, anchor: Option<Box<str>>) -> Node {
    node(content, collection_style(style), tag, anchor)
}

fn node(content: Content, style: Style, tag: Tag, anchor: Option<Box<str>>) -> Node {
    Node {
        content,
        style,
        tag,
        anchor,
        comments: None,
    }
}
