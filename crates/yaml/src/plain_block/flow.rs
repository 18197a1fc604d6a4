//! Lists and mappings in brackets that close on the same line.

use super::{Reader, names_differ, node};
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
            true => {
                let entries = self.flow_items(b'}', |reader| reader.flow_entry(depth + 1))?;
                names_differ(&entries).then_some(Content::Mapping(entries))?
            }
            false => {
                let items = self.flow_items(b']', |reader| reader.flow_value(depth + 1))?;
                Content::Sequence(items)
            }
        };
        Some(node(content, Style::Flow, span))
    }

    /// All up to the closing bracket, with commas between.
    fn flow_items<T>(
        &mut self,
        close: u8,
        read: impl Fn(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut items = Vec::new();
        self.skip_spaces();
        if self.take(close) {
            return Some(items);
        }
        loop {
            self.skip_spaces();
            items.push(read(self)?);
            self.skip_spaces();
            if self.take(close) {
                return Some(items);
            }
            self.take(b',').then_some(())?;
        }
    }

    fn flow_entry(&mut self, depth: usize) -> Option<Entry> {
        let key = self.key(depth)?;
        self.skip_spaces();
        let value = self.flow_value(depth)?;
        Some(Entry { key, value })
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
        self.unquoted(length, depth)
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.byte(0) == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }
}
