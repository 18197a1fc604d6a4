//! A text as `granit-parser` reads it, which is YAML 1.2.

use granit_parser::{Event as Found, Options, Parser, ScalarStyle, ScanError, StrInput};
use granit_parser::{StructureStyle, Tag};
use towpath_model::Diagnostic;

use super::event::{Anchor, Event, Spanned};
use crate::limits::MAX_NODES;
use crate::{Position, Span, Style};

pub(super) struct Granit<'t> {
    text: &'t str,
    parser: Parser<'t, StrInput<'t>>,
}

impl<'t> Granit<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let mut options = Options::default();
        options.max_buffered_comment_events = MAX_NODES;
        let parser = Parser::new_from_str_with_options(text, options);
        Self { text, parser }
    }

    pub(super) fn next(&mut self, file: &str) -> Result<Option<Spanned<'t>>, Diagnostic> {
        loop {
            let (found, at) = match self.parser.next_event() {
                None | Some(Ok((Found::StreamEnd, _))) => return Ok(None),
                Some(found) => found.map_err(|error| syntax_error(file, &error))?,
            };
            if let Some(event) = self.event(found, to_span(&at)) {
                return Ok(Some(event));
            }
        }
    }

    fn event(&self, found: Found<'t>, span: Span) -> Option<Spanned<'t>> {
        let event = match found {
            Found::DocumentEnd => Event::DocumentEnd,
            Found::Comment(text, _) => Event::Comment(text.into_owned()),
            Found::Alias(id) => Event::Alias(Anchor(id)),
            Found::Scalar(text, style, id, tag) => {
                let style = scalar_style(style);
                let is_nothing = is_nothing(self.text, &text, style, &span);
                let length = length_in_text(self.text, &text, style, &span);
                let tag = tag.as_deref().map(short_tag);
                let length = if is_nothing && tag.is_some() {
                    0
                } else {
                    length
                };
                let mut text = text;
                if length < text.len() {
                    text.to_mut().truncate(length);
                }
                let anchor = anchor(id);
                let scalar = Event::Scalar {
                    text,
                    style,
                    anchor,
                    tag,
                };
                let span = if is_nothing { empty(span) } else { span };
                return Some((scalar, span));
            }
            Found::SequenceStart(style, id, _) => {
                Event::SequenceStart(collection_style(style), anchor(id))
            }
            Found::SequenceEnd => Event::SequenceEnd,
            Found::MappingStart(style, id, _) => {
                Event::MappingStart(collection_style(style), anchor(id))
            }
            Found::MappingEnd => Event::MappingEnd,
            _ => return None,
        };
        Some((event, span))
    }
}

fn syntax_error(file: &str, error: &ScanError) -> Diagnostic {
    let at = position(error.marker());
    let message = format!("not valid YAML: {}", error.info());
    Diagnostic::new(at.location(file), message)
}

/// The parser has 0 for none.
fn anchor(id: usize) -> Option<Anchor> {
    (id != 0).then_some(Anchor(id))
}

fn scalar_style(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
        _ => Style::Plain,
    }
}

fn collection_style(style: StructureStyle) -> Style {
    match style {
        StructureStyle::Flow => Style::Flow,
        _ => Style::Block,
    }
}

/// A block scalar that ends with the file, where no line break is, has none for go-yaml; the parser adds one.
fn length_in_text(text: &str, scalar: &str, style: Style, span: &Span) -> usize {
    let is_block = matches!(style, Style::Literal | Style::Folded);
    if !is_block || span.bytes.end != text.len() {
        return scalar.len();
    }
    let last_line = text.rsplit(['\n', '\r']).next().unwrap_or_default();
    let is_content = match last_line.trim_start_matches(' ').is_empty() {
        // The span begins with the first line that is not empty, behind its indentation.
        true => last_line.len() >= span.start.column as usize && scalar.contains(' '),
        false => true,
    };
    match is_content {
        true => scalar.strip_suffix('\n').unwrap_or(scalar).len(),
        false => scalar.len(),
    }
}

/// The parser gives `~` for a scalar where nothing stands, but perhaps an anchor.
fn is_nothing(text: &str, scalar: &str, style: Style, span: &Span) -> bool {
    let is_written = text.as_bytes().get(span.bytes.start) == Some(&b'~') && !span.bytes.is_empty();
    style == Style::Plain && scalar == "~" && !is_written
}

fn empty(span: Span) -> Span {
    Span {
        bytes: span.bytes.end..span.bytes.end,
        ..span
    }
}

fn short_tag(tag: &Tag) -> String {
    let (handle, suffix) = tag.parts();
    let full = format!("{handle}{suffix}");
    match full.strip_prefix("tag:yaml.org,2002:") {
        Some(core) => format!("!!{core}"),
        None => full,
    }
}

fn to_span(span: &granit_parser::Span) -> Span {
    let start = span.start.byte_offset().unwrap_or_default();
    let end = span.end.byte_offset().unwrap_or(start);
    Span {
        start: position(&span.start),
        bytes: start..end.max(start),
    }
}

fn position(marker: &granit_parser::Marker) -> Position {
    let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Position {
        line: narrow(marker.line()).max(1),
        column: narrow(marker.col()).saturating_add(1),
    }
}
