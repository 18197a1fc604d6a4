use crate::Resolution;
use crate::resolve::{PlainKind, resolve, yaml_1_1_bool};

/// How a string has to be written so that every go-yaml reads the same string back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quoting {
    Plain,
    Single,
    Double,
    /// `|`
    Literal,
}

/// As go-yaml chooses: literal for many lines, double quotes for what would be another type, single quotes
/// for what would be other syntax.
pub(crate) fn quoting(text: &str) -> Quoting {
    if !text.chars().all(|c| c == '\n' || is_printable(c)) {
        Quoting::Double
    } else if text.contains('\n') {
        if literal_is_safe(text) {
            Quoting::Literal
        } else {
            Quoting::Double
        }
    } else if looks_like_another_type(text) {
        Quoting::Double
    } else if plain_is_safe(text) {
        Quoting::Plain
    } else {
        Quoting::Single
    }
}

/// `c-printable` of YAML 1.1 without what readers treat as line breaks, a byte order mark, or a tab.
fn is_printable(c: char) -> bool {
    matches!(c, '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// A first line that begins with a space would need an indentation indicator, and spaces before a line
/// break are lost in editors.
fn literal_is_safe(text: &str) -> bool {
    !text.starts_with([' ', '\n']) && !text.contains(" \n") && !text.ends_with(' ')
}

fn looks_like_another_type(text: &str) -> bool {
    let is_string = |resolution| resolve(text, resolution) == Ok(PlainKind::String);
    !is_string(Resolution::GoYaml2)
        || !is_string(Resolution::GoYaml3)
        || was_another_type(text)
        || text == "="
}

/// Whether YAML 1.1 has a boolean or a number there.
pub(crate) fn was_another_type(text: &str) -> bool {
    yaml_1_1_bool(text).is_some() || is_base_60(text)
}

/// `12:30`, a number in YAML 1.1: `^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$`.
fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_number = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let is_sixtieth = |part: &str| match part.as_bytes() {
        [one] => one.is_ascii_digit(),
        [ten, one] => matches!(ten, b'0'..=b'5') && one.is_ascii_digit(),
        _ => false,
    };
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or_default();
    let starts = first.starts_with(|c: char| c.is_ascii_digit()) && is_number(first);
    starts && whole.contains(':') && parts.all(is_sixtieth) && is_number(fraction)
}

fn plain_is_safe(text: &str) -> bool {
    first_is_safe(text)
        && !text.starts_with("---")
        && !text.starts_with("...")
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
}

fn first_is_safe(text: &str) -> bool {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (None, _) => false,
        (Some('-'), next) => next.is_some_and(|c| c.is_alphanumeric() || c == '-'),
        (Some(first), _) => !" ?:,[]{}#&*!|>'\"%@`".contains(first),
    }
}
