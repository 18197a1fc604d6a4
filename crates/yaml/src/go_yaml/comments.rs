//! What is a comment, and what it is about: `yaml_parser_scan_comments` and `yaml_parser_scan_line_comment`.

use super::cursor::{END, Mark, is_blank};
use super::tokens::{TokenKind, Tokens};
use crate::Span;

/// A comment that waits for the parser to come to its token.
#[derive(Debug, Default)]
pub(super) struct Comment {
    pub(super) place: Place,
    /// With its `#`. Empty once it is taken.
    pub(super) text: String,
    /// The parser takes it at the first token that starts here or later.
    pub(super) token: usize,
    pub(super) start: Mark,
    /// What was looked through for it.
    pub(super) scanned_from: usize,
    pub(super) end: usize,
}

/// What a comment is to a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// Before it.
    #[default]
    Head,
    /// Behind it.
    Line,
    /// Below it.
    Foot,
}

/// go-yaml looks no further for the next line of comment.
const LONGEST_GAP: usize = 512;

impl<'t> Tokens<'t> {
    /// The comment on the rest of the line, which is about the token at `token`.
    pub(super) fn find_line_comment(&mut self, token: usize) {
        if self.cursor.breaks > 0 {
            return;
        }
        let is_first = |ahead: &usize| !is_blank(self.cursor.ahead(*ahead));
        let Some(ahead) = (0..LONGEST_GAP).find(is_first) else {
            return;
        };
        if self.cursor.ahead(ahead) != b'#' {
            return;
        }
        self.cursor.skip_while(is_blank);
        let start = self.cursor.mark;
        let text = self.take_comment().to_owned();
        self.comments.push(Comment {
            place: Place::Line,
            token,
            start,
            text,
            ..Comment::default()
        });
    }

    /// One line, with its `#`.
    fn take_comment(&mut self) -> &'t str {
        let start = self.cursor.mark;
        let line = self.cursor.take_line();
        self.lines.push(Span {
            start: start.position(),
            bytes: start.byte..self.cursor.at(),
        });
        line
    }

    /// A comment behind a key whose value is a list below is about the list:
    /// ```yaml
    /// key: # the comment
    ///   - value
    /// ```
    pub(super) fn line_comment_becomes_head(&mut self) {
        let mut last = self.tokens.iter().rev().map(|token| token.kind);
        let starts_list = last.next() == Some(TokenKind::BlockEntry)
            && last.next() == Some(TokenKind::BlockSequenceStart);
        let is_at_break = self.cursor.is_break(0);
        let Some(comment) = self.comments.last_mut() else {
            return;
        };
        let is_line = comment.place == Place::Line && !comment.text.is_empty();
        if starts_list && is_line && !is_at_break {
            comment.place = Place::Head;
            if comment.start.line + 1 == self.cursor.mark.line {
                comment.token = self.cursor.mark.index;
            }
        }
    }

    /// Goes behind the lines of comments that begin here. `before` is where the search for a token began.
    pub(super) fn find_comments(&mut self, before: Mark) {
        let mut lines = Lines::new(self, before);
        let mut ahead = 0;
        while ahead < LONGEST_GAP {
            lines.column += 1;
            let byte = self.cursor.ahead(ahead);
            if is_blank(byte) {
                ahead += 1;
                continue;
            }
            let closes = self.flow_level > 0 && matches!(byte, b']' | b'}');
            if closes || self.cursor.is_break_or_end(ahead) {
                lines.end_line(self, ahead, closes);
                if !self.cursor.is_break(ahead) {
                    break;
                }
                // One byte, whatever the line break has: what is left of a longer one counts as an empty line, or
                // ends the search.
                ahead += 1;
                continue;
            }
            lines.split_where_dedented(self, ahead);
            if byte != b'#' {
                break;
            }
            lines.take_line(self, ahead);
            // The line break behind the comment does not count.
            ahead = 1;
        }
        lines.end(self, ahead);
    }
}

/// Lines of comments without another token between them.
struct Lines {
    text: String,
    start: Mark,
    scanned_from: usize,
    /// The token that a foot is about.
    token: usize,
    is_about_value: bool,
    /// Where comments start that are indented as the block is.
    indent: usize,
    /// The line on which a comment may still be the foot of what stands before.
    foot_line: Option<usize>,
    /// Whether an empty line would be the first one.
    before_empty: bool,
    after_empty: bool,
    line: usize,
    column: usize,
}

impl Lines {
    fn new(tokens: &Tokens<'_>, before: Mark) -> Self {
        let (mark, breaks) = (tokens.cursor.mark, tokens.cursor.breaks);
        let mut last = tokens.tokens.iter().rev();
        let last = match last.next() {
            Some(separator) if separator.kind == TokenKind::FlowEntry => last.next(),
            last => last,
        };
        let is_behind_content = breaks == 0 && mark.column > 1;
        let foot_line = (mark.line + 1 + usize::from(is_behind_content)).saturating_sub(breaks);
        Self {
            text: String::new(),
            start: Mark::default(),
            scanned_from: before.index,
            token: last.map_or(0, |token| token.mark.index),
            is_about_value: last.is_some_and(|token| token.kind == TokenKind::Value),
            indent: tokens.indent.unwrap_or_default(),
            foot_line: (before.line > 0).then_some(foot_line),
            before_empty: breaks <= 1,
            after_empty: false,
            line: mark.line,
            column: mark.column,
        }
    }

    /// Comments before the first empty line are about what stands before them, and so are the last ones in
    /// brackets.
    fn end_line(&mut self, tokens: &mut Tokens<'_>, ahead: usize, closes: bool) {
        if closes || !self.after_empty {
            let is_below = Some(self.start.line) == self.foot_line && !self.is_about_value;
            let is_dedented = self.start.column <= self.indent;
            if closes || (self.before_empty && (is_below || is_dedented)) {
                if is_dedented && !self.text.is_empty() {
                    self.token = self.start.index;
                }
                self.end_foot(tokens, ahead);
            } else if !self.text.is_empty() && tokens.cursor.ahead(ahead) != END {
                self.text.push('\n');
            }
        }
        self.before_empty = false;
        self.after_empty = true;
        self.column = 0;
        self.line += 1;
    }

    /// A line that stands further left has nothing to do with those above it.
    fn split_where_dedented(&mut self, tokens: &mut Tokens<'_>, ahead: usize) {
        if self.column <= self.indent && self.column != self.start.column {
            self.end_foot(tokens, ahead);
        }
    }

    fn end_foot(&mut self, tokens: &mut Tokens<'_>, ahead: usize) {
        if self.text.is_empty() {
            return;
        }
        let end = tokens.cursor.mark.index + ahead;
        tokens.comments.push(Comment {
            place: Place::Foot,
            text: std::mem::take(&mut self.text),
            token: self.token,
            start: self.start,
            scanned_from: self.scanned_from,
            end,
        });
        self.scanned_from = end;
        self.token = end;
    }

    fn take_line(&mut self, tokens: &mut Tokens<'_>, ahead: usize) {
        match self.text.is_empty() {
            true => {
                self.start = Mark {
                    index: tokens.cursor.mark.index + ahead,
                    line: self.line,
                    column: self.column,
                    ..Mark::default()
                };
            }
            false => self.text.push('\n'),
        }
        while tokens.cursor.here() != b'#' {
            match tokens.cursor.is_break(0) {
                true => _ = tokens.cursor.take_break(),
                false => tokens.cursor.skip(),
            }
        }
        self.text.push_str(tokens.take_comment());
        self.after_empty = false;
        self.column = 0;
        self.line = tokens.cursor.mark.line;
        self.indent = tokens.indent.unwrap_or_default();
    }

    fn end(self, tokens: &mut Tokens<'_>, ahead: usize) {
        if self.text.is_empty() {
            return;
        }
        let end = (tokens.cursor.mark.index + ahead).saturating_sub(1);
        tokens.comments.push(Comment {
            place: Place::Head,
            token: self.start.index,
            text: self.text,
            start: self.start,
            scanned_from: self.scanned_from,
            end,
        });
    }
}
