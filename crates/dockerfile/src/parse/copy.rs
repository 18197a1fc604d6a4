use towpath_model::Diagnostic;

use super::arguments::{Flags, Rest, Scope};
use super::heredoc::{self, Heredoc};
use super::instruction::Keyword;
use super::words::{Flag, Token};
use crate::dockerfile::{Copy, CopyFrom, CopyVerb, Word};

/// `COPY [flags] source... destination`, also as JSON array, and `ADD` of local files.
pub(crate) fn parse(
    scope: &Scope<'_>,
    keyword: Keyword,
    flags: &mut Flags,
    rest: Rest<'_>,
    heredocs: Vec<Heredoc>,
) -> Result<Copy, Diagnostic> {
    let verb = match keyword {
        Keyword::Add => CopyVerb::Add,
        _ => CopyVerb::Copy,
    };
    refuse_unsupported(scope, flags)?;
    let from = match verb {
        CopyVerb::Copy => flags.take("from").map(|flag| source_of(scope, &flag)),
        CopyVerb::Add => None,
    };
    let chown = word_flag(scope, flags, "chown")?;
    let chmod = word_flag(scope, flags, "chmod")?;
    let link = link(scope, flags)?;
    let (sources, dest) = operands(scope, rest)?;
    if verb == CopyVerb::Add {
        sources.iter().try_for_each(local_only)?;
    }
    Ok(Copy {
        verb,
        from: from.transpose()?,
        chown,
        chmod,
        link,
        sources,
        heredocs,
        dest,
    })
}

fn refuse_unsupported(scope: &Scope<'_>, flags: &mut Flags) -> Result<(), Diagnostic> {
    for (name, instead) in [
        ("parents", "copy each folder to its own destination"),
        ("exclude", "name what is not to be copied in .dockerignore"),
        (
            "checksum",
            "it is for downloads, which are not supported yet",
        ),
        (
            "keep-git-dir",
            "it is for git sources, which are not supported yet",
        ),
        ("unpack", "extract the archive in a RUN"),
    ] {
        if let Some(flag) = flags.take(name) {
            let message = format!("the flag `--{name}` is not supported yet");
            return Err(scope.error(flag.offset, message).help(instead));
        }
    }
    Ok(())
}

fn word_flag(scope: &Scope<'_>, flags: &mut Flags, name: &str) -> Result<Option<Word>, Diagnostic> {
    flags
        .take(name)
        .map(|flag| scope.flag_word(&flag))
        .transpose()
}

fn link(scope: &Scope<'_>, flags: &mut Flags) -> Result<bool, Diagnostic> {
    let Some(flag) = flags.take("link") else {
        return Ok(false);
    };
    match flag.value.as_deref() {
        None | Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(_) => Err(scope.error(flag.offset, "expected --link, --link=true or --link=false")),
    }
}

/// A stage by name or number, else an image.
fn source_of(scope: &Scope<'_>, flag: &Flag) -> Result<CopyFrom, Diagnostic> {
    let word = scope.flag_word(flag)?;
    let earlier = scope.stages.len().saturating_sub(1);
    if let Ok(index) = word.raw.parse::<usize>() {
        return if index < earlier {
            Ok(CopyFrom::Stage(index))
        } else {
            let message = format!("there is no stage {index} before this one");
            Err(scope
                .error(flag.offset, message)
                .help("stages are counted from 0"))
        };
    }
    let name = word.raw.to_lowercase();
    let stage = |stages: &[crate::dockerfile::Stage]| {
        stages
            .iter()
            .position(|stage| stage.name.as_deref() == Some(&name))
    };
    match stage(scope.stages) {
        Some(index) if index < earlier => Ok(CopyFrom::Stage(index)),
        Some(_) => Err(scope.error(
            flag.offset,
            format!("stage `{name}` cannot copy from itself"),
        )),
        None => Ok(CopyFrom::Image(word)),
    }
}

/// Most sources in one instruction.
const MAX_SOURCES: usize = 1000;

/// Sources without the heredocs among them, and the destination.
fn operands(scope: &Scope<'_>, rest: Rest<'_>) -> Result<(Vec<Word>, Word), Diagnostic> {
    let mut tokens = scope.list(rest)?;
    if tokens.len() > MAX_SOURCES {
        return Err(scope
            .error(
                rest.offset,
                format!("there are more than {MAX_SOURCES} paths"),
            )
            .help("use a pattern, or copy a folder"));
    }
    let dest = tokens.pop().filter(|_| !tokens.is_empty());
    let Some(dest) = dest else {
        return Err(scope
            .error(rest.offset, "there is only one path")
            .help("expected at least one source and a destination"));
    };
    let sources = tokens
        .into_iter()
        .filter(|token: &Token| heredoc::parse(&token.text).is_none())
        .map(|token| scope.word(token))
        .collect();
    Ok((sources, scope.word(dest)))
}

fn local_only(source: &Word) -> Result<(), Diagnostic> {
    let remote = ["http://", "https://", "git://", "git@", "ssh://"]
        .iter()
        .any(|scheme| source.raw.starts_with(scheme));
    if !remote {
        return Ok(());
    }
    let message = format!(
        "ADD of `{}` is not supported yet: only local files are",
        source.raw
    );
    Err(Diagnostic::new(source.location.clone(), message)
        .help("download it in the build, or in a RUN, and check its digest there"))
}
