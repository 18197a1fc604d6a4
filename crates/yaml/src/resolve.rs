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

/// A resolved scalar. The text of the string-like ones is the node's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    String,
    /// A string for whoever decodes into JSON, but not safe to write unquoted.
    Timestamp,
    /// `<<`
    Merge,
}

impl Scalar {
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Scalar::Null => "!!null",
            Scalar::Bool(_) => "!!bool",
            Scalar::Int(_) => "!!int",
            Scalar::Float(_) => "!!float",
            Scalar::String => "!!str",
            Scalar::Timestamp => "!!timestamp",
            Scalar::Merge => "!!merge",
        }
    }
}

/// `.inf` and `.nan`: go-yaml reads them, JSON and so Kubernetes cannot carry them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotFinite;

/// Whether a plain scalar with this text is a string, and no number, boolean, null, time or merge key.
pub fn is_string(text: &str, resolution: Resolution) -> bool {
    resolve(text, resolution) == Ok(Scalar::String)
}

/// What a plain scalar is.
pub(crate) fn resolve(text: &str, resolution: Resolution) -> Result<Scalar, NotFinite> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Scalar::Null),
        "true" | "True" | "TRUE" => return Ok(Scalar::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Scalar::Bool(false)),
        "<<" => return Ok(Scalar::Merge),
        _ => {}
    }
    if is_not_finite(text) {
        return Err(NotFinite);
    }
    if let (Resolution::GoYaml2, Some(value)) = (resolution, yaml_1_1_bool(text)) {
        return Ok(Scalar::Bool(value));
    }
    Ok(match text.as_bytes().first() {
        Some(b'.') => dotted(text),
        Some(b'0'..=b'9' | b'+' | b'-') => number(text, resolution),
        _ => Scalar::String,
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

fn dotted(text: &str) -> Scalar {
    go_number::dotted_float(text).map_or(Scalar::String, Scalar::Float)
}

fn number(text: &str, resolution: Resolution) -> Scalar {
    if is_timestamp(text) {
        return Scalar::Timestamp;
    }
    let plain = text.replace('_', "");
    if let Some(value) = go_number::integer(&plain) {
        return Scalar::Int(value);
    }
    if let Some(value) = go_number::float(&plain) {
        return Scalar::Float(value);
    }
    if let Some(value) = go_number::integer_after_prefix(&plain, "0b", 2) {
        return Scalar::Int(value);
    }
    let octal = match resolution {
        Resolution::GoYaml2 => None,
        Resolution::GoYaml3 => go_number::integer_after_prefix(&plain, "0o", 8),
    };
    octal.map_or(Scalar::String, Scalar::Int)
}

/// `YYYY-M-D`, alone or followed by a time. Wider than go-yaml's four layouts, which costs nothing since a
/// timestamp is a string to us: it only decides that the emitter quotes it.
fn is_timestamp(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (year, month, rest) = (parts.next(), parts.next(), parts.next());
    let number = |part: &str, longest: usize| {
        (1..=longest).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    };
    let Some(rest) = rest else { return false };
    let day = rest.split(['T', 't', ' ']).next().unwrap_or(rest);
    year.is_some_and(|year| year.len() == 4 && number(year, 4))
        && month.is_some_and(|month| number(month, 2))
        && number(day, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Scalar) {
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
            check(text, Scalar::Null);
        }
        for text in [
            "nULL", "a", "tRUE", "0x", "0b2", "-", "+", ".", "1.2.3", "12:30", "1e", "_1", "e3",
            "=", "1e999",
        ] {
            check(text, Scalar::String);
        }
        check("True", Scalar::Bool(true));
        check("FALSE", Scalar::Bool(false));
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
            check(text, Scalar::Int(value));
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
            check(text, Scalar::Float(value));
        }
        for text in [
            "2001-12-14",
            "2001-1-1",
            "2001-12-14T21:59:43.10Z",
            "2001-12-14 21:59:43",
        ] {
            check(text, Scalar::Timestamp);
        }
    }

    #[test]
    fn the_versions_differ_in_old_booleans_and_a_strange_octal() {
        for (text, two, three) in [
            ("yes", Scalar::Bool(true), Scalar::String),
            ("On", Scalar::Bool(true), Scalar::String),
            ("n", Scalar::Bool(false), Scalar::String),
            ("0o-7", Scalar::String, Scalar::Int(-7)),
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
