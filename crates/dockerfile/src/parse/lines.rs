use std::iter::Peekable;
use std::str::SplitInclusive;

use towpath_model::{Diagnostic, Location};

use crate::dockerfile::Escape;

/// Characters in a piece of a line at most, so that a place in a long line is found without counting it all.
const PIECE: usize = 256;

/// An instruction with its continuation lines joined, which still knows where each part came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogicalLine {
    pub(crate) text: String,
    file: String,
    /// Where in the file the text from each offset on came from; offsets rise, the first is 0.
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    offset: usize,
    line: u32,
    /// Characters before the piece in its line.
    indent: u32,
}

impl LogicalLine {
    fn push(&mut self, text: &str, line: u32, indent: u32) {
        let mut column = indent;
        let mut rest = text;
        loop {
            let offset = self.text.len();
            self.pieces.push(Piece {
                offset,
                line,
                indent: column,
            });
            let end = rest
                .char_indices()
                .nth(PIECE)
                .map_or(rest.len(), |(at, _)| at);
            let (piece, after) = rest.split_at(end);
            self.text.push_str(piece);
            if after.is_empty() {
                return;
            }
            column = column.saturating_add(saturating_u32(PIECE));
            rest = after;
        }
    }

    /// Where the byte at `offset` of the text stands in the file.
    pub(crate) fn locate(&self, offset: usize) -> Location {
        let after = self.pieces.partition_point(|piece| piece.offset <= offset);
        let piece = self.pieces[after.saturating_sub(1)];
        let before = self.text.get(piece.offset..offset).unwrap_or_default();
        Location {
            file: self.file.clone(),
            line: piece.line,
            column: piece.indent + saturating_u32(before.chars().count()) + 1,
        }
    }

    pub(crate) fn diagnostic(&self, offset: usize, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.locate(offset), message)
    }
}

/// Reads a Dockerfile line by line, as `frontend/dockerfile/parser` of BuildKit does: comments and blank
/// lines are dropped, also between the lines of one instruction.
pub(crate) struct Lines<'a> {
    file: &'a str,
    rest: Peekable<SplitInclusive<'a, char>>,
    /// Number of the last line read, from 1.
    line: u32,
    escape: Escape,
}

impl<'a> Lines<'a> {
    /// Reads the parser directives at the top.
    pub(crate) fn new(file: &'a str, text: &'a str) -> Result<Self, Diagnostic> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = Self {
            file,
            rest: text.split_inclusive('\n').peekable(),
            line: 0,
            escape: Escape::default(),
        };
        lines.read_directives()?;
        Ok(lines)
    }

    pub(crate) fn escape(&self) -> Escape {
        self.escape
    }

    /// `syntax` names an image that holds a BuildKit front end; this builder is its own front end, so the
    /// directive chooses nothing. `check` configures Docker's linter, which is not part of a build.
    fn read_directives(&mut self) -> Result<(), Diagnostic> {
        let mut seen: Vec<String> = Vec::new();
        while let Some((name, value)) = self.rest.peek().and_then(|line| directive(line)) {
            self.line += 1;
            if seen.contains(&name) {
                let message = format!("parser directive `{name}` appears twice");
                return Err(Diagnostic::new(self.here(1), message).help("keep one"));
            }
            if name == "escape" {
                self.escape = self.escape_named(value)?;
            }
            seen.push(name);
            self.rest.next();
        }
        Ok(())
    }

    fn escape_named(&self, value: &str) -> Result<Escape, Diagnostic> {
        match value {
            "\\" => Ok(Escape::Backslash),
            "`" => Ok(Escape::Backtick),
            _ => Err(Diagnostic::new(
                self.here(1),
                format!("`{value}` cannot be the escape character"),
            )
            .help("expected `\\` or a backtick")),
        }
    }

    /// The next instruction.
    pub(crate) fn next_logical(&mut self) -> Option<LogicalLine> {
        loop {
            let raw = self.next_raw()?;
            let trimmed = raw.trim_start();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            let line = self.join(raw);
            if !line.text.trim().is_empty() {
                return Some(line);
            }
        }
    }

    fn join(&mut self, first: &str) -> LogicalLine {
        let trimmed = first.trim_start();
        let indent = saturating_u32(first.chars().count() - trimmed.chars().count());
        let mut joined = LogicalLine {
            text: String::new(),
            file: self.file.to_owned(),
            pieces: Vec::new(),
        };
        let mut continues = self.append(&mut joined, trimmed, indent);
        while continues {
            let Some(raw) = self.next_raw() else { break };
            let is_comment_or_blank = raw.trim().is_empty() || raw.trim_start().starts_with('#');
            if !is_comment_or_blank {
                continues = self.append(&mut joined, raw, 0);
            }
        }
        joined.text.truncate(joined.text.trim_end().len());
        joined
    }

    /// Adds one line's text; true when it ends in a continuation.
    fn append(&self, joined: &mut LogicalLine, text: &str, indent: u32) -> bool {
        let continued = without_continuation(text, self.escape.char());
        joined.push(continued.unwrap_or(text), self.line, indent);
        continued.is_some()
    }

    /// The lines up to one that is exactly `terminator`; `None` when the file ends before it.
    /// With `strip_tabs` the terminator may be indented by tabs.
    pub(crate) fn until(&mut self, terminator: &str, strip_tabs: bool) -> Option<String> {
        let mut content = String::new();
        loop {
            let with_end = self.rest.next()?;
            self.line += 1;
            let line = without_line_end(with_end);
            let candidate = if strip_tabs {
                line.trim_start_matches('\t')
            } else {
                line
            };
            if candidate == terminator {
                return Some(content);
            }
            content.push_str(with_end);
        }
    }

    fn next_raw(&mut self) -> Option<&'a str> {
        let line = self.rest.next()?;
        self.line += 1;
        Some(without_line_end(line))
    }

    /// A place in the line last read.
    pub(crate) fn here(&self, column: u32) -> Location {
        Location {
            file: self.file.to_owned(),
            line: self.line.max(1),
            column,
        }
    }
}

fn without_line_end(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

/// `# name=value` with a name that Docker knows; any other comment is just that.
fn directive(line: &str) -> Option<(String, &str)> {
    let (name, value) = line.trim().strip_prefix('#')?.split_once('=')?;
    let name = name.trim().to_ascii_lowercase();
    let value = value.trim();
    let known = matches!(name.as_str(), "syntax" | "escape" | "check");
    (known && !value.is_empty()).then_some((name, value))
}

/// The line without the escape character that continues it. An escaped escape character does not.
fn without_continuation(line: &str, escape: char) -> Option<&str> {
    let body = line.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!body.ends_with(escape)).then_some(body)
}

fn saturating_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let mut lines = Lines::new("Dockerfile", text).unwrap();
        std::iter::from_fn(|| lines.next_logical())
            .map(|line| line.text)
            .collect()
    }

    #[test]
    fn joins_continued_lines() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            ("# only a comment", &[]),
            ("\u{feff}FROM a\r\nRUN b\r\n", &["FROM a", "RUN b"]),
            ("  FROM a  \n\n# c\n  RUN b", &["FROM a", "RUN b"]),
            ("RUN a \\\n  b", &["RUN a   b"]),
            ("RUN a \\  \n  b", &["RUN a   b"]),
            ("RUN a \\\n# comment\n\n  # other\n b", &["RUN a  b"]),
            ("RUN a \\\\\nFROM b", &["RUN a \\\\", "FROM b"]),
            ("RUN a \\", &["RUN a"]),
            ("\\\nFROM a", &["FROM a"]),
            ("# escape=`\nRUN a `\n b\\\nRUN c", &["RUN a  b\\", "RUN c"]),
            (
                "# syntax=docker/dockerfile:1\n# escape=`\nRUN a `\n b",
                &["RUN a  b"],
            ),
            (
                "# a comment\n# escape=`\nRUN a `\nRUN b",
                &["RUN a `", "RUN b"],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(texts(text), *expected, "{text:?}");
        }
    }

    #[test]
    fn knows_where_each_part_came_from() {
        let mut lines = Lines::new("Dockerfile", "\n  RUN a \\\n# c\n   bé c").unwrap();
        let line = lines.next_logical().unwrap();
        let at = |needle: &str| {
            let location = line.locate(line.text.find(needle).unwrap());
            (location.line, location.column)
        };
        assert_eq!(at("RUN"), (2, 3));
        assert_eq!(at("a"), (2, 7));
        assert_eq!(at("bé"), (4, 4));
        assert_eq!(at("c"), (4, 7));
    }

    #[test]
    fn places_in_a_long_line_are_right() {
        let text = format!("RUN {}\\\n{}x", "é".repeat(1000), "é".repeat(700));
        let line = Lines::new("Dockerfile", &text)
            .unwrap()
            .next_logical()
            .unwrap();
        let x = line.locate(line.text.len() - 1);
        assert_eq!((x.line, x.column), (2, 701));
        let before = line.locate(4 + 2 * 999);
        assert_eq!((before.line, before.column), (1, 1004));
    }

    #[test]
    fn refuses_directives_that_docker_refuses() {
        for text in ["# escape=x", "# escape=\\\n# escape=`"] {
            assert!(Lines::new("Dockerfile", text).is_err(), "{text}");
        }
    }
}
