//! Scalars as blocks (`yaml_parser_scan_block_scalar`).

use super::Problem;
use super::cursor::{END, is_blank};
use super::tokens::Tokens;
use crate::{Span, Style};

/// What becomes of the line breaks at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    /// One stays.
    Clip,
    /// `-`: none.
    Strip,
    /// `+`: all.
    Keep,
}

impl Tokens<'_> {
    /// With where its lines stand.
    pub(super) fn scan_block_scalar(&mut self, style: Style) -> Result<(String, Span), Problem> {
        let (chomping, increment) = self.scan_block_header()?;
        let outer = self.indent.unwrap_or_default();
        let mut breaks = String::new();
        let indent = increment.map(|increment| outer + increment);
        let indent = self.take_block_breaks(indent, &mut breaks)?;
        let start = self.cursor.mark;
        let mut text = String::new();
        let mut line_break = "";
        let mut was_indented = false;
        while self.cursor.mark.column == indent && self.cursor.here() != END {
            let is_indented = is_blank(self.cursor.here());
            let is_folded =
                style == Style::Folded && !was_indented && !is_indented && line_break == "\n";
            match is_folded {
                true if breaks.is_empty() => text.push(' '),
                true => {}
                false => text.push_str(line_break),
            }
            text.push_str(&std::mem::take(&mut breaks));
            was_indented = is_indented;
            text.push_str(self.cursor.take_line());
            line_break = self.cursor.take_break();
            self.take_block_breaks(Some(indent), &mut breaks)?;
        }
        if chomping != Chomping::Strip {
            text.push_str(line_break);
        }
        if chomping == Chomping::Keep {
            text.push_str(&breaks);
        }
        Ok((text, start.span_to(self.cursor.at())))
    }

    /// Goes behind the first line.
    fn scan_block_header(&mut self) -> Result<(Chomping, Option<usize>), Problem> {
        let start = self.cursor.mark;
        self.cursor.skip();
        let mut increment = self.take_increment()?;
        let chomping = match self.cursor.here() {
            b'+' => Chomping::Keep,
            b'-' => Chomping::Strip,
            _ => Chomping::Clip,
        };
        if chomping != Chomping::Clip {
            self.cursor.skip();
            increment = match increment {
                None => self.take_increment()?,
                some => some,
            };
        }
        self.cursor.skip_while(is_blank);
        if self.cursor.here() == b'#' {
            self.find_line_comment(start.index);
        }
        if !self.cursor.is_break_or_end(0) {
            return Err(self.problem("expected nothing but a comment behind `|` or `>`"));
        }
        self.cursor.take_break();
        Ok((chomping, increment))
    }

    /// An indentation from 1 to 9, if here is one.
    fn take_increment(&mut self) -> Result<Option<usize>, Problem> {
        match self.cursor.here() {
            b'0' => Err(self.problem("the indentation of a block is at least 1")),
            digit @ b'1'..=b'9' => {
                self.cursor.skip();
                Ok(Some(usize::from(digit - b'0')))
            }
            _ => Ok(None),
        }
    }

    /// Goes behind empty lines and up to the indentation, which it finds out where there is none yet.
    fn take_block_breaks(
        &mut self,
        indent: Option<usize>,
        breaks: &mut String,
    ) -> Result<usize, Problem> {
        let mut deepest = 0;
        loop {
            let is_before = |column| indent.is_none_or(|indent| column < indent);
            while is_before(self.cursor.mark.column) && self.cursor.here() == b' ' {
                self.cursor.skip();
            }
            deepest = deepest.max(self.cursor.mark.column);
            if is_before(self.cursor.mark.column) && self.cursor.here() == b'\t' {
                return Err(self.problem("a tab stands where spaces have to indent"));
            }
            if !self.cursor.is_break(0) {
                break;
            }
            breaks.push_str(self.cursor.take_break());
        }
        let least = self.indent.map_or(1, |outer| outer + 1);
        Ok(indent.unwrap_or(deepest.max(least)))
    }
}
