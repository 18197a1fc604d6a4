//! Comments on their way from a node to the place where they are written (`yaml_emitter_process_head_comment` and
//! the like). A comment waits until a place for one of its kind comes, which need not be that of its node.

use super::Emitter;

/// Comments that are not written yet; empty where there is none.
#[derive(Default)]
pub(super) struct Waiting<'n> {
    head: &'n str,
    pub(super) line: &'n str,
    foot: &'n str,
    /// What stands below an entry of a mapping, which is known before its value.
    tail: &'n str,
    /// Behind a key whose value begins on another line.
    key_line: &'n str,
}

impl<'n> Waiting<'n> {
    pub(super) fn add_head(&mut self, head: &'n str) {
        replace(&mut self.head, head);
    }

    pub(super) fn add_end(&mut self, line: &'n str, foot: &'n str) {
        replace(&mut self.line, line);
        replace(&mut self.foot, foot);
    }

    pub(super) fn add_tail(&mut self, tail: &'n str) {
        replace(&mut self.tail, tail);
    }

    /// Whether what is next stands on its line alone.
    pub(super) fn ends_line(&self) -> bool {
        !(self.line.is_empty() && self.foot.is_empty() && self.tail.is_empty())
    }

    /// Whether lines follow before a closing brace.
    pub(super) fn has_lines(&self) -> bool {
        !(self.head.is_empty() && self.foot.is_empty() && self.tail.is_empty())
    }

    /// Puts the comment behind a key aside until its value comes.
    pub(super) fn keep_key_line(&mut self) {
        replace(&mut self.key_line, std::mem::take(&mut self.line));
    }

    /// Before a scalar that has no comment of its own.
    pub(super) fn give_key_line(&mut self) {
        if self.line.is_empty() {
            self.line = std::mem::take(&mut self.key_line);
        }
    }
}

fn replace<'n>(old: &mut &'n str, new: &'n str) {
    if !new.is_empty() {
        *old = new;
    }
}

impl Emitter<'_> {
    pub(super) fn head_comment(&mut self) {
        let tail = std::mem::take(&mut self.waiting.tail);
        self.foot_of_lines(tail);
        let head = std::mem::take(&mut self.waiting.head);
        if !head.is_empty() {
            self.writer.line();
            self.writer.comment(head);
        }
    }

    pub(super) fn line_comment(&mut self) {
        let line = std::mem::take(&mut self.waiting.line);
        if !line.is_empty() {
            self.writer.separate();
            self.writer.comment(line);
        }
    }

    /// What stands behind a key, before a block below it.
    pub(super) fn key_line_comment(&mut self) {
        let comment = std::mem::take(&mut self.waiting.key_line);
        if !comment.is_empty() {
            self.writer.separate();
            self.writer.comment(comment);
        }
    }

    pub(super) fn foot_comment(&mut self) {
        let foot = std::mem::take(&mut self.waiting.foot);
        self.foot_of_lines(foot);
    }

    fn foot_of_lines(&mut self, comment: &str) {
        if !comment.is_empty() {
            self.writer.line();
            self.writer.comment(comment);
            self.writer.empty_line_is_next();
        }
    }

    pub(super) fn end_of_item(&mut self) {
        self.line_comment();
        self.foot_comment();
    }
}
