//! Nodes, and what stands in front of them (`yaml_parser_parse_node`).

use super::cursor::Mark;
use super::tokens::{TokenKind, Value};
use super::walk::Walk;
use super::{EventKind, Problem, Properties};
use crate::Style;
use crate::syntax::Comments;

/// What may stand at a place of the grammar, besides scalars, aliases and brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Allowed {
    Flow,
    Block,
    /// Also a list that is not indented below its key.
    BlockOrEntries,
}

impl Walk<'_> {
    pub(super) fn flow_node(&mut self, depth: usize) -> Result<(), Problem> {
        self.node(Allowed::Flow, depth)
    }

    pub(super) fn block_node(&mut self, depth: usize) -> Result<(), Problem> {
        self.node(Allowed::Block, depth)
    }

    pub(super) fn block_node_or_entries(&mut self, depth: usize) -> Result<(), Problem> {
        self.node(Allowed::BlockOrEntries, depth)
    }

    fn node(&mut self, allowed: Allowed, depth: usize) -> Result<(), Problem> {
        self.check_depth(depth)?;
        if self.peek()? == TokenKind::Alias {
            return self.alias();
        }
        let properties = self.properties()?;
        let is_block = allowed != Allowed::Flow;
        match self.peek()? {
            TokenKind::BlockEntry if allowed == Allowed::BlockOrEntries => {
                let kind = EventKind::SequenceStart(Style::Block);
                // As the other parser has it, and our readers expect it.
                let first = self.tokens.mark_behind().map(Mark::span);
                let first = first.unwrap_or_else(|| self.here());
                self.push(kind, properties, None, first)?;
                self.entries(depth)
            }
            TokenKind::Scalar => self.scalar(properties),
            TokenKind::FlowSequenceStart => {
                let comments = self.take_waiting();
                let kind = EventKind::SequenceStart(Style::Flow);
                self.push(kind, properties, comments, self.bracket())?;
                self.flow_sequence(depth)
            }
            TokenKind::FlowMappingStart => {
                let comments = self.take_waiting();
                let kind = EventKind::MappingStart(Style::Flow);
                self.push(kind, properties, comments, self.bracket())?;
                self.flow_mapping(depth)
            }
            TokenKind::BlockSequenceStart if is_block => {
                let kind = EventKind::SequenceStart(Style::Block);
                self.start_of_block(kind, properties)?;
                self.block_sequence(depth)
            }
            TokenKind::BlockMappingStart if is_block => {
                let kind = EventKind::MappingStart(Style::Block);
                self.start_of_block(kind, properties)?;
                self.block_mapping(depth)
            }
            _ if properties.anchor.is_some() || properties.tag.is_some() => {
                self.push(EventKind::nothing(), properties, None, self.here())
            }
            _ => Err(self.problem("expected a value")),
        }
    }

    fn alias(&mut self) -> Result<(), Problem> {
        let Value::Name(name) = self.tokens.take_value() else {
            return Err(self.problem("expected an alias"));
        };
        self.commented_event(EventKind::Alias(name))?;
        self.skip();
        Ok(())
    }

    fn scalar(&mut self, properties: Properties) -> Result<(), Problem> {
        let Value::Scalar { text, style, span } = self.tokens.take_value() else {
            return Err(self.problem("expected a scalar"));
        };
        let comments = self.take_waiting();
        let kind = EventKind::Scalar { text, style };
        self.push(kind, properties, comments, span)?;
        self.skip();
        Ok(())
    }

    fn start_of_block(&mut self, kind: EventKind, properties: Properties) -> Result<(), Problem> {
        let comments = Comments::of_head(self.stem.take().unwrap_or_default());
        self.push(kind, properties, comments, self.here())
    }

    /// An anchor, a tag, both in any order, or nothing.
    fn properties(&mut self) -> Result<Properties, Problem> {
        let mut properties = Properties::default();
        loop {
            let token = self.peek()?;
            match token {
                TokenKind::Anchor if properties.anchor.is_none() => {
                    if let Value::Name(name) = self.tokens.take_value() {
                        properties.anchor = Some(name);
                    }
                }
                TokenKind::Tag if properties.tag.is_none() => {
                    if let Value::Tag { handle, suffix } = self.tokens.take_value() {
                        properties.tag = Some(self.whole_tag(&handle, suffix)?);
                    }
                }
                _ => return Ok(properties),
            }
            self.skip();
        }
    }

    fn whole_tag(&self, handle: &str, suffix: Box<str>) -> Result<Box<str>, Problem> {
        if handle.is_empty() {
            return Ok(suffix);
        }
        let known = self.handles.iter().find(|(known, _)| **known == *handle);
        let prefix = known.map(|(_, prefix)| prefix);
        let prefix = prefix.ok_or_else(|| self.problem("no `%TAG` says what this handle is"))?;
        Ok(format!("{prefix}{suffix}").into())
    }
}
