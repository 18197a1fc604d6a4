use towpath_model::{Diagnostic, Location};

use crate::parse::Heredoc;

/// A parsed Dockerfile: what it says, nothing expanded yet.
///
/// <https://docs.docker.com/reference/dockerfile/>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dockerfile {
    pub escape: Escape,
    /// `ARG`s before the first `FROM`: they are seen by `FROM` lines, and by a stage that names them again.
    pub global_args: Vec<Arg>,
    /// At least one.
    pub stages: Vec<Stage>,
    /// What is allowed but probably not meant.
    pub warnings: Vec<Diagnostic>,
}

/// The character of the `# escape=` directive, which escapes and continues lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Escape {
    #[default]
    Backslash,
    Backtick,
}

impl Escape {
    pub fn char(self) -> char {
        match self {
            Escape::Backslash => '\\',
            Escape::Backtick => '`',
        }
    }
}

/// One `FROM` and what follows it up to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    pub location: Location,
    /// The `FROM` line as written.
    pub text: String,
    pub platform: Option<Word>,
    /// An image reference, `scratch`, or the name of an earlier stage.
    pub base: Word,
    /// Lower case, as Docker compares it.
    pub name: Option<String>,
    pub steps: Vec<Step>,
}

/// One instruction of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub location: Location,
    /// As written, continuation lines joined.
    pub text: String,
    pub instruction: Instruction,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instruction {
    Arg(Vec<Arg>),
    Env(Vec<(Word, Word)>),
    Label(Vec<(Word, Word)>),
    Copy(Copy),
    Run(Run),
    Workdir(Word),
    User(Word),
    Expose(Vec<Word>),
    Entrypoint(CommandLine),
    Cmd(CommandLine),
    Shell(Vec<String>),
    Stopsignal(Word),
    Volume(Vec<Word>),
    Healthcheck(Healthcheck),
    Maintainer(String),
}

/// Text in which variables are expanded and quotes removed when its instruction is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub raw: String,
    pub location: Location,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arg {
    pub location: Location,
    pub name: String,
    pub default: Option<Word>,
}

/// Exec form or shell form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandLine {
    /// `["program", "argument"]`: run as it is.
    Exec(Vec<String>),
    /// Handed to the stage's `SHELL`, by default `/bin/sh -c`.
    Shell(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub command: CommandLine,
    pub network: RunNetwork,
    pub heredocs: Vec<Heredoc>,
}

/// `RUN --network=`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunNetwork {
    #[default]
    Host,
    None,
}

/// `COPY`, and `ADD` of local files that are no archives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    pub verb: CopyVerb,
    /// `--from=`: a stage or an image; `None` is the build context.
    pub from: Option<CopyFrom>,
    pub chown: Option<Word>,
    pub chmod: Option<Word>,
    /// `--link`: as if copied onto nothing, so links in the image at the destination are not followed.
    pub link: bool,
    pub sources: Vec<Word>,
    /// Sources written in the Dockerfile itself.
    pub heredocs: Vec<Heredoc>,
    pub dest: Word,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyVerb {
    Copy,
    Add,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyFrom {
    /// Index into [`Dockerfile::stages`], always smaller than that of the stage that copies.
    Stage(usize),
    Image(Word),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Healthcheck {
    /// `HEALTHCHECK NONE`: what the base says is switched off.
    None,
    Command {
        command: CommandLine,
        /// Durations in nanoseconds, as the image configuration has them.
        interval: Option<u64>,
        timeout: Option<u64>,
        start_period: Option<u64>,
        start_interval: Option<u64>,
        retries: Option<u32>,
    },
}
