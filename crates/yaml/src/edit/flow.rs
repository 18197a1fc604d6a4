//! Lists in brackets and mappings in braces.

use serde_json::Value;

use super::Splice;
use super::written::in_flow;
use crate::{Node, Style};

pub(super) fn entry(text: &str, mapping: &Node, key: &str, value: &Value) -> Splice {
    let written = format!("{}: {}", in_flow(&key.into()), in_flow(value));
    let last = mapping.entries().last();
    appended(
        mapping,
        last.and_then(|entry| end(text, &entry.value)),
        &written,
    )
}

pub(super) fn item(text: &str, list: &Node, index: usize, item: &Value) -> Option<Splice> {
    let written = in_flow(item);
    if let Some(next) = list.items().get(index) {
        let start = next.span().bytes.start;
        return Some(Splice {
            range: start..start,
            text: format!("{written}, "),
        });
    }
    let last = match list.items().last() {
        Some(last) => Some(end(text, last)?),
        None => None,
    };
    Some(appended(list, last, &written))
}

pub(super) fn without_entry(text: &str, mapping: &Node, index: usize) -> Option<Splice> {
    let entries = mapping.entries();
    let starts = |index: usize| Some(entries.get(index)?.key.span().bytes.start);
    let previous = |index: usize| end(text, &entries.get(index)?.value);
    without(index, entries.len(), starts, previous)
}

pub(super) fn without_item(text: &str, list: &Node, index: usize) -> Option<Splice> {
    let items = list.items();
    let starts = |index: usize| Some(items.get(index)?.span().bytes.start);
    without(index, items.len(), starts, |index| {
        end(text, items.get(index)?)
    })
}

fn appended(collection: &Node, last: Option<usize>, written: &str) -> Splice {
    let at = last.unwrap_or(collection.span().bytes.start + 1);
    let comma = if last.is_some() { ", " } else { "" };
    Splice {
        range: at..at,
        text: format!("{comma}{written}"),
    }
}

/// From its start to the next one's, or from the end of the one before to its own.
fn without(
    index: usize,
    count: usize,
    start: impl Fn(usize) -> Option<usize>,
    end: impl Fn(usize) -> Option<usize>,
) -> Option<Splice> {
    let range = match index {
        _ if index + 1 < count => start(index)?..start(index + 1)?,
        0 => start(0)?..end(0)?,
        _ => end(index - 1)?..end(index)?,
    };
    Some(Splice {
        range,
        text: String::new(),
    })
}

/// Where a node in braces or brackets ends.
fn end(text: &str, node: &Node) -> Option<usize> {
    if node.style() != Style::Flow {
        return node.text().map(|_| node.span().bytes.end);
    }
    let last_item = node.items().last();
    let last = last_item.or_else(|| node.entries().last().map(|entry| &entry.value));
    let inner = match last {
        Some(last) => end(text, last)?,
        None => node.span().bytes.start + 1,
    };
    let rest = text.get(inner..)?;
    let close = rest.find(['}', ']'])?;
    let between = rest.get(..close)?;
    between
        .chars()
        .all(|c| c == ',' || c.is_whitespace())
        .then_some(inner + close + 1)
}
