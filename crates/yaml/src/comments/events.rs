//! Walks over the tokens as go-yaml's parser does (`parserc.go`), and hands the comments to what it meets.

use super::Unplaced;
use super::found::{Found, Place};
use super::tokens::{Token, TokenKind, Tokens};
use crate::limits::MAX_DEPTH;
use crate::syntax::Comments;

/// A node, or the start or end of one that holds others.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) kind: EventKind,
    pub(super) comments: Comments,
    /// Where it stands, in bytes. What has content begins with it, not with its anchor or tag.
    pub(super) at: usize,
    /// Of a scalar that has no quotes, in bytes.
    pub(super) end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventKind {
    /// A scalar that stands in the text.
    Scalar,
    /// A null for which nothing stands in the text.
    Nothing,
    Alias,
    SequenceStart,
    SequenceEnd,
    MappingStart,
    MappingEnd,
}

/// The first document of a text.
pub(super) struct Events {
    pub(super) events: Vec<Event>,
    /// Above the document, and an empty line above its first node.
    pub(super) head: String,
    /// Below the document.
    pub(super) foot: String,
}

pub(super) fn events(text: &str) -> Result<Events, Unplaced> {
    let mut walk = Walk {
        tokens: Tokens::new(text),
        at_line: 1,
        taken: 0,
        head: String::new(),
        line: String::new(),
        foot: String::new(),
        stem: None,
        events: Vec::new(),
    };
    let head = walk.document()?;
    let foot = walk.document_end()?;
    let events = walk.events;
    Ok(Events { events, head, foot })
}

struct Walk<'t> {
    tokens: Tokens<'t>,
    /// Of the token that was looked at last, from 1.
    at_line: usize,
    /// How many of the comments that were found are in `head`, `line` and `foot`, or were.
    taken: usize,
    /// What the next event gets.
    head: String,
    line: String,
    foot: String,
    /// Above a `-`, about the mapping or list behind it.
    stem: Option<String>,
    events: Vec<Event>,
}

/// What may stand at a place of the grammar, besides scalars, aliases and brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Allowed {
    Flow,
    Block,
    /// Also a list that is not indented below its key.
    BlockOrEntries,
}

impl Walk<'_> {
    fn peek(&mut self) -> Result<Token, Unplaced> {
        let token = self.tokens.peek()?;
        self.at_line = token.mark.line + 1;
        self.take_comments(token);
        Ok(token)
    }

    fn error(&self) -> Unplaced {
        Unplaced { line: self.at_line }
    }

    /// Takes the comments that are about this token or what stands before it. The end of a block has no head.
    fn take_comments(&mut self, token: Token) {
        while let Some(found) = self.tokens.found.get_mut(self.taken) {
            if token.mark.index < found.token {
                break;
            }
            let text = match found.place {
                Place::Head if token.kind == TokenKind::BlockEnd => break,
                Place::Head => &mut self.head,
                Place::Line => &mut self.line,
                Place::Foot => &mut self.foot,
            };
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&found.text);
            *found = Found::default();
            self.taken += 1;
        }
    }

    fn skip(&mut self) {
        self.tokens.skip();
    }

    fn skip_and_peek(&mut self) -> Result<Token, Unplaced> {
        self.skip();
        self.peek()
    }

    /// The event gets no comments.
    fn event(&mut self, kind: EventKind, at: usize) {
        self.push(kind, at, at, Comments::default());
    }

    fn commented_event(&mut self, kind: EventKind, at: usize) {
        let comments = self.take();
        self.push(kind, at, at, comments);
    }

    fn push(&mut self, kind: EventKind, at: usize, end: usize, comments: Comments) {
        self.events.push(Event {
            kind,
            comments,
            at,
            end,
        });
    }

    fn take(&mut self) -> Comments {
        self.stem = None;
        Comments {
            head: std::mem::take(&mut self.head),
            line: std::mem::take(&mut self.line),
            foot: std::mem::take(&mut self.foot),
        }
    }

    fn nothing(&mut self, at: usize) {
        self.event(EventKind::Nothing, at);
    }

    /// Gives what stands above the document itself.
    fn document(&mut self) -> Result<String, Unplaced> {
        self.peek()?;
        let mut token = self.skip_and_peek()?;
        if !token.kind.is_outside() {
            let head = self.split_head();
            self.node(Allowed::Block, 0)?;
            return Ok(head);
        }
        while token.kind == TokenKind::Directive {
            token = self.skip_and_peek()?;
        }
        if token.kind != TokenKind::DocumentStart {
            return Err(self.error());
        }
        let token = self.skip_and_peek()?;
        match token.kind.is_outside() || token.kind == TokenKind::DocumentEnd {
            true => self.nothing(token.at),
            false => self.node(Allowed::Block, 0)?,
        }
        Ok(String::new())
    }

    /// Takes off what stands above the last empty line.
    fn split_head(&mut self) -> String {
        let (above, below) = match self.head.strip_suffix('\n') {
            Some(above) => (above, ""),
            None => match self.head.rsplit_once("\n\n") {
                Some(halves) => halves,
                None => return String::new(),
            },
        };
        let (above, below) = (above.to_owned(), below.to_owned());
        self.head = below;
        above
    }

    /// Gives what stands below the document.
    fn document_end(&mut self) -> Result<String, Unplaced> {
        match self.peek()?.kind {
            TokenKind::DocumentEnd => self.skip(),
            kind if kind.is_outside() => {}
            _ => return Err(self.error()),
        }
        let Comments { head, foot, .. } = self.take();
        Ok(if foot.is_empty() { head } else { foot })
    }

    fn node(&mut self, allowed: Allowed, depth: usize) -> Result<(), Unplaced> {
        if depth > MAX_DEPTH {
            return Err(self.error());
        }
        let mut token = self.peek()?;
        let at = token.at;
        if token.kind == TokenKind::Alias {
            self.commented_event(EventKind::Alias, at);
            self.skip();
            return Ok(());
        }
        let mut has_properties = false;
        while matches!(token.kind, TokenKind::Anchor | TokenKind::Tag) {
            has_properties = true;
            token = self.skip_and_peek()?;
        }
        match token.kind {
            TokenKind::BlockEntry if allowed == Allowed::BlockOrEntries => {
                self.event(EventKind::SequenceStart, at);
                self.entries(depth)
            }
            TokenKind::Scalar => {
                let comments = self.take();
                self.push(EventKind::Scalar, token.at, token.end, comments);
                self.skip();
                Ok(())
            }
            TokenKind::FlowSequenceStart => {
                self.commented_event(EventKind::SequenceStart, at);
                self.flow_sequence(depth)
            }
            TokenKind::FlowMappingStart => {
                self.commented_event(EventKind::MappingStart, at);
                self.flow_mapping(depth)
            }
            TokenKind::BlockSequenceStart if allowed != Allowed::Flow => {
                self.stemmed_event(EventKind::SequenceStart, at);
                self.block_sequence(depth)
            }
            TokenKind::BlockMappingStart if allowed != Allowed::Flow => {
                self.stemmed_event(EventKind::MappingStart, at);
                self.block_mapping(depth)
            }
            _ if has_properties => {
                self.nothing(at);
                Ok(())
            }
            _ => Err(self.error()),
        }
    }

    fn stemmed_event(&mut self, kind: EventKind, at: usize) {
        let head = self.stem.take().unwrap_or_default();
        let comments = Comments {
            head,
            ..Comments::default()
        };
        self.push(kind, at, at, comments);
    }

    fn block_sequence(&mut self, depth: usize) -> Result<(), Unplaced> {
        self.peek()?;
        let mut token = self.skip_and_peek()?;
        while token.kind == TokenKind::BlockEntry {
            let next = self.skip_entry()?;
            match next.kind {
                TokenKind::BlockEntry | TokenKind::BlockEnd => self.nothing(next.at),
                _ => self.node(Allowed::Block, depth + 1)?,
            }
            token = self.peek()?;
        }
        if token.kind != TokenKind::BlockEnd {
            return Err(self.error());
        }
        self.event(EventKind::SequenceEnd, token.at);
        self.skip();
        Ok(())
    }

    /// A list that is not indented below its key.
    fn entries(&mut self, depth: usize) -> Result<(), Unplaced> {
        use TokenKind::{BlockEnd, BlockEntry, Key, Value};
        let mut token = self.peek()?;
        while token.kind == BlockEntry {
            let next = self.skip_entry()?;
            match next.kind {
                BlockEntry | Key | Value | BlockEnd => self.nothing(next.at),
                _ => self.node(Allowed::Block, depth + 1)?,
            }
            token = self.peek()?;
        }
        self.event(EventKind::SequenceEnd, token.at);
        Ok(())
    }

    /// Goes behind a `-`. What stands above it is about the block behind it, if there is one, and not about
    /// the first thing in that.
    fn skip_entry(&mut self) -> Result<Token, Unplaced> {
        use TokenKind::{BlockMappingStart, BlockSequenceStart};
        let length = self.head.len();
        self.skip();
        if length == 0 {
            return self.peek();
        }
        let token = self.peek()?;
        if matches!(token.kind, BlockMappingStart | BlockSequenceStart) {
            let below = self.head.split_off(length);
            let above = std::mem::take(&mut self.head);
            self.stem = Some(above);
            below
                .strip_prefix('\n')
                .unwrap_or(&below)
                .clone_into(&mut self.head);
        }
        self.peek()
    }

    fn block_mapping(&mut self, depth: usize) -> Result<(), Unplaced> {
        self.peek()?;
        let mut token = self.skip_and_peek()?;
        while token.kind == TokenKind::Key {
            self.skip();
            self.block_part(depth)?;
            let value = self.peek()?;
            if value.kind == TokenKind::Value {
                self.skip();
                self.block_part(depth)?;
            } else {
                self.nothing(value.at);
            }
            token = self.peek()?;
        }
        if token.kind != TokenKind::BlockEnd {
            return Err(self.error());
        }
        self.commented_event(EventKind::MappingEnd, token.at);
        self.skip();
        Ok(())
    }

    /// What stands behind a `?` or a `:`.
    fn block_part(&mut self, depth: usize) -> Result<(), Unplaced> {
        use TokenKind::{BlockEnd, Key, Value};
        let token = self.peek()?;
        if matches!(token.kind, Key | Value | BlockEnd) {
            self.nothing(token.at);
            return Ok(());
        }
        self.node(Allowed::BlockOrEntries, depth + 1)
    }

    fn flow_sequence(&mut self, depth: usize) -> Result<(), Unplaced> {
        self.peek()?;
        let mut token = self.skip_and_peek()?;
        let mut is_first = true;
        while token.kind != TokenKind::FlowSequenceEnd {
            token = self.separated(token, is_first)?;
            is_first = false;
            match token.kind {
                TokenKind::FlowSequenceEnd => break,
                TokenKind::Key => self.flow_pair(token, depth)?,
                _ => self.node(Allowed::Flow, depth + 1)?,
            }
            token = self.peek()?;
        }
        self.commented_event(EventKind::SequenceEnd, token.at);
        self.skip();
        Ok(())
    }

    /// Goes behind the `,` that stands before all but the first.
    fn separated(&mut self, token: Token, is_first: bool) -> Result<Token, Unplaced> {
        match token.kind {
            _ if is_first => Ok(token),
            TokenKind::FlowEntry => self.skip_and_peek(),
            _ => Err(self.error()),
        }
    }

    /// A mapping of one entry, without braces.
    fn flow_pair(&mut self, key: Token, depth: usize) -> Result<(), Unplaced> {
        use TokenKind::{FlowEntry, FlowSequenceEnd, Value};
        self.event(EventKind::MappingStart, key.at);
        let token = self.skip_and_peek()?;
        match token.kind {
            // go-yaml goes behind this token, and refuses the text or not.
            Value | FlowEntry | FlowSequenceEnd => return Err(self.error()),
            _ => self.node(Allowed::Flow, depth + 2)?,
        }
        self.flow_value(FlowSequenceEnd, depth + 1)?;
        let end = self.peek()?;
        self.event(EventKind::MappingEnd, end.at);
        Ok(())
    }

    fn flow_mapping(&mut self, depth: usize) -> Result<(), Unplaced> {
        use TokenKind::{FlowEntry, FlowMappingEnd, Key, Value};
        self.peek()?;
        let mut token = self.skip_and_peek()?;
        let mut is_first = true;
        while token.kind != FlowMappingEnd {
            token = self.separated(token, is_first)?;
            is_first = false;
            if token.kind == FlowMappingEnd {
                break;
            }
            if token.kind == Key {
                let key = self.skip_and_peek()?;
                match key.kind {
                    Value | FlowEntry | FlowMappingEnd => self.nothing(key.at),
                    _ => self.node(Allowed::Flow, depth + 1)?,
                }
                self.flow_value(FlowMappingEnd, depth)?;
            } else {
                self.node(Allowed::Flow, depth + 1)?;
                let at = self.peek()?.at;
                self.nothing(at);
            }
            token = self.peek()?;
        }
        self.commented_event(EventKind::MappingEnd, token.at);
        self.skip();
        Ok(())
    }

    fn flow_value(&mut self, end: TokenKind, depth: usize) -> Result<(), Unplaced> {
        let mut token = self.peek()?;
        if token.kind == TokenKind::Value {
            token = self.skip_and_peek()?;
            if token.kind != TokenKind::FlowEntry && token.kind != end {
                return self.node(Allowed::Flow, depth + 1);
            }
        }
        self.nothing(token.at);
        Ok(())
    }
}
