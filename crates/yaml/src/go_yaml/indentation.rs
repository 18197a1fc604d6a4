//! Blocks, which begin and end by indentation.

use super::Problem;
use super::cursor::Mark;
use super::tokens::{TokenKind, Tokens, Value};

impl Tokens<'_> {
    /// Starts a block at an indicator, unless it continues one.
    pub(super) fn start_block_here(&mut self, kind: TokenKind) -> Result<(), Problem> {
        if self.flow_level > 0 {
            return Ok(());
        }
        if !self.may_start_key {
            return Err(self.problem("a mapping or a list cannot begin here"));
        }
        let end = self.number();
        self.start_block(kind, self.cursor.mark, end);
        Ok(())
    }

    /// Starts a block, unless the column is that of one that is open.
    pub(super) fn start_block(&mut self, kind: TokenKind, mark: Mark, number: usize) {
        if self.flow_level == 0 && self.indent < Some(mark.column) {
            self.outer_indents.push(self.indent);
            self.indent = Some(mark.column);
            self.insert(number, kind, mark, Value::Nothing);
        }
    }

    /// Ends the blocks that are indented further than this. Their ends stand before the comments that are
    /// indented as the outer blocks are, since `before`.
    pub(super) fn end_blocks(&mut self, column: Option<usize>, before: Mark) {
        if self.flow_level > 0 {
            return;
        }
        let mut end = before;
        end.index -= 1;
        while self.indent > column {
            end = self.end_before_comments(end);
            self.push(TokenKind::BlockEnd, end, Value::Nothing);
            self.indent = self.outer_indents.pop().flatten();
        }
    }

    fn end_before_comments(&self, mut end: Mark) -> Mark {
        let column = self.indent.map_or(0, |indent| indent + 1);
        let mut stop = end.index;
        for comment in self.comments.iter().rev() {
            if comment.end < stop {
                break;
            }
            if comment.start.column == column {
                end = comment.start;
            }
            stop = comment.scanned_from;
        }
        end
    }
}
