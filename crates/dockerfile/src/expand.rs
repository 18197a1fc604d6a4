//! Expansion of `$name` and `${name:-word}` and removal of quotes, as `frontend/dockerfile/shell` of BuildKit
//! does it.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

use towpath_model::Diagnostic;

use crate::dockerfile::{Escape, Word};
use crate::pattern::{self, Greed};

/// Longest text an expansion may make, in bytes: what Linux takes as one argument or variable.
pub(crate) const MAX_EXPANDED: usize = 128 * 1024;
/// Deepest `${a:-${b:-...}}`.
const MAX_DEPTH: usize = 32;

/// The variables an instruction sees.
pub(crate) type Variables = BTreeMap<String, String>;

impl Word {
    /// The text with variables expanded and quotes removed.
    pub(crate) fn expand(
        &self,
        variables: &Variables,
        escape: Escape,
    ) -> Result<String, Diagnostic> {
        expand(&self.raw, variables, escape).map_err(|error| self.refused(&error))
    }

    /// Like [`Word::expand`], but what a variable brings in is split at white space (`EXPOSE $PORTS`).
    pub(crate) fn expand_words(
        &self,
        variables: &Variables,
        escape: Escape,
    ) -> Result<Vec<String>, Diagnostic> {
        let mut expander = Expander::new(&self.raw, variables, escape);
        expander.run(None).map_err(|error| self.refused(&error))?;
        Ok(expander.words.finish())
    }

    fn refused(&self, error: &ExpandError) -> Diagnostic {
        Diagnostic::new(self.location.clone(), format!("`{}`: {error}", self.raw))
    }
}

/// Expands the body of a heredoc: there, quotes are text.
pub(crate) fn expand_body(
    text: &str,
    variables: &Variables,
    escape: Escape,
) -> Result<String, ExpandError> {
    let mut expander = Expander::new(text, variables, escape);
    expander.quotes_are_text = true;
    expander.run(None)
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExpandError {
    #[error("a `{0}` is never closed")]
    Unclosed(char),
    #[error(
        "bad substitution: expected `${{name}}`, or `${{name` followed by one of :- :+ :? - + ? # ## % %% and a word"
    )]
    BadSubstitution,
    #[error("the modifier `{0}` is not supported: supported are :- :+ :? - + ? # ## % %%")]
    Modifier(String),
    #[error("variable `{0}` is required: {1}")]
    Required(String, String),
    #[error("expands to more than {MAX_EXPANDED} bytes")]
    TooLong,
    #[error("substitutions are nested more than {MAX_DEPTH} deep")]
    TooDeep,
}

fn expand(text: &str, variables: &Variables, escape: Escape) -> Result<String, ExpandError> {
    Expander::new(text, variables, escape).run(None)
}

struct Expander<'a> {
    chars: Peekable<Chars<'a>>,
    variables: &'a Variables,
    escape: char,
    quotes_are_text: bool,
    depth: usize,
    words: Words,
}

impl<'a> Expander<'a> {
    fn new(text: &'a str, variables: &'a Variables, escape: Escape) -> Self {
        Self {
            chars: text.chars().peekable(),
            variables,
            escape: escape.char(),
            quotes_are_text: false,
            depth: 0,
            words: Words::default(),
        }
    }

    /// Expands up to `stop`, or to the end.
    fn run(&mut self, stop: Option<Stop>) -> Result<String, ExpandError> {
        let mut result = String::new();
        while let Some(ch) = self.chars.next() {
            if stop.is_some_and(|stop| stop.at == ch) {
                return Ok(result);
            }
            match ch {
                '$' => {
                    let value = self.dollar()?;
                    self.words.split(&value);
                    result.push_str(&value);
                }
                '\'' if !self.quotes_are_text => self.push_raw(&mut result, Self::single_quoted)?,
                '"' if !self.quotes_are_text => self.push_raw(&mut result, Self::double_quoted)?,
                ch if ch == self.escape => self.escaped(stop, &mut result),
                ch => {
                    self.words.char(ch);
                    result.push(ch);
                }
            }
            if result.len() > MAX_EXPANDED {
                return Err(ExpandError::TooLong);
            }
        }
        match stop {
            Some(stop) => Err(ExpandError::Unclosed(stop.opened_by)),
            None => Ok(result),
        }
    }

    fn push_raw(
        &mut self,
        result: &mut String,
        part: fn(&mut Self) -> Result<String, ExpandError>,
    ) -> Result<(), ExpandError> {
        let part = part(self)?;
        self.words.raw(&part);
        result.push_str(&part);
        Ok(())
    }

    fn escaped(&mut self, stop: Option<Stop>, result: &mut String) {
        let Some(next) = self.chars.next() else {
            return;
        };
        // Within a pattern the escape is the pattern's own.
        if stop.is_some_and(|stop| stop.keeps_escapes) {
            result.push(self.escape);
        }
        self.words.raw(next.encode_utf8(&mut [0; 4]));
        result.push(next);
    }

    fn single_quoted(&mut self) -> Result<String, ExpandError> {
        let mut result = String::new();
        for ch in self.chars.by_ref() {
            if ch == '\'' {
                return Ok(result);
            }
            result.push(ch);
        }
        Err(ExpandError::Unclosed('\''))
    }

    fn double_quoted(&mut self) -> Result<String, ExpandError> {
        let mut result = String::new();
        while let Some(ch) = self.chars.next() {
            match ch {
                '"' => return Ok(result),
                '$' => result.push_str(&self.dollar()?),
                ch if ch == self.escape => match self.chars.next() {
                    Some(next) if matches!(next, '"' | '$') || next == self.escape => {
                        result.push(next);
                    }
                    Some(next) => result.extend([ch, next]),
                    None => {}
                },
                ch => result.push(ch),
            }
            if result.len() > MAX_EXPANDED {
                return Err(ExpandError::TooLong);
            }
        }
        Err(ExpandError::Unclosed('"'))
    }

    /// After a `$`.
    fn dollar(&mut self) -> Result<String, ExpandError> {
        if self.chars.next_if_eq(&'{').is_some() {
            return self.braced();
        }
        let name = self.name();
        if name.is_empty() {
            return Ok("$".to_owned());
        }
        Ok(self.value(&name).unwrap_or_default())
    }

    /// After a `${`.
    fn braced(&mut self) -> Result<String, ExpandError> {
        let name = self.name();
        if name.is_empty() {
            return Err(match self.chars.peek() {
                None => ExpandError::Unclosed('{'),
                Some(_) => ExpandError::BadSubstitution,
            });
        }
        let value = self.value(&name);
        match self.chars.next() {
            None => Err(ExpandError::Unclosed('{')),
            Some('}') => Ok(value.unwrap_or_default()),
            Some(':') => {
                let modifier = self.chars.next().ok_or(ExpandError::Unclosed('{'))?;
                let value = value.filter(|value| !value.is_empty());
                match modifier {
                    '-' | '+' | '?' => self.modified(&name, value, modifier),
                    other => Err(ExpandError::Modifier(format!(":{other}"))),
                }
            }
            Some(modifier @ ('-' | '+' | '?' | '#' | '%')) => self.modified(&name, value, modifier),
            Some(other) => Err(ExpandError::Modifier(other.to_string())),
        }
    }

    fn modified(
        &mut self,
        name: &str,
        value: Option<String>,
        modifier: char,
    ) -> Result<String, ExpandError> {
        let word = self.nested(matches!(modifier, '#' | '%'))?;
        match (modifier, value) {
            ('-', value) => Ok(value.unwrap_or(word)),
            ('+', Some(_)) => Ok(word),
            ('?', None) => Err(required(name, word)),
            ('?', Some(value)) => Ok(value),
            ('#', Some(value)) => {
                let (greed, pattern) = greed(&word, '#');
                Ok(pattern::without_prefix(&value, pattern, greed).to_owned())
            }
            ('%', Some(value)) => {
                let (greed, pattern) = greed(&word, '%');
                Ok(pattern::without_suffix(&value, pattern, greed).to_owned())
            }
            (_, _) => Ok(String::new()),
        }
    }

    /// The word of a substitution. It makes no words of its own: its value does, where it is used.
    fn nested(&mut self, keeps_escapes: bool) -> Result<String, ExpandError> {
        if self.depth >= MAX_DEPTH {
            return Err(ExpandError::TooDeep);
        }
        self.depth += 1;
        let outer = std::mem::take(&mut self.words);
        let quotes_are_text = std::mem::replace(&mut self.quotes_are_text, false);
        let word = self.run(Some(Stop {
            at: '}',
            opened_by: '{',
            keeps_escapes,
        }));
        self.quotes_are_text = quotes_are_text;
        self.words = outer;
        self.depth -= 1;
        word
    }

    /// A variable's name, a positional parameter or a special one; the latter two are never set here.
    fn name(&mut self) -> String {
        let mut name = String::new();
        let Some(&first) = self.chars.peek() else {
            return name;
        };
        let special = matches!(first, '@' | '*' | '#' | '?' | '-' | '$' | '!');
        if special {
            name.extend(self.chars.next());
            return name;
        }
        let positional = first.is_ascii_digit();
        let part_of_name = |ch: &char| {
            if positional {
                ch.is_ascii_digit()
            } else {
                ch.is_alphanumeric() || *ch == '_'
            }
        };
        while let Some(ch) = self.chars.next_if(part_of_name) {
            name.push(ch);
        }
        name
    }

    fn value(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }
}

fn required(name: &str, word: String) -> ExpandError {
    let reason = if word.is_empty() {
        "it is not set".to_owned()
    } else {
        word
    };
    ExpandError::Required(name.to_owned(), reason)
}

/// `##word` and `%%word` take the longest match.
fn greed(word: &str, modifier: char) -> (Greed, &str) {
    match word.strip_prefix(modifier) {
        Some(pattern) => (Greed::Longest, pattern),
        None => (Greed::Shortest, word),
    }
}

#[derive(Clone, Copy)]
struct Stop {
    at: char,
    opened_by: char,
    keeps_escapes: bool,
}

/// Collects words as the shell splits fields: only outside of quotes.
#[derive(Default)]
struct Words {
    done: Vec<String>,
    current: Option<String>,
}

impl Words {
    fn char(&mut self, ch: char) {
        if ch.is_whitespace() {
            self.done.extend(self.current.take());
        } else {
            self.current.get_or_insert_default().push(ch);
        }
    }

    fn split(&mut self, text: &str) {
        text.chars().for_each(|ch| self.char(ch));
    }

    fn raw(&mut self, text: &str) {
        self.current.get_or_insert_default().push_str(text);
    }

    fn finish(self) -> Vec<String> {
        self.done.into_iter().chain(self.current).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables {
        [
            ("x", "value"),
            ("empty", ""),
            ("path", "a/b/c.tar.gz"),
            ("ports", "80 443"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    #[test]
    fn expands_what_docker_expands() {
        let cases = [
            ("", ""),
            ("plain", "plain"),
            ("$x", "value"),
            ("${x}", "value"),
            ("$x.y", "value.y"),
            ("a${x}b", "avalueb"),
            ("$unset", ""),
            ("${unset}", ""),
            ("$", "$"),
            ("a$ b", "a$ b"),
            (r"\$x", "$x"),
            (r"\${x}", "${x}"),
            (r"\\$x", r"\value"),
            ("'$x'", "$x"),
            ("\"$x y\"", "value y"),
            (r#""\$x \a \"""#, r#"$x \a ""#),
            (r"'\'", r"\"),
            ("${x:-d}", "value"),
            ("${empty:-d}", "d"),
            ("${empty-d}", ""),
            ("${unset:-d}", "d"),
            ("${unset-d}", "d"),
            ("${unset:-${x}}", "value"),
            ("${unset:-${other:-$x}}", "value"),
            ("${unset:-'a}b'}", "a}b"),
            ("${x:+alt}", "alt"),
            ("${empty:+alt}", ""),
            ("${empty+alt}", "alt"),
            ("${unset:+alt}", ""),
            ("${x:?needed}", "value"),
            ("${path#*/}", "b/c.tar.gz"),
            ("${path##*/}", "c.tar.gz"),
            ("${path%.*}", "a/b/c.tar"),
            ("${path%%.*}", "a/b/c"),
            ("${path#nothing}", "a/b/c.tar.gz"),
            ("$1", ""),
            ("$12a", "a"),
            ("a\\", "a"),
        ];
        for (text, expected) in cases {
            let got = expand(text, &variables(), Escape::Backslash);
            assert_eq!(got.as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn the_escape_character_can_be_a_backtick() {
        let got = expand(r"`$x C:\dir\$x", &variables(), Escape::Backtick);
        assert_eq!(got.as_deref(), Ok(r"$x C:\dir\value"));
    }

    #[test]
    fn quotes_in_a_heredoc_are_text() {
        let got = expand_body("it's \"$x\" \\$x", &variables(), Escape::Backslash);
        assert_eq!(got.as_deref(), Ok("it's \"value\" $x"));
    }

    #[test]
    fn refuses_what_docker_refuses() {
        let cases = [
            ("${", ExpandError::Unclosed('{')),
            ("${x", ExpandError::Unclosed('{')),
            ("${x:-a", ExpandError::Unclosed('{')),
            ("'a", ExpandError::Unclosed('\'')),
            ("\"a", ExpandError::Unclosed('"')),
            ("${}", ExpandError::BadSubstitution),
            ("${:x}", ExpandError::BadSubstitution),
            ("${x:x}", ExpandError::Modifier(":x".into())),
            ("${x/a/b}", ExpandError::Modifier("/".into())),
            (
                "${unset:?give it}",
                ExpandError::Required("unset".into(), "give it".into()),
            ),
        ];
        for (text, expected) in cases {
            let got = expand(text, &variables(), Escape::Backslash);
            assert_eq!(got, Err(expected), "{text}");
        }
    }

    #[test]
    fn nothing_grows_without_bound() {
        let long = Variables::from([("x".to_owned(), "y".repeat(MAX_EXPANDED / 2))]);
        let got = expand("$x$x$x", &long, Escape::Backslash);
        assert_eq!(got, Err(ExpandError::TooLong));
        let deep = format!("{}{}", "${a:-".repeat(5000), "}".repeat(5000));
        let got = expand(&deep, &long, Escape::Backslash);
        assert_eq!(got, Err(ExpandError::TooDeep));
    }

    #[test]
    fn splits_variables_into_words_but_not_quotes() {
        let cases: &[(&str, &[&str])] = &[
            ("$ports", &["80", "443"]),
            ("\"$ports\"", &["80 443"]),
            ("a$ports", &["a80", "443"]),
            ("$unset", &[]),
            ("${unset:-1 2}", &["1", "2"]),
        ];
        for (text, expected) in cases {
            let word = Word {
                raw: (*text).to_owned(),
                location: towpath_model::Location {
                    file: "Dockerfile".into(),
                    line: 1,
                    column: 1,
                },
            };
            let got = word.expand_words(&variables(), Escape::Backslash).unwrap();
            assert_eq!(got, *expected, "{text}");
        }
    }
}
