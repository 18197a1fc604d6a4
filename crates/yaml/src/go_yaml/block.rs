//! Lists and mappings by indentation.

use super::tokens::TokenKind;
use super::walk::Walk;
use super::{EventKind, Problem};

impl Walk<'_> {
    pub(super) fn block_sequence(&mut self, depth: usize) -> Result<(), Problem> {
        let mut token = self.skip_and_peek()?;
        while token == TokenKind::BlockEntry {
            let behind_dash = self.behind(1);
            match self.skip_entry()? {
                TokenKind::BlockEntry | TokenKind::BlockEnd => self.nothing(behind_dash)?,
                _ => self.block_node(depth + 1)?,
            }
            token = self.peek()?;
        }
        if token != TokenKind::BlockEnd {
            return Err(self.problem("expected `-`, as the lines above have it"));
        }
        self.event(EventKind::SequenceEnd)?;
        self.skip();
        Ok(())
    }

    /// A list that is not indented below its key.
    pub(super) fn entries(&mut self, depth: usize) -> Result<(), Problem> {
        use TokenKind::{BlockEnd, BlockEntry, Key, Value};
        while self.peek()? == BlockEntry {
            let behind_dash = self.behind(1);
            match self.skip_entry()? {
                BlockEntry | Key | Value | BlockEnd => self.nothing(behind_dash)?,
                _ => self.block_node(depth + 1)?,
            }
        }
        self.event(EventKind::SequenceEnd)
    }

    /// Goes behind a `-`. What stands above it is about the block behind it, if there is one, and not about
    /// the first thing in that.
    fn skip_entry(&mut self) -> Result<TokenKind, Problem> {
        use TokenKind::{BlockMappingStart, BlockSequenceStart};
        let length = self.waiting.head.len();
        self.skip();
        if length == 0 {
            return self.peek();
        }
        let token = self.peek()?;
        if matches!(token, BlockMappingStart | BlockSequenceStart) {
            let head = &mut self.waiting.head;
            let below = head.split_off(length);
            self.stem = Some(std::mem::take(head));
            below.strip_prefix('\n').unwrap_or(&below).clone_into(head);
        }
        Ok(token)
    }

    pub(super) fn block_mapping(&mut self, depth: usize) -> Result<(), Problem> {
        let mut token = self.skip_and_peek()?;
        while token == TokenKind::Key {
            self.block_part(depth)?;
            if self.peek()? == TokenKind::Value {
                self.block_part(depth)?;
            } else {
                self.nothing(self.here())?;
            }
            token = self.peek()?;
        }
        if token != TokenKind::BlockEnd {
            return Err(self.problem("expected a key, as the lines above have it"));
        }
        self.commented_event(EventKind::MappingEnd)?;
        self.skip();
        Ok(())
    }

    /// What stands behind the `?` or the `:` here.
    fn block_part(&mut self, depth: usize) -> Result<(), Problem> {
        use TokenKind::{BlockEnd, Key, Value};
        let mark = self.here();
        match self.skip_and_peek()? {
            Key | Value | BlockEnd => self.nothing(mark),
            _ => self.block_node_or_entries(depth + 1),
        }
    }
}
