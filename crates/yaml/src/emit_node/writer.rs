use super::characters::is_break;

/// The text so far, and what go-yaml's emitter remembers of its end.
pub(super) struct Writer {
    pub(super) out: String,
    /// Of the block that is written; none outside of all.
    pub(super) indent: Option<usize>,
    /// In characters.
    column: usize,
    /// Whether nothing is needed before what comes next: there is white space, or a bracket.
    is_separate: bool,
    /// Whether the line has only spaces, `-`, `?` and `:` so far.
    is_indentation: bool,
}

impl Default for Writer {
    fn default() -> Self {
        Self {
            out: String::new(),
            indent: None,
            column: 0,
            is_separate: true,
            is_indentation: true,
        }
    }
}

impl Writer {
    /// Goes to the place where a line of the block begins, unless the text stands there.
    pub(super) fn line(&mut self) {
        let indent = self.indent.unwrap_or_default();
        let is_behind = self.column > indent || (self.column == indent && !self.is_separate);
        if !self.is_indentation || is_behind {
            self.line_break();
        }
        while self.column < indent {
            self.char(' ');
        }
        self.is_separate = true;
    }

    pub(super) fn line_break(&mut self) {
        self.break_with('\n');
    }

    /// Writes a character that ends a line.
    pub(super) fn break_with(&mut self, c: char) {
        self.out.push(c);
        self.column = 0;
        self.is_indentation = true;
    }

    /// Writes a character as it is, and notes nothing but the column.
    pub(super) fn char(&mut self, c: char) {
        debug_assert!(!is_break(c));
        self.out.push(c);
        self.column += 1;
    }

    /// Writes a character of a scalar.
    pub(super) fn content(&mut self, c: char) {
        self.char(c);
        self.is_indentation = false;
    }

    pub(super) fn text(&mut self, text: &str) {
        text.chars().for_each(|c| self.char(c));
    }

    /// Writes what follows the text at once.
    pub(super) fn mark(&mut self, mark: &str) {
        self.text(mark);
        self.is_separate = false;
        self.is_indentation = false;
    }

    /// Writes what needs white space before it.
    pub(super) fn spaced_mark(&mut self, mark: &str) {
        self.separate();
        self.mark(mark);
    }

    /// Writes an anchor or an alias.
    pub(super) fn name(&mut self, mark: &str, name: &str) {
        self.spaced_mark(mark);
        self.text(name);
    }

    /// Writes a bracket, behind which no white space is needed.
    pub(super) fn opening(&mut self, bracket: &str) {
        self.spaced_mark(bracket);
        self.is_separate = true;
    }

    /// Writes `-`, `?` or `:` of a block, which counts as its indentation.
    pub(super) fn block_mark(&mut self, mark: &str) {
        let is_indentation = self.is_indentation;
        self.spaced_mark(mark);
        self.is_indentation = is_indentation;
    }

    pub(super) fn separate(&mut self) {
        if !self.is_separate {
            self.char(' ');
        }
    }

    /// Notes that a scalar without quotes ends here.
    pub(super) fn end_plain(&mut self, is_empty: bool) {
        self.is_separate &= is_empty;
        self.is_indentation = false;
    }

    /// Notes that a block scalar's header ends here.
    pub(super) fn end_header(&mut self) {
        self.line_break();
        self.is_separate = true;
    }

    /// Whether the line has more than its indentation.
    pub(super) fn is_behind_text(&self) -> bool {
        self.column == 0 || !self.is_indentation
    }
}
