//! Lists and mappings in brackets that close on the same line.

use super::{Reader, node};
use crate::node::Content;
use crate::{Entry, Node, Style};

impl Reader<'_> {
    pub(super) fn flow(&mut self, depth: usize) -> Option<Node> {
        self.charge(0, depth)?;
        let mut span = self.here();
        span.bytes.end += 1;
        let is_mapping = self.byte(0)? == b'{';
        self.at += 1;
        let content = match is_mapping {
            true => Content::Mapping(self.flow_entries(depth + 1)?),
            false => Content::Sequence(self.flow_items(depth + 1)?),
        };
        Some(node(content, Style::Flow, span))
    }

    fn flow_entries(&mut self, depth: usize) -> Option<Vec<Entry>> {
        let mut entries = Vec::new();
        let mut names = super::Names::default();
        self.skip_spaces();
        if self.take(b'}') {
            return Some(entries);
        }
        loop {
            self.skip_spaces();
            let key = self.key(depth)?;
            self.skip_spaces();
            let value = self.flow_value(depth)?;
            let entry = Entry { key, value };
            names.add(&entries, &entry)?;
            entries.push(entry);
            self.skip_spaces();
            if self.take(b'}') {
                return Some(entries);
            }
            self.take(b',').then_some(())?;
        }
    }

    fn flow_items(&mut self, depth: usize) -> Option<Vec<Node>> {
        let mut items = Vec::new();
        self.skip_spaces();
        if self.take(b']') {
            return Some(items);
        }
        loop {
            self.skip_spaces();
            items.push(self.flow_value(depth)?);
            self.skip_spaces();
            if self.take(b']') {
                return Some(items);
            }
            self.take(b',').then_some(())?;
        }
    }

    fn flow_value(&mut self, depth: usize) -> Option<Node> {
        match self.byte(0)? {
            b'"' => self.double_quoted(depth),
            b'\'' => self.single_quoted(depth),
            b'{' | b'[' => self.flow(depth),
            _ => self.flow_plain(depth),
        }
    }

    /// One word.
    fn flow_plain(&mut self, depth: usize) -> Option<Node> {
        let is_inside = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./+:=@$()".contains(byte);
        let rest = self.rest_of_line().as_bytes();
        let length = rest.iter().position(|byte| !is_inside(byte))?;
        if !self.may_begin_plain() || matches!(rest[..length], [] | [b'-'] | [.., b':']) {
            return None;
        }
        let node = self.scalar(length, Style::Plain, depth)?;
        self.at += length;
        Some(node)
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.byte(0) == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }
}
