//! An object as a value, the way it comes out of upstream's reading and writing.

use smol_str::SmolStr;
use towpath_model::Diagnostic;
use towpath_yaml::{Entry, Kind, Node, Resolution, Style, parse_with};

use crate::scalar;
use crate::value::{Map, Value};

/// Points in time become full timestamps, and annotations keep the text that they are written with.
///
/// # Errors
/// When a key is no string: upstream cannot write such an object.
pub(crate) fn object_value(file: &str, node: &Node) -> Result<Value, Diagnostic> {
    let mut value = any(file, node)?;
    if let Some(annotations) = node.at(&["metadata", "annotations"]) {
        for entry in annotations.entries() {
            keep_text(&mut value, entry);
        }
    }
    Ok(value)
}

/// The same for a strategic merge patch, where an annotation without a value is deleted.
///
/// # Errors
/// As [`object_value`].
pub(crate) fn patch_value(file: &str, node: &Node) -> Result<Value, Diagnostic> {
    let mut value = object_value(file, node)?;
    let annotations = node.at(&["metadata", "annotations"]);
    let entries = annotations.map(Node::entries).unwrap_or_default();
    for entry in entries.iter().filter(|entry| entry.value.is_null()) {
        value["metadata"]["annotations"][entry.name()] = Value::Null;
    }
    Ok(value)
}

fn keep_text(object: &mut Value, entry: &Entry) {
    let annotations = &mut object["metadata"]["annotations"];
    let text = match is_blank(&entry.value) {
        true => Some(""),
        false => entry.value.text(),
    };
    if let (Some(annotations), Some(text)) = (annotations.as_object_mut(), text) {
        annotations.insert(entry.name(), text.into());
    }
}

/// Whether this is a null because nothing stands there.
fn is_blank(node: &Node) -> bool {
    node.is_null() && node.span().bytes.is_empty()
}

/// A value in braces or brackets. Where nothing stands upstream writes quotes, and so reads a string.
fn inner(file: &str, parent: &Node, node: &Node) -> Result<Value, Diagnostic> {
    match parent.style() == Style::Flow && is_blank(node) {
        true => Ok("".into()),
        false => any(file, node),
    }
}

fn any(file: &str, node: &Node) -> Result<Value, Diagnostic> {
    match node.kind() {
        Kind::Sequence(items) => {
            let values = items.iter().map(|item| inner(file, node, item));
            values.collect::<Result<_, _>>().map(Value::Array)
        }
        Kind::Mapping(entries) => {
            let values = entries.iter().map(|entry| self::entry(file, node, entry));
            values.collect::<Result<Map, _>>().map(Value::Object)
        }
        Kind::String(text) if node.is_timestamp() => Ok(timestamp(text).into()),
        _ => Ok(scalar::of(node)),
    }
}

fn entry(file: &str, parent: &Node, entry: &Entry) -> Result<(SmolStr, Value), Diagnostic> {
    if !matches!(entry.key.kind(), Kind::String(_)) {
        let message = format!(
            "a key is expected to be a string, found {}",
            entry.key.kind().describe()
        );
        let problem = Diagnostic::new(entry.key.location(file), message);
        return Err(problem.help(format!("write \"{}\"", entry.name())));
    }
    Ok((entry.name().into(), inner(file, parent, &entry.value)?))
}

/// What a text without quotes is in full when it is a point in time.
pub(crate) fn point_in_time(text: &str) -> Option<String> {
    let (year, _) = text.split_once('-')?;
    if year.len() != 4 || !year.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let documents = parse_with("", text, Resolution::GoYaml3).ok()?;
    let root = &documents.first()?.root;
    root.is_timestamp().then(|| timestamp(text))
}

/// As Go writes a time: `2001-2-3` is `2001-02-03T00:00:00Z`, and fractions lose their last zeros.
fn timestamp(text: &str) -> String {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, time.trim_start()),
        None => (text, "0:0:0"),
    };
    let zone_start = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(zone_start);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let two_digits = |text: &str, separator: char| {
        let parts: Vec<String> = text
            .split(separator)
            .map(|part| format!("{part:0>2}"))
            .collect();
        parts.join(&separator.to_string())
    };
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
