//! What is wrong, and how it looks.

use std::collections::BTreeMap;

use console::{Style, style};
use serde::Serialize;
use towpath_model::{Diagnostic, Location};

/// Characters of a source line that are shown: long lines are cut around the place.
const WIDTH: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A push fails by it.
    Error,
    /// A push goes through, and something is not as it is written.
    Warning,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub severity: Severity,
    pub diagnostic: Diagnostic,
}

/// As JSON.
#[derive(Serialize)]
pub struct ProblemDocument<'p> {
    severity: Severity,
    file: &'p str,
    line: u32,
    column: u32,
    message: &'p str,
    help: Option<&'p str>,
}

impl Problem {
    pub fn error(diagnostic: Diagnostic) -> Self {
        Self {
            severity: Severity::Error,
            diagnostic,
        }
    }

    pub fn warning(diagnostic: Diagnostic) -> Self {
        Self {
            severity: Severity::Warning,
            diagnostic,
        }
    }

    pub fn document(&self) -> ProblemDocument<'_> {
        let Diagnostic {
            location,
            message,
            help,
        } = &self.diagnostic;
        ProblemDocument {
            severity: self.severity,
            file: &location.file,
            line: location.line,
            column: location.column,
            message,
            help: help.as_deref(),
        }
    }

    /// As compilers say it: the place, the line that stands there, what to do.
    pub fn render(&self, sources: &BTreeMap<String, String>) -> String {
        let Diagnostic {
            location,
            message,
            help,
        } = &self.diagnostic;
        let mut text = format!("{}: {} {message}", style(location).bold(), self.label());
        let source = sources.get(&location.file);
        if let Some(line) = source.and_then(|source| line(source, location)) {
            text.push_str(&excerpt(line, location, &self.style()));
        }
        if let Some(help) = help {
            let margin = " ".repeat(location.line.to_string().len() + 1);
            text.push_str(&format!("\n{margin} {} {help}", style("=").cyan()));
        }
        text
    }

    fn label(&self) -> String {
        let word = match self.severity {
            Severity::Error => "error:",
            Severity::Warning => "warning:",
        };
        self.style().apply_to(word).to_string()
    }

    fn style(&self) -> Style {
        match self.severity {
            Severity::Error => Style::new().red().bold(),
            Severity::Warning => Style::new().yellow().bold(),
        }
    }
}

fn line<'s>(source: &'s str, location: &Location) -> Option<&'s str> {
    let index = usize::try_from(location.line).ok()?.checked_sub(1)?;
    source
        .lines()
        .nth(index)
        .filter(|line| !line.trim().is_empty())
}

/// The line, and the word in it underlined.
fn excerpt(line: &str, location: &Location, style_of: &Style) -> String {
    let characters: Vec<char> = line.chars().map(shown).collect();
    let column = (location.column as usize)
        .saturating_sub(1)
        .min(characters.len());
    let word = characters[column..]
        .iter()
        .take_while(|c| is_of_word(**c))
        .count()
        .max(1);
    let from = column.saturating_sub(WIDTH / 2);
    let to = (from + WIDTH).min(characters.len());
    let cut: String = characters[from..to].iter().collect();
    let marked = word.min((from + WIDTH).saturating_sub(column).max(1));
    let number = location.line.to_string();
    let (margin, bar) = (" ".repeat(number.len()), style("|").cyan());
    let mark = format!("^{}", "~".repeat(marked - 1));
    format!(
        "\n {} {bar} {}\n {margin} {bar} {}{}",
        style(number).cyan(),
        cut.trim_end(),
        " ".repeat(column - from),
        style_of.apply_to(mark)
    )
}

/// Each character takes one column, and none does anything to the terminal.
fn shown(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || "-_./".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, (line, column): (u32, u32), help: Option<&str>, expected: &str) {
        let location = Location {
            file: "f".to_owned(),
            line,
            column,
        };
        let mut diagnostic = Diagnostic::new(location, "wrong");
        diagnostic.help = help.map(str::to_owned);
        let sources = BTreeMap::from([("f".to_owned(), source.to_owned())]);
        let text = Problem::error(diagnostic).render(&sources);
        assert_eq!(console::strip_ansi_codes(&text), expected);
    }

    #[test]
    fn the_word_at_the_place_is_underlined() {
        check(
            "a: 1\nbcd: x\n",
            (2, 1),
            Some("do this"),
            "f:2:1: error: wrong\n 2 | bcd: x\n   | ^~~\n   = do this",
        );
        check(
            "\tä: {b\n",
            (1, 4),
            None,
            "f:1:4: error: wrong\n 1 |  ä: {b\n   |    ^",
        );
    }

    #[test]
    fn a_place_that_is_not_there_has_no_excerpt() {
        for place in [(9, 1), (0, 0), (2, 1)] {
            let expected = format!("f:{}:{}: error: wrong", place.0, place.1);
            check("a\n\n", place, None, &expected);
        }
        check(
            "ab\n",
            (1, 99),
            None,
            "f:1:99: error: wrong\n 1 | ab\n   |   ^",
        );
    }

    #[test]
    fn long_lines_are_cut_and_control_characters_are_harmless() {
        let source = format!("{}here{}\x1b[31m", "x ".repeat(200), " y".repeat(200));
        let location = Location {
            file: "f".to_owned(),
            line: 1,
            column: 401,
        };
        let text = excerpt(&source, &location, &Style::new());
        let text = console::strip_ansi_codes(&text).into_owned();
        assert!(
            text.lines().all(|line| line.chars().count() < 120),
            "{text}"
        );
        assert!(text.contains("here") && text.contains("^~~~"), "{text}");
        let text = excerpt(
            "a\x1b[31mb",
            &Location {
                column: 1,
                ..location
            },
            &Style::new(),
        );
        assert!(
            console::strip_ansi_codes(&text).contains("a\u{fffd}[31mb"),
            "{text}"
        );
    }
}
