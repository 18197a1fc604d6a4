//! What go-yaml reads at all (`readerc.go`).

use super::Problem;
use super::cursor::Mark;

/// At the start of a text it stands for nothing.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Where the text begins, in bytes: behind its byte order mark.
pub(super) fn start(whole: &str) -> Result<usize, Problem> {
    let text = whole.strip_prefix(BYTE_ORDER_MARK).unwrap_or(whole);
    if let Some(at) = text.find(is_forbidden) {
        return Err(problem(text, at, "control characters must be escaped"));
    }
    // go-yaml looks for a byte order mark at the start of what it holds of the text, not at the place where it reads,
    // and while there is one loses the first character of each line.
    match text.find(BYTE_ORDER_MARK) {
        Some(at) => Err(problem(text, at, "a byte order mark must be escaped")),
        None => Ok(whole.len() - text.len()),
    }
}

fn is_forbidden(c: char) -> bool {
    !matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}

fn problem(text: &str, at: usize, message: &'static str) -> Problem {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let mark = Mark {
        line: before.matches('\n').count(),
        column: line.chars().count(),
        ..Mark::default()
    };
    Problem::new(mark, message)
}
