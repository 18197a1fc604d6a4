//! Splits a text into tokens as go-yaml does, no further ahead of the parser than it does: which comments the
//! parser has met when it looks at a token depends on it.

use std::collections::{HashMap, VecDeque};

use smol_str::SmolStr;

use super::Problem;
use super::comments::Comment;
use super::cursor::{Cursor, END, Mark};
use super::keys::SimpleKey;
use crate::{Span, Style};

/// A piece of the text.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) mark: Mark,
    /// What it says, until the parser takes it.
    value: Value,
}

/// What some kinds of tokens say besides that they are there.
#[derive(Debug, Default)]
pub(super) enum Value {
    #[default]
    Nothing,
    Scalar {
        text: SmolStr,
        style: Style,
        /// Of what it says: a block begins behind the indentation of its first line.
        span: Span,
    },
    /// Of an anchor.
    Name(Box<str>),
    /// Of a tag, or the handle and the prefix of a directive.
    Tag {
        handle: Box<str>,
        suffix: Box<str>,
    },
    Version {
        major: u8,
        minor: u8,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    StreamStart,
    StreamEnd,
    VersionDirective,
    TagDirective,
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    /// `-`
    BlockEntry,
    /// `,`
    FlowEntry,
    Key,
    Value,
    Alias,
    Anchor,
    Tag,
    Scalar,
}

impl TokenKind {
    /// Whether it cannot be part of a document's content.
    pub(super) fn is_outside(self) -> bool {
        matches!(
            self,
            Self::VersionDirective
                | Self::TagDirective
                | Self::DocumentStart
                | Self::DocumentEnd
                | Self::StreamEnd
        )
    }
}

/// The parser sees comments in time because this many tokens are read behind the one it looks at.
const AHEAD: usize = 2;

pub(super) struct Tokens<'t> {
    pub(super) cursor: Cursor<'t>,
    /// From the one that the parser looks at on.
    pub(super) tokens: VecDeque<Token>,
    /// How many there were before.
    parsed: usize,
    pub(super) comments: Vec<Comment>,
    /// Of all comments, in the order of the text.
    pub(super) lines: Vec<Span>,
    /// Of the innermost block; none outside of all.
    pub(super) indent: Option<usize>,
    pub(super) outer_indents: Vec<Option<usize>>,
    /// How many brackets are open.
    pub(super) flow_level: usize,
    pub(super) may_start_key: bool,
    /// One for each open bracket and one outside of all.
    pub(super) simple_keys: Vec<SimpleKey>,
    /// Where in `simple_keys` a token was put. Some entries are outdated, and make go-yaml read further ahead.
    pub(super) key_of_token: HashMap<usize, usize>,
}

impl<'t> Tokens<'t> {
    pub(super) fn new(text: &'t str, start: usize) -> Self {
        let cursor = Cursor::new(text, start);
        let start = Token {
            kind: TokenKind::StreamStart,
            mark: cursor.mark,
            value: Value::Nothing,
        };
        Self {
            simple_keys: vec![SimpleKey::none(0)],
            cursor,
            tokens: VecDeque::from([start]),
            parsed: 0,
            comments: Vec::new(),
            lines: Vec::new(),
            indent: None,
            outer_indents: Vec::new(),
            flow_level: 0,
            may_start_key: true,
            key_of_token: HashMap::new(),
        }
    }

    /// The next token, once what follows it is read as far as go-yaml reads.
    pub(super) fn peek(&mut self) -> Result<(TokenKind, Mark), Problem> {
        while self.needs_more()? {
            self.fetch()?;
        }
        match self.tokens.front() {
            Some(token) => Ok((token.kind, token.mark)),
            None => Err(self.problem("the text ends too early")),
        }
    }

    /// What the next token says; nothing the second time.
    pub(super) fn take_value(&mut self) -> Value {
        let next = self.tokens.front_mut();
        next.map(|token| std::mem::take(&mut token.value))
            .unwrap_or_default()
    }

    /// Where the token behind the next one stands.
    pub(super) fn mark_behind(&self) -> Option<Mark> {
        self.tokens.get(1).map(|token| token.mark)
    }

    pub(super) fn skip(&mut self) {
        if self.tokens.pop_front().is_some() {
            self.parsed += 1;
        }
    }

    /// The number of the token that is scanned next.
    pub(super) fn number(&self) -> usize {
        self.parsed + self.tokens.len()
    }

    fn needs_more(&mut self) -> Result<bool, Problem> {
        if self.last_kind() == Some(TokenKind::StreamEnd) {
            return Ok(false);
        }
        if self.tokens.len() <= AHEAD {
            return Ok(true);
        }
        match self.key_of_token.get(&self.parsed) {
            Some(&key) => self.is_key_valid(key),
            None => Ok(false),
        }
    }

    pub(super) fn problem(&self, message: &'static str) -> Problem {
        Problem::new(self.cursor.mark, message)
    }

    /// Reads a token, and those of the blocks that it starts or ends.
    fn fetch(&mut self) -> Result<(), Problem> {
        let before = self.cursor.mark;
        self.scan_to_token();
        self.end_blocks(Some(self.cursor.mark.column), before);
        if self.cursor.here() == END {
            return self.fetch_end();
        }
        if self.cursor.mark.column == 0 && self.cursor.here() == b'%' {
            return self.fetch_directive();
        }
        if self.cursor.is_at_mark(b'-') {
            return self.fetch_document_mark(TokenKind::DocumentStart);
        }
        if self.cursor.is_at_mark(b'.') {
            return self.fetch_document_mark(TokenKind::DocumentEnd);
        }
        let commented = self.commented_by_what_follows();
        self.fetch_content()?;
        // What stands behind a `-` is about what it holds.
        if self.last_kind() != Some(TokenKind::BlockEntry) {
            self.find_line_comment(commented);
        }
        Ok(())
    }

    /// Where the token stands that a comment on the rest of the line is about.
    fn commented_by_what_follows(&self) -> usize {
        let is_about_previous = match self.flow_level {
            0 => self.cursor.here() == b':',
            _ => self.cursor.here() == b',',
        };
        match self.tokens.back() {
            Some(previous) if is_about_previous => previous.mark.index,
            _ => self.cursor.mark.index,
        }
    }

    fn last_kind(&self) -> Option<TokenKind> {
        self.tokens.back().map(|token| token.kind)
    }

    fn fetch_content(&mut self) -> Result<(), Problem> {
        let is_in_flow = self.flow_level > 0;
        let before_blank = self.cursor.is_blank_or_end(1);
        match self.cursor.here() {
            b'[' => self.fetch_opening(TokenKind::FlowSequenceStart),
            b'{' => self.fetch_opening(TokenKind::FlowMappingStart),
            b']' => self.fetch_closing(TokenKind::FlowSequenceEnd),
            b'}' => self.fetch_closing(TokenKind::FlowMappingEnd),
            b',' => self.fetch_separator(),
            b'-' if before_blank => self.fetch_entry(),
            b'?' if is_in_flow || before_blank => self.fetch_key(),
            b':' if is_in_flow || before_blank => self.fetch_value(),
            b'*' => self.fetch_word(TokenKind::Alias),
            b'&' => self.fetch_word(TokenKind::Anchor),
            b'!' => self.fetch_tag(),
            b'|' if !is_in_flow => self.fetch_block_scalar(Style::Literal),
            b'>' if !is_in_flow => self.fetch_block_scalar(Style::Folded),
            b'\'' => self.fetch_quoted(Style::SingleQuoted),
            b'"' => self.fetch_quoted(Style::DoubleQuoted),
            b'\t' => Err(self.problem("a tab stands where spaces have to indent")),
            b'#' | b'|' | b'>' | b'%' | b'@' | b'`' => {
                Err(self.problem("no value begins with this character; quote it"))
            }
            _ => self.fetch_plain(),
        }
    }

    fn fetch_end(&mut self) -> Result<(), Problem> {
        if self.cursor.mark.column != 0 {
            self.cursor.mark.column = 0;
            self.cursor.mark.line += 1;
        }
        self.end_all_blocks()?;
        self.push(TokenKind::StreamEnd, self.cursor.mark, Value::Nothing);
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), Problem> {
        self.end_all_blocks()?;
        let mark = self.cursor.mark;
        let value = self.scan_directive()?;
        let kind = match value {
            Value::Version { .. } => TokenKind::VersionDirective,
            _ => TokenKind::TagDirective,
        };
        self.push(kind, mark, value);
        Ok(())
    }

    fn fetch_document_mark(&mut self, kind: TokenKind) -> Result<(), Problem> {
        self.end_all_blocks()?;
        self.push(kind, self.cursor.mark, Value::Nothing);
        (0..3).for_each(|_| self.cursor.skip());
        Ok(())
    }

    fn end_all_blocks(&mut self) -> Result<(), Problem> {
        self.end_blocks(None, self.cursor.mark);
        self.remove_key()?;
        self.may_start_key = false;
        Ok(())
    }

    fn fetch_opening(&mut self, kind: TokenKind) -> Result<(), Problem> {
        self.save_key()?;
        self.simple_keys.push(SimpleKey::none(self.number()));
        self.flow_level += 1;
        self.may_start_key = true;
        self.push_mark(kind);
        Ok(())
    }

    fn fetch_closing(&mut self, kind: TokenKind) -> Result<(), Problem> {
        self.remove_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            if let Some(key) = self.simple_keys.pop() {
                self.key_of_token.remove(&key.token);
            }
        }
        self.may_start_key = false;
        self.push_mark(kind);
        Ok(())
    }

    fn fetch_separator(&mut self) -> Result<(), Problem> {
        self.remove_key()?;
        self.may_start_key = true;
        self.push_mark(TokenKind::FlowEntry);
        Ok(())
    }

    fn fetch_entry(&mut self) -> Result<(), Problem> {
        self.start_block_here(TokenKind::BlockSequenceStart)?;
        self.remove_key()?;
        self.may_start_key = true;
        self.push_mark(TokenKind::BlockEntry);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), Problem> {
        self.start_block_here(TokenKind::BlockMappingStart)?;
        self.remove_key()?;
        self.may_start_key = self.flow_level == 0;
        self.push_mark(TokenKind::Key);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), Problem> {
        let innermost = self.simple_keys.len() - 1;
        if self.is_key_valid(innermost)? {
            let key = &mut self.simple_keys[innermost];
            key.is_possible = false;
            let (mark, token) = (key.mark, key.token);
            self.insert(token, TokenKind::Key, mark, Value::Nothing);
            self.start_block(TokenKind::BlockMappingStart, mark, token);
            self.key_of_token.remove(&token);
            self.may_start_key = false;
        } else {
            self.start_block_here(TokenKind::BlockMappingStart)?;
            self.may_start_key = self.flow_level == 0;
        }
        self.push_mark(TokenKind::Value);
        Ok(())
    }

    fn fetch_word(&mut self, kind: TokenKind) -> Result<(), Problem> {
        let mark = self.start_key_part()?;
        let name = self.scan_anchor()?;
        self.push(kind, mark, Value::Name(name));
        Ok(())
    }

    fn fetch_tag(&mut self) -> Result<(), Problem> {
        let mark = self.start_key_part()?;
        let tag = self.scan_tag()?;
        self.push(TokenKind::Tag, mark, tag);
        Ok(())
    }

    fn fetch_block_scalar(&mut self, style: Style) -> Result<(), Problem> {
        self.remove_key()?;
        self.may_start_key = true;
        let mark = self.cursor.mark;
        let (text, span) = self.scan_block_scalar(style)?;
        self.push_scalar(mark, &text, style, span);
        Ok(())
    }

    fn fetch_quoted(&mut self, style: Style) -> Result<(), Problem> {
        let mark = self.start_key_part()?;
        let text = self.scan_quoted(style)?;
        self.push_scalar(mark, &text, style, mark.span_to(self.cursor.at()));
        Ok(())
    }

    fn fetch_plain(&mut self) -> Result<(), Problem> {
        let mark = self.start_key_part()?;
        let (text, end) = self.scan_plain()?;
        self.push_scalar(mark, &text, Style::Plain, mark.span_to(end));
        Ok(())
    }

    fn push_scalar(&mut self, mark: Mark, text: &str, style: Style, span: Span) {
        let text = text.into();
        self.push(TokenKind::Scalar, mark, Value::Scalar { text, style, span });
    }

    /// Notes that a key may begin here, but not directly behind it another.
    fn start_key_part(&mut self) -> Result<Mark, Problem> {
        self.save_key()?;
        self.may_start_key = false;
        Ok(self.cursor.mark)
    }

    /// Pushes a token of one character and goes behind it.
    fn push_mark(&mut self, kind: TokenKind) {
        self.push(kind, self.cursor.mark, Value::Nothing);
        self.cursor.skip();
    }

    pub(super) fn push(&mut self, kind: TokenKind, mark: Mark, value: Value) {
        self.insert(self.number(), kind, mark, value);
    }

    /// Makes it the token of this number.
    pub(super) fn insert(&mut self, number: usize, kind: TokenKind, mark: Mark, value: Value) {
        let place = number.saturating_sub(self.parsed);
        self.tokens.insert(place, Token { kind, mark, value });
    }

    /// Goes to the next token, by way of the comments before it.
    fn scan_to_token(&mut self) {
        let before = self.cursor.mark;
        loop {
            let takes_tabs = self.flow_level > 0 || !self.may_start_key;
            let is_space = |byte| byte == b' ' || (takes_tabs && byte == b'\t');
            self.cursor.skip_while(is_space);
            self.line_comment_becomes_head();
            if self.cursor.here() == b'#' {
                self.find_comments(before);
            }
            if !self.cursor.is_break(0) {
                return;
            }
            self.cursor.take_break();
            if self.flow_level == 0 {
                self.may_start_key = true;
            }
        }
    }
}
