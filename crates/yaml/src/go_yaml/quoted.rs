//! Scalars in quotes (`yaml_parser_scan_flow_scalar`).

use super::Problem;
use super::cursor::END;
use super::folding::Gap;
use super::tokens::Tokens;
use crate::Style;

impl<'t> Tokens<'t> {
    pub(super) fn scan_quoted(&mut self, style: Style) -> Result<String, Problem> {
        let start = self.cursor.mark;
        self.cursor.skip();
        let mut text = String::new();
        loop {
            if self.cursor.is_at_document_mark() || self.cursor.here() == END {
                return Err(Problem::new(start, "the quote is not closed"));
            }
            let mut gap = self.take_quoted_word(style, &mut text)?;
            if self.cursor.here() == quote(style) {
                self.cursor.skip();
                return Ok(text);
            }
            while gap.take(&mut self.cursor) {}
            gap.join(&mut text);
        }
    }

    /// Takes what stands up to white space, the closing quote or an escaped line break, and gives the start of what
    /// is next.
    fn take_quoted_word(&mut self, style: Style, text: &mut String) -> Result<Gap<'t>, Problem> {
        let is_single = style == Style::SingleQuoted;
        loop {
            text.push_str(self.cursor.skip_while(|byte| !b"\t '\"\\".contains(&byte)));
            if self.cursor.is_blank_or_end(0) {
                return Ok(Gap::default());
            }
            match self.cursor.here() {
                b'\'' if is_single && self.cursor.ahead(1) == b'\'' => {
                    self.cursor.skip();
                    self.cursor.skip();
                    text.push('\'');
                }
                byte if byte == quote(style) => return Ok(Gap::default()),
                b'\\' if !is_single && self.cursor.is_break(1) => {
                    self.cursor.skip();
                    self.cursor.take_break();
                    return Ok(Gap::after_escaped_break());
                }
                b'\\' if !is_single => text.push(self.take_escape()?),
                _ => text.extend(self.cursor.next()),
            }
        }
    }

    fn take_escape(&mut self) -> Result<char, Problem> {
        let start = self.cursor.mark;
        self.cursor.skip();
        let escaped = match self.cursor.here() {
            b'0' => '\0',
            b'a' => '\u{7}',
            b'b' => '\u{8}',
            b't' | b'\t' => '\t',
            b'n' => '\n',
            b'v' => '\u{b}',
            b'f' => '\u{c}',
            b'r' => '\r',
            b'e' => '\u{1b}',
            byte @ (b' ' | b'"' | b'\'' | b'\\') => char::from(byte),
            b'N' => '\u{85}',
            b'_' => '\u{a0}',
            b'L' => '\u{2028}',
            b'P' => '\u{2029}',
            b'x' => return self.take_code(2),
            b'u' => return self.take_code(4),
            b'U' => return self.take_code(8),
            _ => return Err(Problem::new(start, "no such escape in double quotes")),
        };
        self.cursor.skip();
        Ok(escaped)
    }

    fn take_code(&mut self, digits: usize) -> Result<char, Problem> {
        let start = self.cursor.mark;
        self.cursor.skip();
        let from = self.cursor.at();
        (0..digits).for_each(|_| self.cursor.skip());
        let code = self.cursor.since(from);
        let is_hex = code.len() == digits && code.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = u32::from_str_radix(code, 16).ok().filter(|_| is_hex);
        code.and_then(char::from_u32)
            .ok_or_else(|| Problem::new(start, "the escape is not the code of a character"))
    }
}

fn quote(style: Style) -> u8 {
    match style {
        Style::SingleQuoted => b'\'',
        _ => b'"',
    }
}
