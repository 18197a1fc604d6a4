//! From text to [`Dockerfile`]. Pure: nothing is read but the text, nothing is expanded.

mod arguments;
#[cfg(test)]
mod cases;
mod copy;
mod duration;
mod from;
mod heredoc;
mod instruction;
mod json_form;
mod lines;
mod words;

pub use heredoc::Heredoc;

use towpath_model::{Diagnostic, Diagnostics, Location};

use crate::dockerfile::{Arg, Dockerfile, Instruction, Stage, Step};
use arguments::{Flags, Rest, Scope};
use instruction::Keyword;
pub(crate) use instruction::is_lone_heredoc;
use lines::{Lines, LogicalLine};

/// Largest Dockerfile, in bytes.
pub const MAX_DOCKERFILE: usize = 1024 * 1024;
/// Most instructions in a Dockerfile.
const MAX_INSTRUCTIONS: usize = 5000;
/// After so many errors no more are looked for.
const MAX_ERRORS: usize = 50;
/// Most stages in a Dockerfile.
const MAX_STAGES: usize = 128;

/// Parses a Dockerfile. `file` is its name in messages.
///
/// # Errors
/// Everything wrong in it, each with file, line and column: what Docker refuses, and what Towpath does not
/// support yet.
pub fn parse(file: &str, text: &str) -> Result<Dockerfile, Diagnostics> {
    check_text(file, text)?;
    let mut lines = Lines::new(file, text)?;
    let mut parser = Parser::default();
    for count in 1.. {
        let Some(line) = lines.next_logical() else {
            break;
        };
        let parsed = if count > MAX_INSTRUCTIONS {
            let message = format!("there are more than {MAX_INSTRUCTIONS} instructions");
            Err(line.diagnostic(0, message))
        } else {
            parser.line(&line, &mut lines)
        };
        parser.errors.extend(parsed.err());
        if parser.errors.len() == MAX_ERRORS || count > MAX_INSTRUCTIONS {
            break;
        }
    }
    parser.finish(&lines)
}

fn check_text(file: &str, text: &str) -> Result<(), Diagnostic> {
    let at = |offset: usize| {
        let before = &text.as_bytes()[..offset];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Location {
            file: file.to_owned(),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: 1,
        }
    };
    if text.len() > MAX_DOCKERFILE {
        let message = format!("the file is larger than {MAX_DOCKERFILE} bytes");
        return Err(Diagnostic::new(at(0), message).help("is it a Dockerfile?"));
    }
    match text.find('\0') {
        Some(offset) => {
            Err(Diagnostic::new(at(offset), "holds a NUL byte").help("is it a text file?"))
        }
        None => Ok(()),
    }
}

#[derive(Default)]
struct Parser {
    global_args: Vec<Arg>,
    stages: Vec<Stage>,
    warnings: Vec<Diagnostic>,
    errors: Vec<Diagnostic>,
    /// A `FROM` that could not be read: what follows has a stage all the same.
    broken_from: bool,
}

impl Parser {
    fn line(&mut self, line: &LogicalLine, lines: &mut Lines<'_>) -> Result<(), Diagnostic> {
        let (keyword, rest) = instruction::keyword(line)?;
        let heredocs = if keyword.takes_heredocs() && line.text.contains("<<") {
            heredoc::read(line, lines)?
        } else {
            Vec::new()
        };
        let scope = Scope {
            line,
            escape: lines.escape(),
            stages: &self.stages,
        };
        let (flags, text, offset) = words::flags(rest.text, rest.offset, scope.escape_char());
        let (flags, rest) = (Flags(flags), Rest { text, offset });
        if keyword == Keyword::From {
            if self.stages.len() == MAX_STAGES {
                return Err(scope.error(0, format!("there are more than {MAX_STAGES} stages")));
            }
            let stage = from::parse(&scope, flags, rest);
            self.broken_from |= stage.is_err();
            self.stages.push(stage?);
            return Ok(());
        }
        let (step, warning) = instruction::parse(&scope, keyword, flags, rest, heredocs)?;
        self.warnings.extend(warning);
        self.add(step)
    }

    fn add(&mut self, step: Step) -> Result<(), Diagnostic> {
        match (self.stages.last_mut(), step.instruction) {
            (Some(stage), instruction) => stage.steps.push(Step {
                instruction,
                ..step
            }),
            (None, Instruction::Arg(args)) => self.global_args.extend(args),
            (None, _) if self.broken_from => {}
            (None, _) => {
                let message = "there is no FROM before this instruction";
                return Err(Diagnostic::new(step.location, message).help(
                    "begin with `FROM scratch` or `FROM <image>`; only ARG may stand before it",
                ));
            }
        }
        Ok(())
    }

    fn finish(self, lines: &Lines<'_>) -> Result<Dockerfile, Diagnostics> {
        let mut errors = self.errors;
        if self.stages.is_empty() && errors.is_empty() {
            errors.push(
                Diagnostic::new(lines.here(1), "the Dockerfile has no FROM")
                    .help("begin with `FROM scratch` or `FROM <image>`"),
            );
        }
        if !errors.is_empty() {
            return Err(Diagnostics(errors));
        }
        Ok(Dockerfile {
            escape: lines.escape(),
            global_args: self.global_args,
            stages: self.stages,
            warnings: self.warnings,
        })
    }
}
