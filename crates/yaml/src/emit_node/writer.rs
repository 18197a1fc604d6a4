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
    /// The indentation of a comment that stands directly above and belongs to what is above it. What is indented
    /// as it is does not follow without an empty line.
    foot_indent: Option<usize>,
}

impl Default for Writer {
    fn default() -> Self {
        Self {
            out: String::new(),
            indent: None,
            column: 0,
            is_separate: true,
            is_indentation: true,
            foot_indent: None,
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
        if self.foot_indent.take() == Some(indent) {
            self.line_break();
        }
        while self.column < indent {
            self.char(' ');
        }
        self.is_separate = true;
    }

    /// Writes the lines of a comment, and ends the last one.
    pub(super) fn comment(&mut self, text: &str) {
        let mut after_break = false;
        for c in text.chars() {
            if is_break(c) {
                self.break_with(c);
                after_break = true;
                continue;
            }
            if after_break {
                self.line();
            }
            self.content(c);
            after_break = false;
        }
        if !after_break {
            self.line_break();
        }
        self.is_separate = true;
    }

    /// Notes that the comment above belongs to what is above it.
    pub(super) fn empty_line_is_next(&mut self) {
        self.foot_indent = Some(self.indent.unwrap_or_default());
    }

    /// Forgets that.
    pub(super) fn no_empty_line_is_next(&mut self) {
        self.foot_indent = None;
    }

    pub(super) fn is_at_line_start(&self) -> bool {
        self.column == 0
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

    /// Ends a block scalar's header, with a comment unless that is empty.
    pub(super) fn end_header(&mut self, comment: &str) {
        if comment.is_empty() {
            self.line_break();
        } else {
            self.separate();
            self.comment(comment);
        }
        self.is_separate = true;
    }

    /// Whether the line has more than its indentation.
    pub(super) fn is_behind_text(&self) -> bool {
        self.column == 0 || !self.is_indentation
    }
}
