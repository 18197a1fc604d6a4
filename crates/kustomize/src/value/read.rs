//! Nodes of files.

use serde_json::Value as Json;
use towpath_model::Diagnostic;
use towpath_yaml::{Entry as YamlEntry, Kind, Node, Style as YamlStyle};

use super::{Entry, Key, List, Map, Scalar, Style, Tag, Value};
use crate::go_json;

impl Value {
    /// What stands in a file.
    ///
    /// # Errors
    /// When a key is no string: upstream cannot write such an object.
    pub(crate) fn read(file: &str, node: &Node) -> Result<Self, Diagnostic> {
        let style = style(node);
        Ok(match node.kind() {
            Kind::Sequence(items) => {
                let items = items.iter().map(|item| Value::read(file, item));
                let items = items.collect::<Result<_, _>>()?;
                Value::Array(List::new(items, style))
            }
            Kind::Mapping(entries) => {
                let entries = entries.iter().map(|entry| self::entry(file, entry));
                let entries: Vec<Entry> = entries.collect::<Result<_, _>>()?;
                let mut map = Map::from_entries(entries);
                map.style = style;
                Value::Object(map)
            }
            _ => Scalar::new(text(node), tag(node), style).into(),
        })
    }

    /// What stands in a file of this JSON.
    pub(crate) fn read_json(json: Json) -> Self {
        match json {
            Json::Null => Scalar::new("null", Tag::Null, Style::PLAIN).into(),
            Json::Bool(value) => Scalar::new(value.to_string(), Tag::Bool, Style::PLAIN).into(),
            Json::Number(number) => {
                let text = go_json::number(&number);
                let tag = Tag::of_plain(&text);
                Scalar::new(text, tag, Style::PLAIN).into()
            }
            Json::String(text) => Scalar::new(text, Tag::Str, Style::DOUBLE).into(),
            Json::Array(items) => {
                let items = items.into_iter().map(Value::read_json).collect();
                Value::Array(List::new(items, Style::FLOW))
            }
            Json::Object(entries) => {
                let mut entries: Vec<_> = entries.into_iter().collect();
                entries.sort_by(|(a, _), (b, _)| a.cmp(b));
                let mut map = Map::from_entries(entries.into_iter().map(|(name, value)| Entry {
                    key: Key::string(name, Style::DOUBLE),
                    value: Value::read_json(value),
                }));
                map.style = Style::FLOW;
                Value::Object(map)
            }
        }
    }
}

fn entry(file: &str, entry: &YamlEntry) -> Result<Entry, Diagnostic> {
    if !matches!(entry.key.kind(), Kind::String(_)) {
        let message = format!(
            "a key is expected to be a string, found {}",
            entry.key.kind().describe()
        );
        let problem = Diagnostic::new(entry.key.location(file), message);
        return Err(problem.help(format!("write \"{}\"", entry.name())));
    }
    Ok(Entry {
        key: Key::string(entry.name(), style(&entry.key)),
        value: Value::read(file, &entry.value)?,
    })
}

/// Empty where nothing stands.
fn text(node: &Node) -> &str {
    match node.is_null() && node.span().bytes.is_empty() {
        true => "",
        false => node.text().unwrap_or_default(),
    }
}

fn tag(node: &Node) -> Tag {
    match node.kind() {
        Kind::Null => Tag::Null,
        Kind::Bool(_) => Tag::Bool,
        Kind::Int(_) => Tag::Int,
        Kind::Float(_) => Tag::Float,
        _ if node.is_timestamp() => Tag::Timestamp,
        _ => Tag::Str,
    }
}

fn style(node: &Node) -> Style {
    let style = match node.style() {
        YamlStyle::Plain | YamlStyle::Block => Style::PLAIN,
        YamlStyle::SingleQuoted => Style::SINGLE,
        YamlStyle::DoubleQuoted => Style::DOUBLE,
        YamlStyle::Literal => Style::LITERAL,
        YamlStyle::Folded => Style::FOLDED,
        YamlStyle::Flow => Style::FLOW,
    };
    match node.is_tagged() {
        true => style.with(Style::TAGGED),
        false => style,
    }
}
