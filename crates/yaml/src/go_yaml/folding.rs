//! What becomes of white space and line breaks within a scalar.

use super::cursor::{Cursor, is_blank};

/// White space between two words of a scalar without quotes or in quotes.
#[derive(Default)]
pub(super) struct Gap<'t> {
    blanks: &'t str,
    pub(super) has_break: bool,
    /// Empty where it is escaped.
    first_break: &'t str,
    other_breaks: String,
}

impl<'t> Gap<'t> {
    /// Behind a `\` at the end of a line in double quotes.
    pub(super) fn after_escaped_break() -> Self {
        Self {
            has_break: true,
            ..Self::default()
        }
    }

    /// Takes blanks up to the next character or line break, or a line break. Says whether there was one of them.
    pub(super) fn take(&mut self, cursor: &mut Cursor<'t>) -> bool {
        if is_blank(cursor.here()) {
            let blanks = cursor.skip_while(is_blank);
            if !self.has_break {
                self.blanks = blanks;
            }
            return true;
        }
        let line_break = cursor.take_break();
        if self.has_break {
            self.other_breaks.push_str(line_break);
        } else if !line_break.is_empty() {
            self.has_break = true;
            self.first_break = line_break;
        }
        !line_break.is_empty()
    }

    /// Writes what it becomes.
    pub(super) fn join(&self, text: &mut String) {
        match (self.has_break, self.first_break) {
            (false, _) => text.push_str(self.blanks),
            (true, "\n") if self.other_breaks.is_empty() => text.push(' '),
            (true, "\n") => text.push_str(&self.other_breaks),
            (true, kept) => {
                text.push_str(kept);
                text.push_str(&self.other_breaks);
            }
        }
    }
}
