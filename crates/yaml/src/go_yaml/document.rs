//! Documents and their directives.

use super::tokens::{TokenKind, Value};
use super::walk::Walk;
use super::{EventKind, Problem, Properties};
use crate::syntax::Comments;

/// What handles stand for unless directives say otherwise.
const HANDLES: [(&str, &str); 2] = [("!", "!"), ("!!", "tag:yaml.org,2002:")];

impl Walk<'_> {
    pub(super) fn stream(&mut self) -> Result<(), Problem> {
        self.peek()?;
        self.skip();
        if self.starts_bare_document()? {
            self.bare_document()?;
        }
        while self.peek_document()? {
            self.explicit_document()?;
        }
        Ok(())
    }

    /// Whether the first document has no `---`.
    fn starts_bare_document(&mut self) -> Result<bool, Problem> {
        use TokenKind::{DocumentStart, StreamEnd, TagDirective, VersionDirective};
        let first = self.peek()?;
        let outside = [VersionDirective, TagDirective, DocumentStart, StreamEnd];
        Ok(!outside.contains(&first))
    }

    fn peek_document(&mut self) -> Result<bool, Problem> {
        let mut token = self.peek()?;
        while token == TokenKind::DocumentEnd {
            token = self.skip_and_peek()?;
        }
        Ok(token != TokenKind::StreamEnd)
    }

    fn bare_document(&mut self) -> Result<(), Problem> {
        self.handles = handles(Vec::new());
        let head = self.split_head();
        self.start_document(head)?;
        self.block_node(1)?;
        self.end_document()
    }

    fn explicit_document(&mut self) -> Result<(), Problem> {
        self.directives()?;
        if self.peek()? != TokenKind::DocumentStart {
            return Err(self.problem("expected `---`"));
        }
        self.start_document(String::new())?;
        let behind_mark = self.behind(3);
        match self.skip_and_peek()?.is_outside() {
            true => self.nothing(behind_mark)?,
            false => self.block_node(1)?,
        }
        self.end_document()
    }

    fn directives(&mut self) -> Result<(), Problem> {
        let mut declared: Vec<(Box<str>, Box<str>)> = Vec::new();
        let mut has_version = false;
        while matches!(
            self.peek()?,
            TokenKind::VersionDirective | TokenKind::TagDirective
        ) {
            match self.tokens.take_value() {
                Value::Version { .. } if has_version => {
                    return Err(self.problem("`%YAML` stands twice"));
                }
                Value::Version { major: 1, minor: 1 } => has_version = true,
                Value::Tag { handle, suffix } => {
                    if declared.iter().any(|(known, _)| *known == handle) {
                        return Err(self.problem("the same handle stands in two `%TAG`"));
                    }
                    declared.push((handle, suffix));
                }
                _ => return Err(self.problem("go-yaml reads YAML 1.1 only")),
            }
            self.skip();
        }
        self.handles = handles(declared);
        Ok(())
    }

    fn start_document(&mut self, head: String) -> Result<(), Problem> {
        let comments = Comments::of_head(head);
        let here = self.here();
        self.push(
            EventKind::DocumentStart,
            Properties::default(),
            comments,
            here,
        )
    }

    /// Takes off what stands above the last empty line, which is about the document.
    fn split_head(&mut self) -> String {
        let head = &self.waiting.head;
        let (above, below) = match head.strip_suffix('\n') {
            Some(above) => (above, ""),
            None => match head.rsplit_once("\n\n") {
                Some(halves) => halves,
                None => return String::new(),
            },
        };
        let (above, below) = (above.to_owned(), below.to_owned());
        self.waiting.head = below;
        above
    }

    fn end_document(&mut self) -> Result<(), Problem> {
        if self.peek()? == TokenKind::DocumentEnd {
            self.skip();
        }
        self.stem = None;
        let Comments { head, foot, .. } = std::mem::take(&mut self.waiting);
        let comments = Comments {
            foot: if foot.is_empty() { head } else { foot },
            ..Comments::default()
        };
        let here = self.here();
        self.push(
            EventKind::DocumentEnd,
            Properties::default(),
            comments.boxed(),
            here,
        )
    }
}

fn handles(mut declared: Vec<(Box<str>, Box<str>)>) -> Vec<(Box<str>, Box<str>)> {
    for (handle, prefix) in HANDLES {
        if !declared.iter().any(|(known, _)| **known == *handle) {
            declared.push((handle.into(), prefix.into()));
        }
    }
    declared
}
