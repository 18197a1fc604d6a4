//! Lists and mappings by indentation.

use serde_json::Value;

use super::Splice;
use super::written::{in_block, in_flow};
use crate::{Entry, Node, Style};

/// A new entry, before the first key that is greater where the keys are sorted.
pub(super) fn entry(
    text: &str,
    root: &Node,
    mapping: &Node,
    is_root: bool,
    key: &str,
    value: &Value,
) -> Splice {
    let entries = mapping.entries();
    let column = entries.first().map_or(0, |entry| column(text, &entry.key));
    let written = entry_text(key, value, column, list_indent(text, root));
    let is_sorted = entries.is_sorted_by(|a, b| a.name() <= b.name());
    let next = entries
        .iter()
        .find(|entry| !is_root && is_sorted && entry.name() > key);
    match (next, entries.last()) {
        (Some(next), _) => before(next.key.span().bytes.start, &written, column),
        (None, Some(last)) => {
            let start = last.key.span().bytes.start;
            after(
                text,
                end(text, start, column, Part::Entry),
                &written,
                column,
            )
        }
        (None, None) => after(text, text.len(), &written, 0),
    }
}

pub(super) fn item(text: &str, items: &[Node], index: usize, item: &Value) -> Option<Splice> {
    let near = items.get(index).or(items.last())?;
    let dash = dash(text, near)?;
    let column = column_of(text, dash);
    let written = format!("- {}", in_block(item, column + 2));
    Some(match index < items.len() {
        true => before(dash, &written, column),
        false => after(text, end(text, dash, column, Part::Item), &written, column),
    })
}

pub(super) fn without_entry(text: &str, mapping: &Node, index: usize) -> Option<Splice> {
    let entry: &Entry = mapping.entries().get(index)?;
    let start = entry.key.span().bytes.start;
    let column = column(text, &entry.key);
    let line = line_start(text, start);
    if text.get(line..start)?.trim().is_empty() {
        return Some(nothing(line..end(text, start, column, Part::Entry)));
    }
    // The first key of a list's item stands behind the dash: the next one takes its place.
    let next = mapping.entries().get(index + 1)?;
    Some(nothing(start..next.key.span().bytes.start))
}

pub(super) fn without_item(text: &str, items: &[Node], index: usize) -> Option<Splice> {
    let dash = dash(text, items.get(index)?)?;
    let line = line_start(text, dash);
    let alone = text.get(line..dash)?.trim().is_empty();
    let end = end(text, dash, column_of(text, dash), Part::Item);
    alone.then(|| nothing(line..end))
}

fn nothing(range: std::ops::Range<usize>) -> Splice {
    Splice {
        range,
        text: String::new(),
    }
}

fn before(at: usize, written: &str, column: usize) -> Splice {
    Splice {
        range: at..at,
        text: format!("{written}\n{}", " ".repeat(column)),
    }
}

/// `at` is the start of a line, or the end of a text whose last line does not end.
fn after(text: &str, at: usize, written: &str, column: usize) -> Splice {
    let ends = text
        .get(..at)
        .is_none_or(|before| before.is_empty() || before.ends_with('\n'));
    let line_break = if ends { "" } else { "\n" };
    Splice {
        range: at..at,
        text: format!("{line_break}{}{written}\n", " ".repeat(column)),
    }
}

fn entry_text(key: &str, value: &Value, column: usize, list_indent: usize) -> String {
    let key = in_flow(&key.into());
    match value {
        Value::Array(items) if !items.is_empty() => {
            let column = column + list_indent;
            let lines = items
                .iter()
                .map(|item| format!("\n{}- {}", " ".repeat(column), in_block(item, column + 2)));
            format!("{key}:{}", lines.collect::<String>())
        }
        Value::Object(map) if !map.is_empty() => {
            let column = column + 2;
            format!("{key}:\n{}{}", " ".repeat(column), in_block(value, column))
        }
        other => format!("{key}: {}", in_block(other, column + 2)),
    }
}

/// How far the file indents lists below their keys: as the first one is.
fn list_indent(text: &str, root: &Node) -> usize {
    let lists = root.entries().iter().filter_map(|entry| {
        let first = entry.value.items().first()?;
        let dash = dash(text, first).filter(|_| entry.value.style() == Style::Block)?;
        column_of(text, dash).checked_sub(column(text, &entry.key))
    });
    lists.into_iter().next().unwrap_or(0)
}

/// The dash before an item.
fn dash(text: &str, item: &Node) -> Option<usize> {
    let before = text.get(..item.span().bytes.start)?;
    let before = match item.style() {
        // Their span begins behind the header.
        Style::Literal | Style::Folded => before.get(..before.rfind(['|', '>'])?)?,
        _ => before,
    };
    let before = before.trim_end();
    before.ends_with('-').then(|| before.len() - 1)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Of a mapping: a list may stand at the key's own column.
    Entry,
    Item,
}

/// The end of the last line of what begins at `start`. Comments that are indented no further than it
/// belong to what follows.
fn end(text: &str, start: usize, column: usize, part: Part) -> usize {
    let mut position = line_end(text, start);
    let mut end = position;
    while let Some(line) = text.get(position..).filter(|rest| !rest.is_empty()) {
        let next = line_end(text, position);
        let line = &line[..next - position];
        let indent = line.len() - line.trim_start_matches(' ').len();
        let content = line.trim();
        let is_dash = content == "-" || content.starts_with("- ");
        let belongs = indent > column || (indent == column && is_dash && part == Part::Entry);
        let passes = content.is_empty() || content.starts_with('#');
        if belongs && !content.is_empty() {
            end = next;
        } else if !passes {
            break;
        }
        position = next;
    }
    end
}

fn line_start(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    before.rfind('\n').map_or(0, |line_break| line_break + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.find('\n')
        .map_or(text.len(), |line_break| at + line_break + 1)
}

fn column(text: &str, node: &Node) -> usize {
    column_of(text, node.span().bytes.start)
}

fn column_of(text: &str, at: usize) -> usize {
    at - line_start(text, at)
}
