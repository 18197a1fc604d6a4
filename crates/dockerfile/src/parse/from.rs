use towpath_model::Diagnostic;

use super::arguments::{Flags, Rest, Scope};
use super::words::{self, Token};
use crate::dockerfile::Stage;

/// `FROM [--platform=p] image [AS name]`.
pub(crate) fn parse(
    scope: &Scope<'_>,
    mut flags: Flags,
    rest: Rest<'_>,
) -> Result<Stage, Diagnostic> {
    let platform = flags
        .take("platform")
        .map(|flag| scope.flag_word(&flag))
        .transpose()?;
    scope.no_more(&flags, &["platform"])?;
    let mut tokens = words::at_whitespace(rest.text, rest.offset).into_iter();
    let Some(base) = tokens.next() else {
        return Err(scope
            .error(0, "FROM names no image")
            .help("expected `FROM scratch` or `FROM <image>`"));
    };
    let name = match (tokens.next(), tokens.next(), tokens.next()) {
        (None, _, _) => None,
        (Some(keyword), Some(name), None) if keyword.text.eq_ignore_ascii_case("as") => {
            Some(stage_name(scope, &name)?)
        }
        (Some(other), _, _) => {
            return Err(scope
                .error(
                    other.offset,
                    format!("`{}` is not expected here", other.text),
                )
                .help("expected `FROM <image>` or `FROM <image> AS <name>`"));
        }
    };
    Ok(Stage {
        location: scope.location(0),
        text: scope.line.text.clone(),
        platform,
        base: scope.word(base),
        name,
        steps: Vec::new(),
    })
}

/// Lower-cased; `^[a-z][a-z0-9-_.]*$`, and not taken.
fn stage_name(scope: &Scope<'_>, token: &Token) -> Result<String, Diagnostic> {
    let name = token.text.to_lowercase();
    let valid = name.starts_with(|ch: char| ch.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b));
    if !valid {
        return Err(scope
            .error(
                token.offset,
                format!("`{}` cannot name a stage", token.text),
            )
            .help("expected a letter, then letters, digits, `-`, `_` or `.`"));
    }
    if matches!(name.as_str(), "scratch" | "context") {
        return Err(scope.error(
            token.offset,
            format!("`{name}` is reserved: name the stage otherwise"),
        ));
    }
    let taken = scope
        .stages
        .iter()
        .any(|stage| stage.name.as_deref() == Some(&name));
    if taken {
        return Err(scope.error(token.offset, format!("there is a stage `{name}` already")));
    }
    Ok(name)
}
