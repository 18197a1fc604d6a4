//! What go-yaml reads at all (`readerc.go`).

use super::Problem;
use super::cursor::Mark;

/// At the start of a text it stands for nothing, and is a character elsewhere. go-yaml loses the first character of
/// later lines when it happens to stand at the start of what is read ahead; we do not.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Where the text begins, in bytes: behind its byte order mark.
pub(super) fn start(whole: &str) -> Result<usize, Problem> {
    let text = whole.strip_prefix(BYTE_ORDER_MARK).unwrap_or(whole);
    match text.find(is_forbidden) {
        Some(at) => Err(problem(text, at)),
        None => Ok(whole.len() - text.len()),
    }
}

fn is_forbidden(c: char) -> bool {
    !matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}

fn problem(text: &str, at: usize) -> Problem {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let mark = Mark {
        line: before.matches('\n').count(),
        column: line.chars().count(),
        ..Mark::default()
    };
    Problem::new(mark, "control characters must be escaped")
}
