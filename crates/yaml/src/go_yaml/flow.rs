//! Lists and mappings in brackets.

use super::tokens::TokenKind::{self, FlowEntry, FlowMappingEnd, FlowSequenceEnd, Key, Value};
use super::walk::Walk;
use super::{EventKind, Problem};
use crate::Style;

impl Walk<'_> {
    pub(super) fn flow_sequence(&mut self, depth: usize) -> Result<(), Problem> {
        let mut token = self.skip_and_peek()?;
        let mut is_first = true;
        while token != FlowSequenceEnd {
            token = self.separated(token, is_first)?;
            is_first = false;
            match token {
                FlowSequenceEnd => break,
                Key => self.flow_pair(depth)?,
                _ => self.flow_node(depth + 1)?,
            }
            token = self.peek()?;
        }
        self.commented_event(EventKind::SequenceEnd)?;
        self.skip();
        Ok(())
    }

    /// Goes behind the `,` that stands before all but the first.
    fn separated(&mut self, token: TokenKind, is_first: bool) -> Result<TokenKind, Problem> {
        match token {
            _ if is_first => Ok(token),
            FlowEntry => self.skip_and_peek(),
            _ => Err(self.problem("expected `,` or the end of the brackets")),
        }
    }

    /// A mapping of one entry, without braces.
    fn flow_pair(&mut self, depth: usize) -> Result<(), Problem> {
        self.check_depth(depth + 1)?;
        self.event(EventKind::MappingStart(Style::Flow))?;
        match self.skip_and_peek()? {
            Value | FlowEntry | FlowSequenceEnd => {
                self.nothing(self.here())?;
                // As go-yaml does: so it refuses most of such texts, but takes `[? ]]`.
                self.skip();
            }
            _ => self.flow_node(depth + 2)?,
        }
        self.flow_value(FlowSequenceEnd, depth + 1)?;
        self.peek()?;
        self.event(EventKind::MappingEnd)
    }

    pub(super) fn flow_mapping(&mut self, depth: usize) -> Result<(), Problem> {
        let mut token = self.skip_and_peek()?;
        let mut is_first = true;
        while token != FlowMappingEnd {
            token = self.separated(token, is_first)?;
            is_first = false;
            match token {
                FlowMappingEnd => break,
                Key => self.flow_entry(depth)?,
                _ => {
                    self.flow_node(depth + 1)?;
                    self.peek()?;
                    self.nothing(self.here())?;
                }
            }
            token = self.peek()?;
        }
        self.commented_event(EventKind::MappingEnd)?;
        self.skip();
        Ok(())
    }

    fn flow_entry(&mut self, depth: usize) -> Result<(), Problem> {
        match self.skip_and_peek()? {
            Value | FlowEntry | FlowMappingEnd => self.nothing(self.here())?,
            _ => self.flow_node(depth + 1)?,
        }
        self.flow_value(FlowMappingEnd, depth)
    }

    fn flow_value(&mut self, end: TokenKind, depth: usize) -> Result<(), Problem> {
        if self.peek()? == Value {
            let token = self.skip_and_peek()?;
            if token != FlowEntry && token != end {
                return self.flow_node(depth + 1);
            }
        }
        self.nothing(self.here())
    }
}
