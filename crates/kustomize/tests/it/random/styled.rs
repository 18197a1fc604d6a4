//! Values as YAML in the many ways in which people write it.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// What stands behind this in a string is written as it is.
pub(crate) const AS_IS: &str = "as-is:";

/// How nodes are written, one number each, again and again. Zero is the usual way.
pub(crate) fn styles() -> impl Strategy<Value = Vec<u8>> + Clone {
    let number = prop_oneof![3 => Just(0), 2 => any::<u8>()];
    prop_oneof![3 => Just(Vec::new()), 2 => vec(number, 1..16)]
}

pub(crate) fn yaml(value: &Value, styles: &[u8]) -> String {
    let mut writer = Writer {
        styles,
        at: 0,
        out: String::new(),
    };
    match value {
        Value::Object(entries) if !entries.is_empty() => writer.entries(entries, 0),
        Value::Array(items) if !items.is_empty() => writer.items(items, 0),
        _ => writer.out = flow(value, 0) + "\n",
    }
    writer.out
}

/// All strings in quotes.
pub(crate) fn json(value: &Value) -> String {
    flow(value, IN_QUOTES)
}

struct Writer<'a> {
    styles: &'a [u8],
    at: usize,
    out: String,
}

impl Writer<'_> {
    fn style(&mut self) -> u8 {
        self.at += 1;
        match self.styles.len() {
            0 => 0,
            length => self.styles[self.at % length],
        }
    }

    fn entries(&mut self, entries: &Map<String, Value>, indent: usize) {
        let style = self.style();
        let mut entries: Vec<_> = entries.iter().collect();
        if style % 16 == 2 {
            entries.reverse();
        }
        for (key, value) in entries {
            if style == 5 {
                self.line(indent, "# head");
            }
            self.out.push_str(&" ".repeat(indent));
            self.out.push_str(&key_in(key, style));
            self.out.push(':');
            self.below(value, indent, false);
        }
    }

    fn items(&mut self, items: &[Value], indent: usize) {
        for item in items {
            self.out.push_str(&" ".repeat(indent));
            self.out.push('-');
            self.below(item, indent, true);
        }
    }

    fn line(&mut self, indent: usize, text: &str) {
        self.out.push_str(&" ".repeat(indent));
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// What stands behind a colon or a dash.
    fn below(&mut self, value: &Value, indent: usize, is_item: bool) {
        let style = self.style();
        let is_flow = style % 16 == 1;
        match value {
            Value::Object(entries) if !entries.is_empty() && !is_flow => {
                self.deeper(is_item, |writer| writer.entries(entries, indent + 2));
            }
            Value::Array(items) if !items.is_empty() && !is_flow => {
                let is_deeper = is_item || style % 8 == 3;
                let indent = if is_deeper { indent + 2 } else { indent };
                self.deeper(is_item, |writer| writer.items(items, indent));
            }
            Value::Object(_) | Value::Array(_) => {
                let text = flow(value, style / 16);
                self.line(1, &text);
            }
            _ => {
                let text = scalar(value, style).replace('\n', &format!("\n{}", " ".repeat(indent)));
                let behind = if text.is_empty() { "" } else { " " };
                self.line(behind.len(), &text);
            }
        }
    }

    /// On lines of its own, the first of them behind the dash of an item.
    fn deeper(&mut self, is_item: bool, write: impl FnOnce(&mut Self)) {
        let start = self.out.len();
        write(self);
        let lines = self.out.split_off(start);
        self.out.push(if is_item { ' ' } else { '\n' });
        self.out.push_str(match is_item {
            true => lines.trim_start_matches(' '),
            false => &lines,
        });
    }
}

fn key_in(key: &str, style: u8) -> String {
    match style % 16 {
        3 => double_quoted(key),
        4 => single_quoted(key),
        _ => flow(&key.into(), 0),
    }
}

/// Behind a key in a block; lines after the first as if the key stood at the margin.
fn scalar(value: &Value, style: u8) -> String {
    let usual = || {
        let entry = towpath_yaml::to_yaml(&json!({ "k": value }));
        entry
            .trim_start_matches("k:")
            .trim_start_matches(' ')
            .trim_end_matches('\n')
            .to_owned()
    };
    match value {
        Value::String(text) => match (text.strip_prefix(AS_IS), style % 32) {
            (Some(text), _) => text.to_owned(),
            (None, 0 | 16..) => usual(),
            (None, _) if !is_printable(text) => usual(),
            (None, 1..=3) => single_quoted(text),
            (None, 4..=6) => double_quoted(text),
            (None, 7) => block("|-", text).unwrap_or_else(usual),
            (None, 8) => block(">-", text).unwrap_or_else(usual),
            (None, 9) => format!("!!str {}", double_quoted(text)),
            (None, 10) if is_word(text) => format!("!!str {text}"),
            (None, 11) if is_word(text) => text.clone(),
            (None, 12) if is_word(text) => format!("&anchor {}", double_quoted(text)),
            (None, 13) => format!("{} # behind", double_quoted(text)),
            (None, _) => usual(),
        },
        Value::Number(number) => match style % 32 {
            1 => format!("!!int \"{number}\""),
            2 if number.is_u64() => format!("0x{:x}", number.as_u64().unwrap_or_default()),
            3 if number.is_u64() => format!("0{:o}", number.as_u64().unwrap_or_default()),
            4 => format!("+{number}"),
            5 => format!("!!int {number}"),
            6 => format!("{number} # behind"),
            _ => number.to_string(),
        },
        Value::Bool(flag) => match style % 32 {
            1 => format!("!!bool \"{flag}\""),
            2 => flag.to_string().to_uppercase(),
            _ => flag.to_string(),
        },
        Value::Null => ["null", "~", "", "Null", "null"][usize::from(style % 5)].to_owned(),
        _ => usual(),
    }
}

/// None where it could not be read again as it is.
fn block(header: &str, text: &str) -> Option<String> {
    let is_safe =
        !text.is_empty() && !text.starts_with([' ', '\n']) && !text.ends_with([' ', '\n']);
    // Upstream loses lines of a folded text of which one begins with a space.
    let is_safe = is_safe && !text.contains("\n ");
    let lines = text.replace('\n', if header == ">-" { "\n\n  " } else { "\n  " });
    is_safe.then(|| format!("{header}\n  {lines}"))
}

const IN_QUOTES: u8 = 2;

fn flow(value: &Value, style: u8) -> String {
    match value {
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| {
                format!(
                    "{}: {}",
                    flow(&key.as_str().into(), style),
                    flow(value, style)
                )
            };
            let entries: Vec<String> = entries.iter().map(entry).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| flow(item, style)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::String(text) => match text.strip_prefix(AS_IS) {
            Some(text) => on_one_line(text),
            None if style == 1 && is_printable(text) => single_quoted(text),
            None if style != IN_QUOTES && is_word(text) && is_a_string(text) => text.clone(),
            None => double_quoted(text),
        },
        _ => value.to_string(),
    }
}

/// Comments and blocks have no place in brackets.
fn on_one_line(text: &str) -> String {
    let text = text.split(" #").next().unwrap_or_default();
    match text.split_once('\n') {
        Some((_, lines)) => double_quoted(lines.trim_start()),
        None if text.is_empty() => "~".to_owned(),
        None => text.to_owned(),
    }
}

fn single_quoted(text: &str) -> String {
    match text.contains('\n') {
        true => double_quoted(text),
        false => format!("'{}'", text.replace('\'', "''")),
    }
}

/// With all that YAML does not take as it is as an escape.
fn double_quoted(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    let mut out = String::new();
    for letter in quoted.chars() {
        match letter {
            '\u{7f}'..='\u{a0}' | '\u{feff}' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            _ => out.push(letter),
        }
    }
    out
}

fn is_printable(text: &str) -> bool {
    text.chars()
        .all(|letter| matches!(letter, ' '..='~' | '\n' | 'à'..='ÿ' | '日'))
}

/// That needs no quotes, whatever its type is then.
fn is_word(text: &str) -> bool {
    let is_of_word = |letter: char| letter.is_ascii_alphanumeric() || "/._-".contains(letter);
    text.starts_with(|first: char| first.is_ascii_alphanumeric()) && text.chars().all(is_of_word)
}

fn is_a_string(text: &str) -> bool {
    let special = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && !special.contains(&text.to_lowercase().as_str())
}
