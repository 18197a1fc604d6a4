//! A place in a text, counted as go-yaml counts (`skip`, `skip_line` and `read_line` of `scannerc.go`).

/// Where a token or a comment stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// In characters, from 1. 0 is before all.
    pub(super) index: usize,
    /// From 0.
    pub(super) line: usize,
    /// In characters, from 0, but from 1 where a comment starts.
    pub(super) column: usize,
}

/// Goes through a text whose only line breaks are `\n`, `\r\n` and `\r`, and which has no NUL.
pub(super) struct Cursor<'t> {
    text: &'t str,
    /// In bytes.
    at: usize,
    pub(super) mark: Mark,
    /// Line breaks since the last character that is not blank.
    pub(super) breaks: usize,
}

/// What stands behind the end.
pub(super) const END: u8 = 0;

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let mark = Mark {
            index: 1,
            ..Mark::default()
        };
        Self {
            text,
            at: 0,
            mark,
            breaks: 0,
        }
    }

    /// In bytes.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn here(&self) -> u8 {
        self.ahead(0)
    }

    pub(super) fn ahead(&self, bytes: usize) -> u8 {
        let at = self.at.saturating_add(bytes);
        self.text.as_bytes().get(at).copied().unwrap_or(END)
    }

    /// Goes behind a character that is no line break.
    pub(super) fn skip(&mut self) {
        if !is_blank(self.here()) {
            self.breaks = 0;
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.chars().next().map_or(0, char::len_utf8);
        self.mark.index += 1;
        self.mark.column += 1;
    }

    pub(super) fn skip_while(&mut self, is_skipped: impl Fn(u8) -> bool) {
        while self.here() != END && is_skipped(self.here()) {
            self.skip();
        }
    }

    /// Goes behind a line break, if here is one.
    pub(super) fn skip_break(&mut self) {
        if !is_break(self.here()) {
            return;
        }
        let length = match (self.here(), self.ahead(1)) {
            (b'\r', b'\n') => 2,
            _ => 1,
        };
        self.at += length;
        self.breaks += 1;
        self.mark = Mark {
            index: self.mark.index + length,
            line: self.mark.line + 1,
            column: 0,
        };
    }

    /// The rest of the line, behind which this stands then.
    pub(super) fn take_line(&mut self) -> &'t str {
        let start = self.at;
        self.skip_while(|byte| !is_break(byte));
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Whether a line `---` or `...` begins here.
    pub(super) fn is_at_document_mark(&self, byte: u8) -> bool {
        let is_mark = (0..3).all(|ahead| self.ahead(ahead) == byte);
        self.mark.column == 0 && is_mark && is_blank_or_end(self.ahead(3))
    }
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

pub(super) fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

pub(super) fn is_break_or_end(byte: u8) -> bool {
    is_break(byte) || byte == END
}

pub(super) fn is_blank_or_end(byte: u8) -> bool {
    is_blank(byte) || is_break_or_end(byte)
}

/// What anchors and the names of tags consist of.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}
