use crate::go_number;

/// Which go-yaml decides what a plain scalar is. Source of both: `resolve.go` of the respective version.
///
/// They differ in two things: YAML 1.1 booleans (`y`, `yes`, `on`, `n`, `no`, `off` and their capitalised
/// forms) are booleans in version 2 and strings in version 3; `0o-7` is an integer in version 3 only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resolution {
    /// What Kubernetes reads manifests with: `sigs.k8s.io/yaml` and its fork of go-yaml 2.
    #[default]
    GoYaml2,
    /// What most programs written in Go read their own files with.
    GoYaml3,
}

/// What a scalar is. The text of the string-like ones is the node's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PlainKind {
    /// `null`, `~` or nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// From `i64::MIN` to `u64::MAX`.
    Int(i128),
    /// Always finite.
    Float(f64),
    /// A string.
    String,
    /// A string for whoever decodes into JSON, but not safe to write unquoted.
    Timestamp,
    /// `<<`
    Merge,
}

impl PlainKind {
    pub(crate) fn tag(self) -> &'static str {
        match self {
            PlainKind::Null => "!!null",
            PlainKind::Bool(_) => "!!bool",
            PlainKind::Int(_) => "!!int",
            PlainKind::Float(_) => "!!float",
            PlainKind::String => "!!str",
            PlainKind::Timestamp => "!!timestamp",
            PlainKind::Merge => "!!merge",
        }
    }
}

/// `.inf` and `.nan`: go-yaml reads them, JSON and so Kubernetes cannot carry them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotFinite;

/// What a scalar without quotes and tag is; none for `.inf` and `.nan`, which JSON cannot carry.
///
/// ```
/// use towpath_yaml::{PlainKind, Resolution, plain_kind};
/// assert_eq!(plain_kind("0o17", Resolution::GoYaml3), Some(PlainKind::Int(15)));
/// ```
pub fn plain_kind(text: &str, resolution: Resolution) -> Option<PlainKind> {
    resolve(text, resolution).ok()
}

/// Whether a plain scalar with this text is a string, and no number, boolean, null, time or merge key.
///
/// ```
/// use towpath_yaml::{Resolution, is_string};
/// assert!(is_string("on", Resolution::GoYaml3) && !is_string("on", Resolution::GoYaml2));
/// ```
pub fn is_string(text: &str, resolution: Resolution) -> bool {
    resolve(text, resolution) == Ok(PlainKind::String)
}

/// What a plain scalar is.
pub(crate) fn resolve(text: &str, resolution: Resolution) -> Result<PlainKind, NotFinite> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(PlainKind::Null),
        "true" | "True" | "TRUE" => return Ok(PlainKind::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(PlainKind::Bool(false)),
        "<<" => return Ok(PlainKind::Merge),
        _ => {}
    }
    if is_not_finite(text) {
        return Err(NotFinite);
    }
    if let (Resolution::GoYaml2, Some(value)) = (resolution, yaml_1_1_bool(text)) {
        return Ok(PlainKind::Bool(value));
    }
    Ok(match text.as_bytes().first() {
        Some(b'.') => dotted(text),
        Some(b'0'..=b'9' | b'+' | b'-') => number(text, resolution),
        _ => PlainKind::String,
    })
}

pub(crate) fn yaml_1_1_bool(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

fn is_not_finite(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

fn dotted(text: &str) -> PlainKind {
    go_number::dotted_float(text).map_or(PlainKind::String, PlainKind::Float)
}

fn number(text: &str, resolution: Resolution) -> PlainKind {
    if is_timestamp(text) {
        return PlainKind::Timestamp;
    }
    let plain = text.replace('_', "");
    if let Some(value) = go_number::integer(&plain) {
        return PlainKind::Int(value);
    }
    if let Some(value) = go_number::float(&plain) {
        return PlainKind::Float(value);
    }
    if let Some(value) = go_number::integer_after_prefix(&plain, "0b", 2) {
        return PlainKind::Int(value);
    }
    let octal = match resolution {
        Resolution::GoYaml2 => None,
        Resolution::GoYaml3 => go_number::integer_after_prefix(&plain, "0o", 8),
    };
    octal.map_or(PlainKind::String, PlainKind::Int)
}

/// go-yaml's four layouts: `2006-1-2`, alone, with `T15:4:5.9Z07:00`, or with ` 15:4:5.9`.
fn is_timestamp(text: &str) -> bool {
    let Some(rest) = date(text) else {
        return false;
    };
    match rest.as_bytes().first() {
        None => true,
        Some(b' ') => clock(&rest[1..]) == Some(""),
        Some(b'T' | b't') => clock(&rest[1..]).is_some_and(is_zone),
        Some(_) => false,
    }
}

/// What follows a date.
fn date(text: &str) -> Option<&str> {
    let year: u32 = text
        .get(..4)
        .filter(|year| all_digits(year))?
        .parse()
        .ok()?;
    let (month, rest) = two_digits(text[4..].strip_prefix('-')?)?;
    let (day, rest) = two_digits(rest.strip_prefix('-')?)?;
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => return None,
    };
    (1..=days).contains(&day).then_some(rest)
}

/// What follows a time of day.
fn clock(text: &str) -> Option<&str> {
    let (hour, rest) = two_digits(text)?;
    let (minute, rest) = two_digits(rest.strip_prefix(':')?)?;
    let (second, rest) = two_digits(rest.strip_prefix(':')?)?;
    let fraction = rest.strip_prefix(['.', ',']).unwrap_or_default();
    let after = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    let has_fraction = after.len() < fraction.len();
    let rest = if has_fraction { after } else { rest };
    (hour < 24 && minute < 60 && second < 60).then_some(rest)
}

/// One or two digits, and what follows.
fn two_digits(text: &str) -> Option<(u32, &str)> {
    let digits = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    Some((number.parse().ok()?, rest))
}

fn is_zone(text: &str) -> bool {
    let Some(offset) = text.strip_prefix(['+', '-']) else {
        return text == "Z";
    };
    let in_range = |part: &str, most: u32| {
        part.len() == 2 && all_digits(part) && part.parse().is_ok_and(|n: u32| n <= most)
    };
    let parts = offset.split_once(':');
    parts.is_some_and(|(hours, minutes)| in_range(hours, 24) && in_range(minutes, 59))
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: PlainKind) {
        for resolution in [Resolution::GoYaml2, Resolution::GoYaml3] {
            assert_eq!(
                resolve(text, resolution),
                Ok(expect),
                "{text} {resolution:?}"
            );
        }
    }

    #[test]
    fn resolves_as_both_versions_do() {
        for text in ["", "~", "null", "Null", "NULL"] {
            check(text, PlainKind::Null);
        }
        for text in [
            "nULL", "a", "tRUE", "0x", "0b2", "-", "+", ".", "1.2.3", "12:30", "1e", "_1", "e3",
            "=", "1e999",
        ] {
            check(text, PlainKind::String);
        }
        check("True", PlainKind::Bool(true));
        check("FALSE", PlainKind::Bool(false));
        for (text, value) in [
            ("0", 0),
            ("-0", 0),
            ("+12", 12),
            ("1_000", 1000),
            ("0777", 0o777),
            ("0o777", 0o777),
            ("-0o17", -0o17),
            ("0x1F", 31),
            ("0b101", 5),
            ("0b-1", -1),
            ("9223372036854775808", 9_223_372_036_854_775_808),
            ("18446744073709551615", 18_446_744_073_709_551_615),
            ("-9223372036854775808", -9_223_372_036_854_775_808),
        ] {
            check(text, PlainKind::Int(value));
        }
        for (text, value) in [
            ("1.5", 1.5),
            ("1.", 1.0),
            (".5", 0.5),
            ("1e3", 1000.0),
            ("08", 8.0),
            ("-1.5E-1", -0.15),
            ("18446744073709551616", 18_446_744_073_709_551_616.0),
        ] {
            check(text, PlainKind::Float(value));
        }
        for text in [
            "2001-12-14",
            "2001-1-1",
            "2001-12-14T21:59:43.10Z",
            "2001-12-14 21:59:43",
        ] {
            check(text, PlainKind::Timestamp);
        }
    }

    #[test]
    fn the_versions_differ_in_old_booleans_and_a_strange_octal() {
        for (text, two, three) in [
            ("yes", PlainKind::Bool(true), PlainKind::String),
            ("On", PlainKind::Bool(true), PlainKind::String),
            ("n", PlainKind::Bool(false), PlainKind::String),
            ("0o-7", PlainKind::String, PlainKind::Int(-7)),
        ] {
            assert_eq!(resolve(text, Resolution::GoYaml2), Ok(two), "{text}");
            assert_eq!(resolve(text, Resolution::GoYaml3), Ok(three), "{text}");
        }
    }

    #[test]
    fn infinity_is_refused() {
        for text in [".inf", "-.Inf", "+.INF", ".nan"] {
            assert_eq!(resolve(text, Resolution::GoYaml2), Err(NotFinite), "{text}");
        }
    }
}
