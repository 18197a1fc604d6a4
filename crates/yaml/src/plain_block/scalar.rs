//! Scalars on one line.

use super::{Reader, node};
use crate::node::Content;
use crate::resolve::{PlainKind, resolve};
use crate::{Node, Style};

/// The full parser looks for the colon of a key no further.
const LONGEST_KEY: usize = 1000;

impl<'t> Reader<'t> {
    /// How long the key is that begins here: letters, digits and `_-./`, with a colon behind it.
    pub(super) fn key_length(&self) -> Option<usize> {
        let rest = &self.text.as_bytes()[self.at..];
        let is_first =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/');
        rest.first().filter(|byte| is_first(byte))?;
        let is_inside = |byte: &u8| is_first(byte) || *byte == b'-';
        let length = rest.iter().position(|byte| !is_inside(byte))?;
        let is_key = rest[length] == b':'
            && matches!(rest.get(length + 1), None | Some(b' ' | b'\n'))
            && length <= LONGEST_KEY;
        is_key.then_some(length)
    }

    /// A scalar or a collection in brackets, and the way to the next line. What stands further to the right there
    /// would belong to it.
    pub(super) fn inline(&mut self, column: usize, depth: usize) -> Option<Node> {
        let node = match self.byte(0)? {
            b'"' => self.double_quoted(depth),
            b'\'' => self.single_quoted(depth),
            b'{' | b'[' => self.flow(depth),
            _ => self.plain(depth),
        }?;
        self.skip_spaces();
        if !self.is_at_line_end() {
            return None;
        }
        self.next_line();
        (self.is_at_end() || self.column() <= column).then_some(node)
    }

    fn plain(&mut self, depth: usize) -> Option<Node> {
        if !self.may_begin_plain() {
            return None;
        }
        let line = self.rest_of_line();
        let bytes = line.as_bytes();
        let is_end = |index: usize| matches!(bytes.get(index), None | Some(b' '));
        let mut end = bytes.len();
        for (index, byte) in bytes.iter().enumerate() {
            match byte {
                b':' if is_end(index + 1) => return None,
                // Never the first: a plain scalar does not begin with it.
                b'#' if bytes[index - 1] == b' ' => {
                    end = index;
                    break;
                }
                _ => {}
            }
        }
        let length = line[..end].trim_end_matches(' ').len();
        self.unquoted(length, depth)
    }

    /// Indicators begin something else, or what is an error.
    pub(super) fn may_begin_plain(&self) -> bool {
        match self.byte(0) {
            Some(b'-') => matches!(self.byte(1), Some(b'!'..=b'~')),
            Some(first) => !b" ?:,[]{}#&*!|>'\"%@`".contains(&first),
            None => false,
        }
    }

    pub(super) fn double_quoted(&mut self, depth: usize) -> Option<Node> {
        let inner = &self.rest_of_line()[1..];
        let text = &inner[..inner.find('"')?];
        match text.contains('\\') {
            true => None,
            false => self.quoted(text, Style::DoubleQuoted, depth),
        }
    }

    pub(super) fn single_quoted(&mut self, depth: usize) -> Option<Node> {
        let inner = &self.rest_of_line()[1..];
        let text = &inner[..inner.find('\'')?];
        match inner[text.len() + 1..].starts_with('\'') {
            true => None,
            false => self.quoted(text, Style::SingleQuoted, depth),
        }
    }

    /// Goes over the text and its quotes.
    fn quoted(&mut self, text: &str, style: Style, depth: usize) -> Option<Node> {
        self.charge(text.len(), depth)?;
        let mut span = self.here();
        self.at += text.len() + 2;
        span.bytes.end = self.at;
        let content = Content::Scalar {
            text: text.into(),
            value: PlainKind::String,
        };
        Some(node(content, style, span))
    }

    /// A node of the next `length` bytes, as they stand, and the way over them.
    pub(super) fn unquoted(&mut self, length: usize, depth: usize) -> Option<Node> {
        let text = &self.text[self.at..self.at + length];
        self.charge(length, depth)?;
        let value = resolve(text, self.resolution).ok()?;
        let mut span = self.here();
        self.at += length;
        span.bytes.end = self.at;
        let content = Content::Scalar {
            text: text.into(),
            value,
        };
        Some(node(content, Style::Plain, span))
    }

    pub(super) fn rest_of_line(&self) -> &'t str {
        let rest = &self.text[self.at..];
        rest.find('\n').map_or(rest, |end| &rest[..end])
    }
}
