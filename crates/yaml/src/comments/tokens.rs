//! Splits a text into tokens as go-yaml does, no further ahead of the parser than it does: which comments the
//! parser has met when it looks at a token depends on it.

use std::collections::HashMap;

use super::Unplaced;
use super::cursor::{Cursor, END, Mark, is_blank_or_end, is_break, is_word};
use super::found::Found;
use super::keys::SimpleKey;

/// A piece of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) mark: Mark,
    /// In bytes.
    pub(super) at: usize,
    /// In bytes, white space behind a scalar included. The same as `at` where nobody asks.
    pub(super) end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    StreamStart,
    StreamEnd,
    Directive,
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
    /// Whether it cannot be part of a document.
    pub(super) fn is_outside(self) -> bool {
        matches!(
            self,
            Self::Directive | Self::DocumentStart | Self::StreamEnd
        )
    }
}

/// The parser sees comments in time because this many tokens are read behind the one it looks at.
const AHEAD: usize = 2;

pub(super) struct Tokens<'t> {
    pub(super) cursor: Cursor<'t>,
    pub(super) tokens: Vec<Token>,
    /// The token that the parser looks at.
    next: usize,
    pub(super) found: Vec<Found>,
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
    pub(super) fn new(text: &'t str) -> Self {
        let cursor = Cursor::new(text);
        let start = Token {
            kind: TokenKind::StreamStart,
            mark: cursor.mark,
            at: 0,
            end: 0,
        };
        Self {
            simple_keys: vec![SimpleKey::none(0)],
            cursor,
            tokens: vec![start],
            next: 0,
            found: Vec::new(),
            indent: None,
            outer_indents: Vec::new(),
            flow_level: 0,
            may_start_key: true,
            key_of_token: HashMap::new(),
        }
    }

    /// The next token, once what follows it is read as far as go-yaml reads.
    pub(super) fn peek(&mut self) -> Result<Token, Unplaced> {
        while self.needs_more()? {
            self.fetch()?;
        }
        self.tokens.get(self.next).copied().ok_or(self.error())
    }

    pub(super) fn skip(&mut self) {
        self.next += 1;
    }

    fn needs_more(&mut self) -> Result<bool, Unplaced> {
        if self.last_kind() == Some(TokenKind::StreamEnd) {
            return Ok(false);
        }
        if self.next + AHEAD >= self.tokens.len() {
            return Ok(true);
        }
        match self.key_of_token.get(&self.next) {
            Some(&key) => self.is_key_valid(key),
            None => Ok(false),
        }
    }

    pub(super) fn error(&self) -> Unplaced {
        Unplaced {
            line: self.cursor.mark.line + 1,
        }
    }

    /// Reads a token, and those of the blocks that it starts or ends.
    fn fetch(&mut self) -> Result<(), Unplaced> {
        let before = self.cursor.mark;
        self.scan_to_token();
        self.end_blocks(Some(self.cursor.mark.column), before);
        if self.cursor.here() == END {
            return self.fetch_end();
        }
        if self.cursor.mark.column == 0 && self.cursor.here() == b'%' {
            return self.fetch_directive();
        }
        if self.cursor.is_at_document_mark(b'-') {
            return self.fetch_document_mark(TokenKind::DocumentStart);
        }
        if self.cursor.is_at_document_mark(b'.') {
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
        match self.tokens.last() {
            Some(previous) if is_about_previous => previous.mark.index,
            _ => self.cursor.mark.index,
        }
    }

    fn last_kind(&self) -> Option<TokenKind> {
        self.tokens.last().map(|token| token.kind)
    }

    fn fetch_content(&mut self) -> Result<(), Unplaced> {
        let is_in_flow = self.flow_level > 0;
        let before_blank = is_blank_or_end(self.cursor.ahead(1));
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
            b'|' | b'>' if !is_in_flow => self.fetch_block_scalar(),
            quote @ (b'\'' | b'"') => self.fetch_quoted(quote),
            b'\t' | b'#' | b'|' | b'>' | b'%' | b'@' | b'`' => Err(self.error()),
            _ => self.fetch_plain(),
        }
    }

    fn fetch_end(&mut self) -> Result<(), Unplaced> {
        if self.cursor.mark.column != 0 {
            self.cursor.mark.column = 0;
            self.cursor.mark.line += 1;
        }
        self.end_all_blocks()?;
        self.push(TokenKind::StreamEnd, self.cursor.mark, self.cursor.at());
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), Unplaced> {
        self.end_all_blocks()?;
        self.push(TokenKind::Directive, self.cursor.mark, self.cursor.at());
        self.scan_directive()
    }

    fn fetch_document_mark(&mut self, kind: TokenKind) -> Result<(), Unplaced> {
        self.end_all_blocks()?;
        self.push(kind, self.cursor.mark, self.cursor.at());
        (0..3).for_each(|_| self.cursor.skip());
        Ok(())
    }

    fn end_all_blocks(&mut self) -> Result<(), Unplaced> {
        self.end_blocks(None, self.cursor.mark);
        self.remove_key()?;
        self.may_start_key = false;
        Ok(())
    }

    fn fetch_opening(&mut self, kind: TokenKind) -> Result<(), Unplaced> {
        self.save_key()?;
        self.simple_keys.push(SimpleKey::none(self.tokens.len()));
        self.flow_level += 1;
        self.may_start_key = true;
        self.push_mark(kind);
        Ok(())
    }

    fn fetch_closing(&mut self, kind: TokenKind) -> Result<(), Unplaced> {
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

    fn fetch_separator(&mut self) -> Result<(), Unplaced> {
        self.remove_key()?;
        self.may_start_key = true;
        self.push_mark(TokenKind::FlowEntry);
        Ok(())
    }

    fn fetch_entry(&mut self) -> Result<(), Unplaced> {
        self.start_block_here(TokenKind::BlockSequenceStart)?;
        self.remove_key()?;
        self.may_start_key = true;
        self.push_mark(TokenKind::BlockEntry);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), Unplaced> {
        self.start_block_here(TokenKind::BlockMappingStart)?;
        self.remove_key()?;
        self.may_start_key = self.flow_level == 0;
        self.push_mark(TokenKind::Key);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), Unplaced> {
        let innermost = self.simple_keys.len() - 1;
        if self.is_key_valid(innermost)? {
            let (mark, at, token) = {
                let key = &mut self.simple_keys[innermost];
                key.is_possible = false;
                (key.mark, key.at, key.token)
            };
            self.insert(token, TokenKind::Key, mark, at);
            self.start_block(TokenKind::BlockMappingStart, mark, at, token);
            self.key_of_token.remove(&token);
            self.may_start_key = false;
        } else {
            self.start_block_here(TokenKind::BlockMappingStart)?;
            self.may_start_key = self.flow_level == 0;
        }
        self.push_mark(TokenKind::Value);
        Ok(())
    }

    fn fetch_word(&mut self, kind: TokenKind) -> Result<(), Unplaced> {
        self.start_scalar(kind)?;
        self.cursor.skip();
        let start = self.cursor.at();
        self.cursor.skip_while(is_word);
        let after = self.cursor.here();
        let is_ended = is_blank_or_end(after) || b"?:,]}%@`".contains(&after);
        match self.cursor.at() > start && is_ended {
            true => Ok(()),
            false => Err(self.error()),
        }
    }

    fn fetch_tag(&mut self) -> Result<(), Unplaced> {
        self.start_scalar(TokenKind::Tag)?;
        self.cursor.skip();
        if self.cursor.here() == b'<' {
            self.cursor.skip();
            self.cursor.skip_while(is_in_uri);
            if self.cursor.here() != b'>' {
                return Err(self.error());
            }
            self.cursor.skip();
        }
        self.cursor.skip_while(is_in_uri);
        match is_blank_or_end(self.cursor.here()) {
            true => Ok(()),
            false => Err(self.error()),
        }
    }

    fn fetch_block_scalar(&mut self) -> Result<(), Unplaced> {
        self.remove_key()?;
        self.may_start_key = true;
        self.push(TokenKind::Scalar, self.cursor.mark, self.cursor.at());
        self.scan_block_scalar()?;
        self.end_scalar();
        Ok(())
    }

    fn fetch_quoted(&mut self, quote: u8) -> Result<(), Unplaced> {
        self.start_scalar(TokenKind::Scalar)?;
        self.scan_quoted(quote)
    }

    fn fetch_plain(&mut self) -> Result<(), Unplaced> {
        self.start_scalar(TokenKind::Scalar)?;
        self.scan_plain()?;
        self.end_scalar();
        Ok(())
    }

    fn end_scalar(&mut self) {
        let end = self.cursor.at();
        if let Some(scalar) = self.tokens.last_mut() {
            scalar.end = end;
        }
    }

    /// Pushes a token that may be a key, but not directly behind it another.
    fn start_scalar(&mut self, kind: TokenKind) -> Result<(), Unplaced> {
        self.save_key()?;
        self.may_start_key = false;
        self.push(kind, self.cursor.mark, self.cursor.at());
        Ok(())
    }

    /// Pushes a token of one character and goes behind it.
    fn push_mark(&mut self, kind: TokenKind) {
        self.push(kind, self.cursor.mark, self.cursor.at());
        self.cursor.skip();
    }

    pub(super) fn push(&mut self, kind: TokenKind, mark: Mark, at: usize) {
        self.insert(self.tokens.len(), kind, mark, at);
    }

    pub(super) fn insert(&mut self, place: usize, kind: TokenKind, mark: Mark, at: usize) {
        let end = at;
        let token = Token {
            kind,
            mark,
            at,
            end,
        };
        self.tokens.insert(place, token);
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
            if !is_break(self.cursor.here()) {
                return;
            }
            self.cursor.skip_break();
            if self.flow_level == 0 {
                self.may_start_key = true;
            }
        }
    }
}

fn is_in_uri(byte: u8) -> bool {
    is_word(byte) || b";/?:@&=+$,.!~*'()[]%".contains(&byte)
}
