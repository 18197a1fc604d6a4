//! What go-yaml makes of texts without quotes.

use towpath_yaml::{Kind, Node, Resolution, is_string};

/// Whether YAML 1.1 would read something else than a string (kyaml's `IsValueNonString`).
pub(crate) fn is_other_in_yaml_1_1(text: &str) -> bool {
    if text.is_empty() || text.contains('\n') || is_plain_word(text) {
        return false;
    }
    let documents = towpath_yaml::parse_with("", text, Resolution::GoYaml2);
    let is_other = |node: &Node| !matches!(node.kind(), Kind::String(_));
    documents.is_ok_and(|all| all.first().is_none_or(|document| is_other(&document.root)))
}

/// Most texts are such, for which no parser is needed.
fn is_plain_word(text: &str) -> bool {
    let is_inner = |c: char| matches!(c, '-' | '.' | '_' | '/' | ':' | '@');
    let is_word = |c: char| c.is_ascii_alphanumeric() || is_inner(c);
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !text.ends_with(':')
        && text.chars().all(is_word)
        && is_string(text, Resolution::GoYaml2)
}

/// As Go writes a time: `2001-2-3` is `2001-02-03T00:00:00Z`, and fractions lose their last zeros.
pub(crate) fn timestamp(text: &str) -> String {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, time.trim_start()),
        None => (text, "0:0:0"),
    };
    let zone_start = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(zone_start);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let fraction = fraction.trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    let zone = match zone {
        "" | "z" | "+00:00" | "-00:00" => "Z",
        zone => zone,
    };
    format!(
        "{}T{}{dot}{fraction}{zone}",
        two_digits(date, '-'),
        two_digits(clock, ':')
    )
}

fn two_digits(text: &str, separator: char) -> String {
    let parts = text.split(separator).map(|part| format!("{part:0>2}"));
    parts.collect::<Vec<_>>().join(&separator.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_full() {
        for (text, full) in [
            ("2001-02-03", "2001-02-03T00:00:00Z"),
            ("2001-2-3 4:5:6.70", "2001-02-03T04:05:06.7Z"),
            ("2001-02-03t04:05:06+01:00", "2001-02-03T04:05:06+01:00"),
        ] {
            assert_eq!(timestamp(text), full);
        }
    }
}
