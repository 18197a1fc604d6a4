//! Scalars without quotes (`yaml_parser_scan_plain_scalar`).

use std::borrow::Cow;

use super::Problem;
use super::cursor::is_blank;
use super::folding::Gap;
use super::tokens::Tokens;

impl<'t> Tokens<'t> {
    /// With its end in bytes, without the white space behind it.
    pub(super) fn scan_plain(&mut self) -> Result<(Cow<'t, str>, usize), Problem> {
        let indent = self.indent.map_or(0, |indent| indent + 1);
        let mut text = Cow::Borrowed("");
        let mut end = self.cursor.at();
        let mut gap = Gap::default();
        while !self.cursor.is_at_document_mark() && self.cursor.here() != b'#' {
            let word = self.take_plain_word();
            if !word.is_empty() {
                add_word(&mut text, &gap, word);
                gap = Gap::default();
                end = self.cursor.at();
            }
            if !is_blank(self.cursor.here()) && !self.cursor.is_break(0) {
                break;
            }
            self.take_plain_gap(&mut gap, indent)?;
            if self.flow_level == 0 && self.cursor.mark.column < indent {
                break;
            }
        }
        if gap.has_break {
            self.may_start_key = true;
        }
        Ok((text, end))
    }

    fn take_plain_word(&mut self) -> &'t str {
        let start = self.cursor.at();
        loop {
            self.cursor
                .skip_while(|byte| !b"\t :,?[]{}".contains(&byte));
            if self.cursor.is_blank_or_end(0) || self.ends_plain() {
                return self.cursor.since(start);
            }
            self.cursor.skip();
        }
    }

    fn ends_plain(&self) -> bool {
        let is_value = self.cursor.here() == b':' && self.cursor.is_blank_or_end(1);
        is_value || (self.flow_level > 0 && b",?[]{}".contains(&self.cursor.here()))
    }

    fn take_plain_gap(&mut self, gap: &mut Gap<'t>, indent: usize) -> Result<(), Problem> {
        loop {
            if gap.has_break {
                self.cursor.skip_while(|byte| byte == b' ');
                if self.cursor.here() == b'\t' && self.cursor.mark.column < indent {
                    return Err(self.problem("a tab stands where spaces have to indent"));
                }
            }
            if !gap.take(&mut self.cursor) {
                return Ok(());
            }
        }
    }
}

fn add_word<'t>(text: &mut Cow<'t, str>, gap: &Gap<'_>, word: &'t str) {
    if text.is_empty() {
        *text = Cow::Borrowed(word);
        return;
    }
    let text = text.to_mut();
    gap.join(text);
    text.push_str(word);
}
