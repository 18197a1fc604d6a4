//! Where scalars and directives end.

use super::Unplaced;
use super::cursor::{END, is_blank, is_blank_or_end, is_break, is_break_or_end};
use super::tokens::Tokens;

/// What may stand behind a `\` in double quotes, besides a line break.
const ESCAPES: &[u8] = b"0abt\tnvfre \"'\\N_LPxuU";

impl Tokens<'_> {
    pub(super) fn scan_plain(&mut self) -> Result<(), Unplaced> {
        let indent = self.indent.map_or(0, |indent| indent + 1);
        let mut after_break = false;
        loop {
            let is_document_mark = [b'-', b'.'].map(|mark| self.cursor.is_at_document_mark(mark));
            if is_document_mark.contains(&true) || self.cursor.here() == b'#' {
                break;
            }
            while !is_blank_or_end(self.cursor.here()) && !self.ends_plain() {
                after_break = false;
                self.cursor.skip();
            }
            if !is_blank(self.cursor.here()) && !is_break(self.cursor.here()) {
                break;
            }
            self.scan_white_space(&mut after_break, indent)?;
            if self.flow_level == 0 && self.cursor.mark.column < indent {
                break;
            }
        }
        if after_break {
            self.may_start_key = true;
        }
        Ok(())
    }

    fn ends_plain(&self) -> bool {
        let is_value = self.cursor.here() == b':' && is_blank_or_end(self.cursor.ahead(1));
        is_value || (self.flow_level > 0 && b",?[]{}".contains(&self.cursor.here()))
    }

    fn scan_white_space(&mut self, after_break: &mut bool, indent: usize) -> Result<(), Unplaced> {
        loop {
            match self.cursor.here() {
                b'\t' if *after_break && self.cursor.mark.column < indent => {
                    return Err(self.error());
                }
                byte if is_blank(byte) => self.cursor.skip(),
                byte if is_break(byte) => {
                    *after_break = true;
                    self.cursor.skip_break();
                }
                _ => return Ok(()),
            }
        }
    }

    pub(super) fn scan_quoted(&mut self, quote: u8) -> Result<(), Unplaced> {
        self.cursor.skip();
        loop {
            let is_document_mark = [b'-', b'.'].map(|mark| self.cursor.is_at_document_mark(mark));
            if is_document_mark.contains(&true) {
                return Err(self.error());
            }
            match self.cursor.here() {
                END => return Err(self.error()),
                byte if is_break(byte) => self.cursor.skip_break(),
                b'\\' if quote == b'"' => self.skip_escape()?,
                b'\'' if quote == b'\'' && self.cursor.ahead(1) == b'\'' => {
                    self.cursor.skip();
                    self.cursor.skip();
                }
                byte => {
                    self.cursor.skip();
                    if byte == quote {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn skip_escape(&mut self) -> Result<(), Unplaced> {
        self.cursor.skip();
        match self.cursor.here() {
            byte if is_break(byte) => self.cursor.skip_break(),
            byte if ESCAPES.contains(&byte) => self.cursor.skip(),
            _ => return Err(self.error()),
        }
        Ok(())
    }

    pub(super) fn scan_block_scalar(&mut self) -> Result<(), Unplaced> {
        let start = self.cursor.mark;
        self.cursor.skip();
        let mut increment = self.skip_digit()?;
        if matches!(self.cursor.here(), b'+' | b'-') {
            self.cursor.skip();
            increment = increment.or(self.skip_digit()?);
        }
        self.cursor.skip_while(is_blank);
        if self.cursor.here() == b'#' {
            self.find_line_comment(start.index);
        }
        if !is_break_or_end(self.cursor.here()) {
            return Err(self.error());
        }
        self.cursor.skip_break();
        let outer = self.indent.unwrap_or_default();
        let indent = self.scan_block_breaks(increment.map(|increment| outer + increment))?;
        while self.cursor.mark.column == indent && self.cursor.here() != END {
            self.cursor.take_line();
            self.cursor.skip_break();
            self.scan_block_breaks(Some(indent))?;
        }
        Ok(())
    }

    /// An indentation from 1 to 9, if here is one.
    fn skip_digit(&mut self) -> Result<Option<usize>, Unplaced> {
        match self.cursor.here() {
            b'0' => Err(self.error()),
            digit @ b'1'..=b'9' => {
                self.cursor.skip();
                Ok(Some(usize::from(digit - b'0')))
            }
            _ => Ok(None),
        }
    }

    /// Goes behind empty lines and up to the indentation, which it finds out where there is none yet.
    fn scan_block_breaks(&mut self, indent: Option<usize>) -> Result<usize, Unplaced> {
        let mut deepest = 0;
        loop {
            let is_before = |column| indent.is_none_or(|indent| column < indent);
            while is_before(self.cursor.mark.column) && self.cursor.here() == b' ' {
                self.cursor.skip();
            }
            deepest = deepest.max(self.cursor.mark.column);
            if is_before(self.cursor.mark.column) && self.cursor.here() == b'\t' {
                return Err(self.error());
            }
            if !is_break(self.cursor.here()) {
                break;
            }
            self.cursor.skip_break();
        }
        let least = self.indent.map_or(1, |outer| outer + 1);
        Ok(indent.unwrap_or(deepest.max(least)))
    }

    /// A comment behind a directive is lost.
    pub(super) fn scan_directive(&mut self) -> Result<(), Unplaced> {
        let line = self.cursor.take_line();
        let directive = line.split(" #").next().unwrap_or_default();
        let words: Vec<&str> = directive.split_ascii_whitespace().collect();
        match words.as_slice() {
            ["%YAML", "1.1"] => {}
            ["%TAG", handle, _] if handle.starts_with('!') => {}
            _ => return Err(self.error()),
        }
        self.cursor.skip_break();
        Ok(())
    }
}
