//! Gives the comments of a document to the nodes of its tree (`document`, `sequence` and `mapping` of `decode.go`).

use super::Unplaced;
use super::events::{Event, EventKind, events};
use crate::Style;
use crate::syntax::{Comments, Content, Document, Entry, Node};

/// Gives the comments of the text to its first document.
pub(crate) fn attach(text: &str, document: &mut Document) -> Result<(), Unplaced> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    if let Some(at) = text.find(is_unlike) {
        return Err(unplaced(text, at));
    }
    let found = events(text)?;
    let mut walk = Walk {
        text,
        events: found.events.into_iter(),
        at: 0,
    };
    walk.node(&mut document.root)?;
    document.head = found.head;
    document.foot = found.foot;
    Ok(())
}

/// At the start of a text it stands for nothing.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Characters that go-yaml does not read, or takes for line breaks as YAML 1.1 does.
fn is_unlike(c: char) -> bool {
    let is_readable =
        matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
    !is_readable || matches!(c, '\u{2028}' | '\u{2029}' | BYTE_ORDER_MARK)
}

fn unplaced(text: &str, at: usize) -> Unplaced {
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    Unplaced { line }
}

struct Walk<'t, E> {
    text: &'t str,
    events: E,
    /// Of the last event, in bytes.
    at: usize,
}

impl<E: Iterator<Item = Event>> Walk<'_, E> {
    fn next(&mut self) -> Result<Event, Unplaced> {
        let event = self.events.next().ok_or_else(|| self.error())?;
        self.at = event.at;
        Ok(event)
    }

    fn expect(&mut self, kind: EventKind) -> Result<Comments, Unplaced> {
        let event = self.next()?;
        match event.kind == kind {
            true => Ok(event.comments),
            false => Err(self.error()),
        }
    }

    fn error(&self) -> Unplaced {
        unplaced(self.text, self.at)
    }

    fn node(&mut self, node: &mut Node) -> Result<(), Unplaced> {
        let is_block = node.style != Style::Flow;
        let comments = match &mut node.content {
            Content::Scalar(text) => self.scalar(text, node.style)?,
            Content::Alias(_) => self.expect(EventKind::Alias)?,
            Content::Sequence(items) => self.sequence(items)?,
            Content::Mapping(entries) => self.mapping(entries, is_block)?,
        };
        node.set_comments(comments);
        Ok(())
    }

    fn scalar(&mut self, text: &str, style: Style) -> Result<Comments, Unplaced> {
        let event = self.next()?;
        let is_same = match event.kind {
            EventKind::Nothing => style == Style::Plain && text.is_empty(),
            EventKind::Scalar => self.is_same(&event, text, style),
            _ => false,
        };
        match is_same {
            true => Ok(event.comments),
            false => Err(self.error()),
        }
    }

    /// Whether go-yaml reads this scalar as we do.
    fn is_same(&self, event: &Event, text: &str, style: Style) -> bool {
        let start = self.text.get(event.at..).unwrap_or_default();
        let whole = self.text.get(event.at..event.end).unwrap_or_default();
        let content = whole.split_once(['\n', '\r']).unwrap_or_default().1;
        match style {
            Style::SingleQuoted => start.starts_with('\''),
            Style::DoubleQuoted => start.starts_with('"'),
            Style::Literal => start.starts_with('|') && has_same_words(content, text),
            Style::Folded => start.starts_with('>') && has_same_words(content, text),
            Style::Plain => has_same_words(whole, text),
            Style::Block | Style::Flow => false,
        }
    }

    fn sequence(&mut self, items: &mut [Node]) -> Result<Comments, Unplaced> {
        let head = self.expect(EventKind::SequenceStart)?.head;
        for item in items {
            self.node(item)?;
        }
        let end = self.expect(EventKind::SequenceEnd)?;
        Ok(Comments { head, ..end })
    }

    fn mapping(&mut self, entries: &mut [Entry], is_block: bool) -> Result<Comments, Unplaced> {
        let head = self.expect(EventKind::MappingStart)?.head;
        for index in 0..entries.len() {
            let (before, rest) = entries.split_at_mut(index);
            let [entry, ..] = rest else { break };
            self.node(&mut entry.key)?;
            if let (true, [.., previous]) = (is_block, before) {
                move_foot(&mut entry.key, &mut previous.key, true);
            }
            self.node(&mut entry.value)?;
            move_foot(&mut entry.value, &mut entry.key, false);
        }
        let mut end = self.expect(EventKind::MappingEnd)?;
        if let (true, [.., last]) = (is_block && !end.foot.is_empty(), entries) {
            let mut comments = last
                .key
                .comments
                .take()
                .map_or_else(Comments::default, |c| *c);
            comments.foot = std::mem::take(&mut end.foot);
            last.key.set_comments(comments);
        }
        Ok(Comments { head, ..end })
    }
}

/// Moves what stands below a node, to where nothing is or in the place of what is there.
fn move_foot(from: &mut Node, to: &mut Node, replaces: bool) {
    let has_foot = |node: &Node| !node.comments().foot.is_empty();
    if !has_foot(from) || (has_foot(to) && !replaces) {
        return;
    }
    let mut source = from.comments().clone();
    let mut target = to.comments().clone();
    target.foot = std::mem::take(&mut source.foot);
    from.set_comments(source);
    to.set_comments(target);
}

fn has_same_words(written: &str, text: &str) -> bool {
    let words = text.split_ascii_whitespace();
    written.split_ascii_whitespace().eq(words)
}
