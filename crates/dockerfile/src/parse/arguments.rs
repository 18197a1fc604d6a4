//! What several instructions share: their text after the keyword, their flags, name and value pairs.

use towpath_model::{Diagnostic, Location};

use super::json_form::{self, Form};
use super::lines::LogicalLine;
use super::words::{self, Flag, Token};
use crate::dockerfile::{CommandLine, Escape, Stage, Word};
use crate::nearest::nearest;

/// What an instruction is parsed in.
pub(crate) struct Scope<'a> {
    pub(crate) line: &'a LogicalLine,
    pub(crate) escape: Escape,
    /// The stages before this line; the last is the one the line belongs to.
    pub(crate) stages: &'a [Stage],
}

/// The text after the keyword and the flags.
#[derive(Clone, Copy)]
pub(crate) struct Rest<'a> {
    pub(crate) text: &'a str,
    pub(crate) offset: usize,
}

impl Scope<'_> {
    pub(crate) fn escape_char(&self) -> char {
        self.escape.char()
    }

    pub(crate) fn location(&self, offset: usize) -> Location {
        self.line.locate(offset)
    }

    pub(crate) fn error(&self, offset: usize, message: impl Into<String>) -> Diagnostic {
        self.line.diagnostic(offset, message)
    }

    pub(crate) fn word(&self, token: Token) -> Word {
        Word {
            location: self.location(token.offset),
            raw: token.text,
        }
    }

    /// All of the text as one word.
    pub(crate) fn whole(&self, rest: Rest<'_>) -> Word {
        self.word(Token {
            text: rest.text.to_owned(),
            offset: rest.offset,
        })
    }

    /// `["a", "b"]`, or words at white space.
    pub(crate) fn list(&self, rest: Rest<'_>) -> Result<Vec<Token>, Diagnostic> {
        match json_form::form(rest.text) {
            Form::Json(items) => Ok(items
                .into_iter()
                .map(|text| Token {
                    text,
                    offset: rest.offset,
                })
                .collect()),
            Form::Plain { .. } => Ok(words::at_whitespace(rest.text, rest.offset)),
            Form::Wrong(why) => Err(self.error(rest.offset, why)),
        }
    }

    /// Exec or shell form, and a warning where the shell form was probably not meant.
    pub(crate) fn command(
        &self,
        rest: Rest<'_>,
    ) -> Result<(CommandLine, Option<Diagnostic>), Diagnostic> {
        match json_form::form(rest.text) {
            Form::Json(argv) => Ok((CommandLine::Exec(argv), None)),
            Form::Wrong(why) => Err(self
                .error(rest.offset, why)
                .help("the exec form is a JSON array of strings")),
            Form::Plain { looks_like_json } => {
                let warning = looks_like_json.then(|| {
                    self.error(rest.offset, "this looks like the exec form, but is no JSON")
                        .help("it goes to the shell; write strings in double quotes")
                });
                Ok((CommandLine::Shell(rest.text.to_owned()), warning))
            }
        }
    }

    /// `name=value ...`, or the old `name value` where `old_form` is allowed by having no `=` in the first
    /// word.
    pub(crate) fn pairs(&self, rest: Rest<'_>) -> Result<Vec<(Word, Word)>, Diagnostic> {
        let tokens = words::quoted(rest.text, rest.offset, self.escape_char());
        match tokens.first() {
            Some(first) if !first.text.contains('=') => self.old_pair(rest, first).map(|p| vec![p]),
            _ => tokens.into_iter().map(|token| self.pair(token)).collect(),
        }
    }

    fn pair(&self, token: Token) -> Result<(Word, Word), Diagnostic> {
        let Some((name, value)) = token.text.split_once('=') else {
            let message = format!("`{}` has no `=`", token.text);
            return Err(self
                .error(token.offset, message)
                .help("expected name=value; put quotes around a value that has spaces"));
        };
        if name.is_empty() {
            return Err(self.error(token.offset, "there is no name before the `=`"));
        }
        let part = |text: &str, offset| {
            self.word(Token {
                text: text.to_owned(),
                offset,
            })
        };
        let value_offset = token.offset + name.len() + 1;
        Ok((part(name, token.offset), part(value, value_offset)))
    }

    fn old_pair(&self, rest: Rest<'_>, name: &Token) -> Result<(Word, Word), Diagnostic> {
        let name_end = rest
            .text
            .find(char::is_whitespace)
            .unwrap_or(rest.text.len());
        let after = &rest.text[name_end..];
        let value = after.trim_start();
        if value.is_empty() {
            let message = format!("`{}` has no value", name.text);
            return Err(self.error(name.offset, message).help("expected name=value"));
        }
        let value = Token {
            text: value.to_owned(),
            offset: rest.offset + name_end + words::leading_whitespace(after),
        };
        let name = Token {
            text: rest.text[..name_end].to_owned(),
            offset: rest.offset,
        };
        Ok((self.word(name), self.word(value)))
    }

    /// Refuses the flags that are left over after an instruction has taken its own.
    pub(crate) fn no_more(&self, flags: &Flags, known: &[&str]) -> Result<(), Diagnostic> {
        let Some(flag) = flags.0.first() else {
            return Ok(());
        };
        let message = format!("unknown flag `--{}`", flag.name);
        let help = match nearest(&flag.name, known.iter().copied()) {
            Some(name) => format!("did you mean `--{name}`?"),
            None if known.is_empty() => "this instruction takes no flags".to_owned(),
            None => format!("supported here: --{}", known.join(", --")),
        };
        Err(self.error(flag.offset, message).help(help))
    }

    pub(crate) fn flag_word(&self, flag: &Flag) -> Result<Word, Diagnostic> {
        match flag.value.as_deref() {
            Some(value) if !value.is_empty() => Ok(self.word(Token {
                text: value.to_owned(),
                offset: flag.offset,
            })),
            _ => {
                let message = format!("the flag `--{}` has no value", flag.name);
                let help = format!("expected `--{}=value`", flag.name);
                Err(self.error(flag.offset, message).help(help))
            }
        }
    }
}

/// The flags an instruction has not asked for yet.
pub(crate) struct Flags(pub(crate) Vec<Flag>);

impl Flags {
    /// Takes the flag `name`, the last one when it is given twice.
    pub(crate) fn take(&mut self, name: &str) -> Option<Flag> {
        let (mut found, others) = std::mem::take(&mut self.0)
            .into_iter()
            .partition::<Vec<_>, _>(|flag| flag.name == name);
        self.0 = others;
        found.pop()
    }
}
