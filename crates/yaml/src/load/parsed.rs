//! What the parser says, in our words.

use granit_parser::{ScalarStyle, StructureStyle, Tag};

use crate::{Position, Span, Style};

pub(super) fn scalar_style(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
        _ => Style::Plain,
    }
}

pub(super) fn collection_style(style: StructureStyle) -> Style {
    match style {
        StructureStyle::Flow => Style::Flow,
        _ => Style::Block,
    }
}

/// A block scalar that ends with the file, where no line break is, has none for go-yaml; the parser adds one.
pub(super) fn without_added_break<'s>(
    text: &str,
    scalar: &'s str,
    style: Style,
    span: &Span,
) -> &'s str {
    let is_block = matches!(style, Style::Literal | Style::Folded);
    if !is_block || span.bytes.end != text.len() {
        return scalar;
    }
    let last_line = text.rsplit(['\n', '\r']).next().unwrap_or_default();
    let is_content = match last_line.trim_start_matches(' ').is_empty() {
        // The span begins with the first line that is not empty, behind its indentation.
        true => last_line.len() >= span.start.column as usize && scalar.contains(' '),
        false => true,
    };
    match is_content {
        true => scalar.strip_suffix('\n').unwrap_or(scalar),
        false => scalar,
    }
}

/// The parser gives `~` for a scalar where nothing stands, but perhaps an anchor.
pub(super) fn is_nothing(text: &str, scalar: &str, style: Style, span: &Span) -> bool {
    let is_written = text.as_bytes().get(span.bytes.start) == Some(&b'~') && !span.bytes.is_empty();
    style == Style::Plain && scalar == "~" && !is_written
}

pub(super) fn short_tag(tag: &Tag) -> String {
    let (handle, suffix) = tag.parts();
    let full = format!("{handle}{suffix}");
    match full.strip_prefix("tag:yaml.org,2002:") {
        Some(core) => format!("!!{core}"),
        None => full,
    }
}

pub(super) fn to_span(span: &granit_parser::Span) -> Span {
    let start = span.start.byte_offset().unwrap_or_default();
    let end = span.end.byte_offset().unwrap_or(start);
    Span {
        start: position(&span.start),
        bytes: start..end.max(start),
    }
}

pub(super) fn position(marker: &granit_parser::Marker) -> Position {
    let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Position {
        line: narrow(marker.line()).max(1),
        column: narrow(marker.col()).saturating_add(1),
    }
}
