//! Paths into pieces: most of them lead somewhere.

use super::pieces::{Content, Piece};

/// A path chosen by these numbers; empty for the piece itself.
pub(super) fn path_in(piece: &Piece, choices: &[u8], is_source: bool) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut node = piece;
    for choice in choices {
        let index = usize::from(*choice);
        if !parts.is_empty() && choice % 5 == 0 {
            break;
        }
        let (part, next) = match &node.content {
            Content::Mapping(entries, _) if !entries.is_empty() => {
                let (key, value) = &entries[index / 5 % entries.len()];
                (name_of(key), value)
            }
            Content::List(items, _) if !items.is_empty() => {
                let at = index / 5 % items.len();
                // Upstream never ends where it finds nothing behind an element that it makes.
                let is_behind_element = parts.iter().any(|part| part.starts_with('['));
                let choice = if is_source {
                    choice % 6 + 1
                } else {
                    choice % 7
                };
                let part = part_of(&items[at], at, choice);
                let part = if part == "*" && is_behind_element {
                    at.to_string()
                } else {
                    part
                };
                (part, &items[at])
            }
            _ => {
                if choice % 12 == 1 && !is_source {
                    parts.push(["new", "0", "[name=x]"][index % 3].to_owned());
                }
                break;
            }
        };
        if is_source && is_nothing(next) {
            break;
        }
        parts.push(part);
        node = next;
    }
    parts.join(".")
}

fn is_nothing(piece: &Piece) -> bool {
    match &piece.content {
        Content::Scalar(text) => matches!(*text, "" | "~" | "null"),
        Content::List(items, _) => items.is_empty(),
        Content::Mapping(entries, _) => entries.is_empty(),
        Content::Lines(..) | Content::Alias(_) => false,
    }
}

fn name_of(key: &Piece) -> String {
    match &key.content {
        Content::Scalar("''") => "q".to_owned(),
        Content::Scalar(text) => text.trim_matches(['\'', '"']).replace('.', "\\."),
        Content::Alias(choice) => format!("x{}", choice % 5),
        _ => "none".to_owned(),
    }
}

fn part_of(item: &Piece, at: usize, choice: u8) -> String {
    match (&item.content, choice) {
        (_, 0) => "*".to_owned(),
        (Content::Mapping(entries, _), 1..=4) => {
            let named = entries.iter().find_map(|(key, value)| match value.content {
                Content::Scalar(text) if !is_odd(text) => Some((name_of(key), text)),
                _ => None,
            });
            named.map_or_else(
                || at.to_string(),
                |(key, text)| format!("[{key}={}]", text.trim_matches(['\'', '"'])),
            )
        }
        (Content::Scalar(text), 1..=2) if !is_odd(text) => format!("[={text}]"),
        (Content::Alias(_), 1..=2) => "[=x]".to_owned(),
        _ => at.to_string(),
    }
}

/// Scalars whose value has another text, by which elements of objects are found, and those that upstream makes again
/// and again, as their own pattern does not match them.
fn is_odd(text: &str) -> bool {
    matches!(text, "2001-02-03" | "0x10" | "1e3" | "null" | "~" | "")
        || text.contains(['\'', '"', '\\'])
}
