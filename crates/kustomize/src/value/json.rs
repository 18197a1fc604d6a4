//! Nodes from and to JSON, as upstream goes that way with objects that it patches: everything is new then.

use serde_json::{Number, Value as Json};
use towpath_yaml::{Style as YamlStyle, string_style};

use super::{Key, List, Map, Meaning, Scalar, Style, Tag, Value};
use crate::emit::{go_float, key_order};
use crate::value::map::Entry;
use crate::value::scalar::is_plain_string;

/// As `serde_json::json`.
#[cfg(test)]
macro_rules! json {
    ($($json:tt)+) => { $crate::value::Value::from_json(serde_json::json!($($json)+)) };
}
#[cfg(test)]
pub(crate) use json;

impl Value {
    /// Nodes as go-yaml writes and reads this: quotes where a text needs them, brackets around nothing.
    pub(crate) fn from_json(json: Json) -> Self {
        match json {
            Json::Null => Scalar::new("null", Tag::Null, Style::PLAIN).into(),
            Json::Bool(value) => Scalar::new(value.to_string(), Tag::Bool, Style::PLAIN).into(),
            Json::Number(number) => number_node(&number).into(),
            Json::String(text) => string_node(text).into(),
            Json::Array(items) => {
                let style = style_of(items.is_empty());
                let items = items.into_iter().map(Value::from_json).collect();
                Value::Array(List::new(items, style))
            }
            Json::Object(entries) => {
                let style = style_of(entries.is_empty());
                let mut entries: Vec<_> = entries.into_iter().collect();
                entries.sort_by(|(a, _), (b, _)| key_order(a, b));
                let mut map = Map::from_entries(entries.into_iter().map(|(key, value)| Entry {
                    key: key_node(key),
                    value: Value::from_json(value),
                }));
                map.style = style;
                Value::Object(map)
            }
        }
    }

    /// What it means to whoever reads it, once it is written.
    ///
    /// # Errors
    /// When go-yaml could not read it again.
    pub(crate) fn to_json(&self) -> Result<Json, String> {
        self.json_within(false)
    }

    fn json_within(&self, in_flow: bool) -> Result<Json, String> {
        let in_flow = in_flow || self.style().has(Style::FLOW);
        Ok(match self {
            Value::Scalar(scalar) => scalar.meaning(in_flow)?.into(),
            Value::Array(list) => {
                let items = list.items.iter().map(|item| item.json_within(in_flow));
                Json::Array(items.collect::<Result<_, _>>()?)
            }
            Value::Object(map) => {
                let entries = map.entries().iter().map(|entry| {
                    entry.key.check()?;
                    let name = entry.key.name.to_string();
                    Ok((name, entry.value.json_within(in_flow)?))
                });
                Json::Object(entries.collect::<Result<_, String>>()?)
            }
        })
    }
}

impl Key {
    /// # Errors
    /// When it would not be a string to whoever reads it.
    pub(crate) fn check(&self) -> Result<(), String> {
        let is_bare = self.is_untagged && !self.style.is_quoted();
        match is_bare && !is_plain_string(&self.name) {
            true => Err(format!("key `{}` would not be a string", self.name)),
            false => Ok(()),
        }
    }
}

impl From<Meaning<'_>> for Json {
    fn from(meaning: Meaning<'_>) -> Self {
        match meaning {
            Meaning::Null => Json::Null,
            Meaning::Bool(value) => Json::Bool(value),
            Meaning::Number(number) => Json::Number(number),
            Meaning::String(text) => Json::String(text.into_owned()),
        }
    }
}

fn style_of(is_empty: bool) -> Style {
    match is_empty {
        true => Style::FLOW,
        false => Style::PLAIN,
    }
}

/// Go reads every number of JSON as a float.
fn number_node(number: &Number) -> Scalar {
    let text = number.as_f64().map(go_float).unwrap_or_default();
    let tag = Tag::of_plain(&text);
    Scalar::new(text, tag, Style::PLAIN)
}

fn string_node(text: String) -> Scalar {
    let style = style_in_yaml(&text);
    Scalar::new(text, Tag::Str, style)
}

fn key_node(name: String) -> Key {
    let style = style_in_yaml(&name);
    Key::string(name, style)
}

fn style_in_yaml(text: &str) -> Style {
    match string_style(text) {
        YamlStyle::SingleQuoted => Style::SINGLE,
        YamlStyle::DoubleQuoted => Style::DOUBLE,
        YamlStyle::Literal => Style::LITERAL,
        YamlStyle::Folded => Style::FOLDED,
        YamlStyle::Plain | YamlStyle::Block | YamlStyle::Flow => Style::PLAIN,
    }
}
