use towpath_model::Diagnostic;

use super::arguments::{Flags, Rest, Scope};
use super::heredoc::{self, Heredoc};
use super::lines::LogicalLine;
use super::{copy, duration, words};
use crate::dockerfile::{Arg, CommandLine, Healthcheck, Instruction, Run, RunNetwork, Step, Word};
use crate::nearest::nearest;

/// The instructions of the Dockerfile reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
}

const KEYWORDS: &[(&str, Keyword)] = &[
    ("ADD", Keyword::Add),
    ("ARG", Keyword::Arg),
    ("CMD", Keyword::Cmd),
    ("COPY", Keyword::Copy),
    ("ENTRYPOINT", Keyword::Entrypoint),
    ("ENV", Keyword::Env),
    ("EXPOSE", Keyword::Expose),
    ("FROM", Keyword::From),
    ("HEALTHCHECK", Keyword::Healthcheck),
    ("LABEL", Keyword::Label),
    ("MAINTAINER", Keyword::Maintainer),
    ("ONBUILD", Keyword::Onbuild),
    ("RUN", Keyword::Run),
    ("SHELL", Keyword::Shell),
    ("STOPSIGNAL", Keyword::Stopsignal),
    ("USER", Keyword::User),
    ("VOLUME", Keyword::Volume),
    ("WORKDIR", Keyword::Workdir),
];

impl Keyword {
    pub(crate) fn takes_heredocs(self) -> bool {
        matches!(self, Keyword::Add | Keyword::Copy | Keyword::Run)
    }
}

/// Splits off the keyword.
pub(crate) fn keyword(line: &LogicalLine) -> Result<(Keyword, Rest<'_>), Diagnostic> {
    let end = line
        .text
        .find(char::is_whitespace)
        .unwrap_or(line.text.len());
    let (word, after) = line.text.split_at(end);
    let upper = word.to_uppercase();
    let found = KEYWORDS.iter().find(|(name, _)| *name == upper);
    let Some((_, keyword)) = found else {
        let shown: String = word.chars().take(60).collect();
        let names = KEYWORDS.iter().map(|(name, _)| *name);
        let help = match nearest(&upper, names) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "a line goes on in the next only when it ends with the escape character".into(),
        };
        return Err(line
            .diagnostic(0, format!("unknown instruction `{shown}`"))
            .help(help));
    };
    let offset = end + words::leading_whitespace(after);
    let text = &line.text[offset..];
    Ok((*keyword, Rest { text, offset }))
}

/// A step, and a warning when it is allowed but probably not meant.
pub(crate) type Parsed = (Step, Option<Diagnostic>);

/// Parses any instruction but `FROM`.
pub(crate) fn parse(
    scope: &Scope<'_>,
    keyword: Keyword,
    mut flags: Flags,
    rest: Rest<'_>,
    heredocs: Vec<Heredoc>,
) -> Result<Parsed, Diagnostic> {
    if keyword == Keyword::Onbuild {
        return Err(scope
            .error(0, "ONBUILD is not supported yet")
            .help("write the instruction into the Dockerfiles that build on this image"));
    }
    if rest.text.is_empty() {
        return Err(scope.error(0, format!("{} has no arguments", scope.line.text)));
    }
    let (instruction, warning) = match keyword {
        Keyword::Run => run(scope, &mut flags, rest, heredocs)?,
        Keyword::Cmd => command(scope, rest, Instruction::Cmd)?,
        Keyword::Entrypoint => command(scope, rest, Instruction::Entrypoint)?,
        Keyword::Healthcheck => healthcheck(scope, &mut flags, rest)?,
        Keyword::Add | Keyword::Copy => {
            let copy = copy::parse(scope, keyword, &mut flags, rest, heredocs)?;
            (Instruction::Copy(copy), None)
        }
        _ => (plain(scope, keyword, rest)?, None),
    };
    scope.no_more(&flags, known_flags(keyword))?;
    let step = Step {
        location: scope.location(0),
        text: scope.line.text.clone(),
        instruction,
    };
    Ok((step, warning))
}

fn known_flags(keyword: Keyword) -> &'static [&'static str] {
    match keyword {
        Keyword::Run => &["network"],
        Keyword::Copy => &["from", "chown", "chmod", "link"],
        Keyword::Add => &["chown", "chmod", "link"],
        Keyword::Healthcheck => &[
            "interval",
            "timeout",
            "start-period",
            "start-interval",
            "retries",
        ],
        Keyword::From => &["platform"],
        _ => &[],
    }
}

/// The instructions without flags, forms or heredocs.
fn plain(scope: &Scope<'_>, keyword: Keyword, rest: Rest<'_>) -> Result<Instruction, Diagnostic> {
    Ok(match keyword {
        Keyword::Arg => Instruction::Arg(args(scope, rest)?),
        Keyword::Env => Instruction::Env(scope.pairs(rest)?),
        Keyword::Label => Instruction::Label(scope.pairs(rest)?),
        Keyword::Workdir => Instruction::Workdir(scope.whole(rest)),
        Keyword::User => Instruction::User(single(scope, rest)?),
        Keyword::Stopsignal => Instruction::Stopsignal(single(scope, rest)?),
        Keyword::Expose => Instruction::Expose(words(scope, rest)?),
        Keyword::Volume => Instruction::Volume(words(scope, rest)?),
        Keyword::Shell => Instruction::Shell(shell(scope, rest)?),
        _ => Instruction::Maintainer(rest.text.to_owned()),
    })
}

fn words(scope: &Scope<'_>, rest: Rest<'_>) -> Result<Vec<Word>, Diagnostic> {
    let tokens = scope.list(rest)?;
    Ok(tokens.into_iter().map(|token| scope.word(token)).collect())
}

fn single(scope: &Scope<'_>, rest: Rest<'_>) -> Result<Word, Diagnostic> {
    let tokens = words::quoted(rest.text, rest.offset, scope.escape_char());
    match tokens.get(1) {
        None => Ok(scope.whole(rest)),
        Some(second) => Err(scope
            .error(
                second.offset,
                format!("`{}` is one argument too many", second.text),
            )
            .help("this instruction takes exactly one")),
    }
}

fn args(scope: &Scope<'_>, rest: Rest<'_>) -> Result<Vec<Arg>, Diagnostic> {
    words::quoted(rest.text, rest.offset, scope.escape_char())
        .into_iter()
        .map(|token| arg(scope, token))
        .collect()
}

fn arg(scope: &Scope<'_>, token: words::Token) -> Result<Arg, Diagnostic> {
    let (name, default) = match token.text.split_once('=') {
        Some((name, default)) => (name, Some(default)),
        None => (token.text.as_str(), None),
    };
    let valid = !name.is_empty()
        && name
            .chars()
            .all(|ch| ch.is_alphanumeric() || ch == '_' || ch == '.' || ch == '-');
    if !valid {
        return Err(scope
            .error(token.offset, format!("`{name}` cannot name an ARG"))
            .help("expected `ARG name` or `ARG name=default`"));
    }
    Ok(Arg {
        location: scope.location(token.offset),
        default: default.map(|default| {
            scope.word(words::Token {
                text: default.to_owned(),
                offset: token.offset + name.len() + 1,
            })
        }),
        name: name.to_owned(),
    })
}

fn shell(scope: &Scope<'_>, rest: Rest<'_>) -> Result<Vec<String>, Diagnostic> {
    match scope.command(rest)?.0 {
        CommandLine::Exec(argv) if !argv.is_empty() => Ok(argv),
        _ => Err(scope
            .error(rest.offset, "SHELL takes the exec form")
            .help("for example SHELL [\"/bin/bash\", \"-c\"]")),
    }
}

fn command(
    scope: &Scope<'_>,
    rest: Rest<'_>,
    instruction: fn(CommandLine) -> Instruction,
) -> Result<(Instruction, Option<Diagnostic>), Diagnostic> {
    let (command, warning) = scope.command(rest)?;
    Ok((instruction(command), warning))
}

fn run(
    scope: &Scope<'_>,
    flags: &mut Flags,
    rest: Rest<'_>,
    heredocs: Vec<Heredoc>,
) -> Result<(Instruction, Option<Diagnostic>), Diagnostic> {
    for (name, instead) in [
        (
            "mount",
            "COPY what the command needs, or drop the cache mount: an instruction is cached by its inputs",
        ),
        (
            "security",
            "the command runs with Docker's default capabilities",
        ),
    ] {
        if let Some(flag) = flags.take(name) {
            let message = format!("RUN --{name} is not supported yet");
            return Err(scope.error(flag.offset, message).help(instead));
        }
    }
    let network = run_network(scope, flags)?;
    let (command, warning) = scope.command(rest)?;
    let empty = matches!(&command, CommandLine::Exec(argv) if argv.is_empty());
    if empty {
        return Err(scope.error(rest.offset, "RUN has an empty command"));
    }
    let run = Run {
        command,
        network,
        heredocs,
    };
    Ok((Instruction::Run(run), warning))
}

fn run_network(scope: &Scope<'_>, flags: &mut Flags) -> Result<RunNetwork, Diagnostic> {
    let Some(flag) = flags.take("network") else {
        return Ok(RunNetwork::default());
    };
    match flag.value.as_deref() {
        Some("default" | "host") => Ok(RunNetwork::Host),
        Some("none") => Ok(RunNetwork::None),
        _ => Err(scope
            .error(flag.offset, "this is no network that RUN knows")
            .help("expected --network=default, --network=host or --network=none")),
    }
}

fn healthcheck(
    scope: &Scope<'_>,
    flags: &mut Flags,
    rest: Rest<'_>,
) -> Result<(Instruction, Option<Diagnostic>), Diagnostic> {
    let (kind, after) = rest.text.split_at(
        rest.text
            .find(char::is_whitespace)
            .unwrap_or(rest.text.len()),
    );
    if kind.eq_ignore_ascii_case("none") && after.is_empty() {
        return Ok((Instruction::Healthcheck(Healthcheck::None), None));
    }
    let text = after.trim_start();
    if !kind.eq_ignore_ascii_case("cmd") || text.is_empty() {
        return Err(scope
            .error(rest.offset, format!("`{kind}` is not expected here"))
            .help("expected `HEALTHCHECK NONE` or `HEALTHCHECK [flags] CMD command`"));
    }
    let offset = rest.offset + rest.text.len() - text.len();
    let (command, warning) = scope.command(Rest { text, offset })?;
    let healthcheck = Healthcheck::Command {
        command,
        interval: period(scope, flags, "interval")?,
        timeout: period(scope, flags, "timeout")?,
        start_period: period(scope, flags, "start-period")?,
        start_interval: period(scope, flags, "start-interval")?,
        retries: retries(scope, flags)?,
    };
    Ok((Instruction::Healthcheck(healthcheck), warning))
}

fn period(scope: &Scope<'_>, flags: &mut Flags, name: &str) -> Result<Option<u64>, Diagnostic> {
    let Some(flag) = flags.take(name) else {
        return Ok(None);
    };
    let nanoseconds = duration::nanoseconds(flag.value.as_deref().unwrap_or_default());
    nanoseconds.map(Some).ok_or_else(|| {
        scope
            .error(flag.offset, format!("--{name} is no duration"))
            .help("expected for example 30s or 1m30s")
    })
}

fn retries(scope: &Scope<'_>, flags: &mut Flags) -> Result<Option<u32>, Diagnostic> {
    let Some(flag) = flags.take("retries") else {
        return Ok(None);
    };
    let count = flag.value.as_deref().and_then(|value| value.parse().ok());
    count
        .map(Some)
        .ok_or_else(|| scope.error(flag.offset, "--retries is no whole number"))
}

/// The only word of a `RUN <<EOF`, whose document is the script.
pub(crate) fn is_lone_heredoc(command: &str) -> bool {
    heredoc::parse(command.trim()).is_some()
}
