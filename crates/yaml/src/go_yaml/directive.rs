//! `%YAML` and `%TAG` (`yaml_parser_scan_directive`).

use super::Problem;
use super::cursor::{is_blank, is_word};
use super::tokens::{Tokens, Value};

impl Tokens<'_> {
    /// Goes behind the line. A comment in it is lost.
    pub(super) fn scan_directive(&mut self) -> Result<Value, Problem> {
        self.cursor.skip();
        let name = self.cursor.skip_while(is_word);
        let value = match (name, self.cursor.is_blank_or_end(0)) {
            ("YAML", true) => self.scan_version()?,
            ("TAG", true) => self.scan_tag_directive()?,
            _ => return Err(self.problem("expected `%YAML` or `%TAG`")),
        };
        self.cursor.skip_while(is_blank);
        if self.cursor.here() == b'#' {
            self.cursor.take_line();
        }
        if !self.cursor.is_break_or_end(0) {
            return Err(self.problem("expected the end of the line behind a directive"));
        }
        self.cursor.take_break();
        Ok(value)
    }

    fn scan_version(&mut self) -> Result<Value, Problem> {
        self.cursor.skip_while(is_blank);
        let major = self.take_number()?;
        if self.cursor.here() != b'.' {
            return Err(self.problem(VERSION));
        }
        self.cursor.skip();
        let minor = self.take_number()?;
        Ok(Value::Version { major, minor })
    }

    fn take_number(&mut self) -> Result<u8, Problem> {
        let digits = self.cursor.skip_while(|byte| byte.is_ascii_digit());
        let number = digits.parse().ok().filter(|_| digits.len() <= 2);
        number.ok_or_else(|| self.problem(VERSION))
    }

    fn scan_tag_directive(&mut self) -> Result<Value, Problem> {
        self.cursor.skip_while(is_blank);
        let handle = self.take_handle()?;
        if handle != "!" && !(handle.len() > 1 && handle.ends_with('!')) {
            return Err(self.problem("expected the `!` that ends the handle"));
        }
        if !is_blank(self.cursor.here()) {
            return Err(self.problem("expected white space and what the handle stands for"));
        }
        self.cursor.skip_while(is_blank);
        let prefix = self.take_uri("")?;
        match self.cursor.is_blank_or_end(0) {
            true => Ok(Value::Tag {
                handle: handle.into(),
                suffix: prefix.into(),
            }),
            false => Err(self.problem("expected white space behind what the handle stands for")),
        }
    }
}

const VERSION: &str = "expected a version such as 1.1";
