//! A place in a text, counted as go-yaml counts (`skip`, `skip_line` and `read_line` of `scannerc.go`).

use crate::{Position, Span};

/// Where a token or a comment stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// In characters, from 1. 0 is before all.
    pub(super) index: usize,
    /// From 0.
    pub(super) line: usize,
    /// In characters, from 0, but from 1 where a comment starts.
    pub(super) column: usize,
    /// In bytes, from 0; not kept for comments and the ends of blocks.
    pub(super) byte: usize,
}

impl Mark {
    /// Of no width.
    pub(super) fn span(self) -> Span {
        self.span_to(self.byte)
    }

    /// Up to a place in bytes.
    pub(super) fn span_to(self, end: usize) -> Span {
        Span {
            start: self.position(),
            bytes: self.byte..end,
        }
    }

    /// For people.
    pub(super) fn position(self) -> Position {
        let from_1 =
            |number: usize| u32::try_from(number).map_or(u32::MAX, |n| n.saturating_add(1));
        Position {
            line: from_1(self.line),
            column: from_1(self.column),
        }
    }
}

/// Goes through a text without NUL. Lines end as in YAML 1.1: at `\n`, `\r\n`, `\r`, U+0085, U+2028 and U+2029.
pub(super) struct Cursor<'t> {
    text: &'t str,
    pub(super) mark: Mark,
    /// Line breaks since the last character that is not blank.
    pub(super) breaks: usize,
}

/// What stands behind the end.
pub(super) const END: u8 = 0;

impl<'t> Cursor<'t> {
    /// Begins at a byte of the text, which counts as the start of its first line.
    pub(super) fn new(text: &'t str, byte: usize) -> Self {
        let mark = Mark {
            index: 1,
            byte,
            ..Mark::default()
        };
        Self {
            text,
            mark,
            breaks: 0,
        }
    }

    /// In bytes.
    pub(super) fn at(&self) -> usize {
        self.mark.byte
    }

    /// What stands between a place in bytes and here.
    pub(super) fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.at()).unwrap_or_default()
    }

    pub(super) fn here(&self) -> u8 {
        self.ahead(0)
    }

    pub(super) fn ahead(&self, bytes: usize) -> u8 {
        self.rest(bytes).first().copied().unwrap_or(END)
    }

    fn rest(&self, bytes: usize) -> &'t [u8] {
        let at = self.at().saturating_add(bytes);
        self.text.as_bytes().get(at..).unwrap_or_default()
    }

    pub(super) fn is_break(&self, ahead: usize) -> bool {
        break_length(self.rest(ahead)) > 0
    }

    pub(super) fn is_break_or_end(&self, ahead: usize) -> bool {
        self.ahead(ahead) == END || self.is_break(ahead)
    }

    pub(super) fn is_blank_or_end(&self, ahead: usize) -> bool {
        is_blank(self.ahead(ahead)) || self.is_break_or_end(ahead)
    }

    /// Goes behind a character that is no line break.
    pub(super) fn skip(&mut self) {
        self.next();
    }

    /// The same, and gives it.
    pub(super) fn next(&mut self) -> Option<char> {
        if !is_blank(self.here()) {
            self.breaks = 0;
        }
        let rest = self.text.get(self.at()..).unwrap_or_default();
        let next = rest.chars().next();
        self.mark.byte += next.map_or(0, char::len_utf8);
        self.mark.index += 1;
        self.mark.column += 1;
        next
    }

    /// Goes behind characters of ASCII that are no line breaks. What is true of others is not asked.
    pub(super) fn skip_while(&mut self, is_skipped: impl Fn(u8) -> bool) -> &'t str {
        let start = self.at();
        let rest = self.rest(0);
        let is_in = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~') && is_skipped(*byte);
        let length = rest.iter().take_while(|byte| is_in(byte)).count();
        if !rest[..length].iter().all(|byte| is_blank(*byte)) {
            self.breaks = 0;
        }
        self.mark.byte += length;
        self.mark.index += length;
        self.mark.column += length;
        self.since(start)
    }

    /// Goes behind a line break, if here is one, and gives what it is in a scalar.
    pub(super) fn take_break(&mut self) -> &'t str {
        let start = self.at();
        let length = break_length(self.rest(0));
        if length == 0 {
            return "";
        }
        self.mark.byte += length;
        let written = self.since(start);
        self.breaks += 1;
        self.mark = Mark {
            index: self.mark.index + written.chars().count(),
            line: self.mark.line + 1,
            column: 0,
            byte: self.mark.byte,
        };
        match written {
            "\u{2028}" | "\u{2029}" => written,
            _ => "\n",
        }
    }

    /// The rest of the line, behind which this stands then.
    pub(super) fn take_line(&mut self) -> &'t str {
        let start = self.at();
        loop {
            self.skip_while(|_| true);
            if self.is_break_or_end(0) {
                return self.since(start);
            }
            self.skip();
        }
    }

    /// Whether a line `---` or `...` begins here.
    pub(super) fn is_at_document_mark(&self) -> bool {
        [b'-', b'.']
            .map(|mark| self.is_at_mark(mark))
            .contains(&true)
    }

    /// Whether a line that consists of this three times begins here.
    pub(super) fn is_at_mark(&self, byte: u8) -> bool {
        let is_mark = (0..3).all(|ahead| self.ahead(ahead) == byte);
        self.mark.column == 0 && is_mark && self.is_blank_or_end(3)
    }
}

/// In bytes; 0 where there is none.
fn break_length(rest: &[u8]) -> usize {
    match rest {
        [b'\r', b'\n', ..] | [0xc2, 0x85, ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        [0xe2, 0x80, 0xa8 | 0xa9, ..] => 3,
        _ => 0,
    }
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// What anchors and the names of tags consist of.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}
