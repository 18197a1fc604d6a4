use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::protobuf::{fields, first, text};

/// The definitions of a document in gnostic's `OpenAPIv2.proto`, as JSON, without what describes values only.
pub(crate) fn definitions(document: &[u8]) -> Result<Map<String, Value>> {
    let definitions = first(document, 9)?.context("the document has no definitions")?;
    named_schemas(definitions)
}

/// `Definitions` and `Properties`: repeated `NamedSchema`.
fn named_schemas(message: &[u8]) -> Result<Map<String, Value>> {
    let mut schemas = Map::new();
    for field in fields(message)?.iter().filter(|field| field.number == 1) {
        let value = first(field.bytes, 2)?.unwrap_or_default();
        schemas.insert(text(field.bytes, 1)?, schema(value)?);
    }
    Ok(schemas)
}

/// `Schema`.
fn schema(message: &[u8]) -> Result<Value> {
    let mut object = Map::new();
    for field in fields(message)? {
        match field.number {
            1 => {
                object.insert("$ref".into(), text(message, 1)?.into());
            }
            21 => {
                if let Some(values) = first(field.bytes, 1)? {
                    object.insert("additionalProperties".into(), schema(values)?);
                }
            }
            22 => {
                object.insert("type".into(), text(field.bytes, 1)?.into());
            }
            23 => {
                let items = first(field.bytes, 1)?.unwrap_or_default();
                object.insert("items".into(), schema(items)?);
            }
            25 => {
                object.insert("properties".into(), named_schemas(field.bytes)?.into());
            }
            31 => {
                object.insert(text(field.bytes, 1)?, extension(field.bytes)?);
            }
            _ => {}
        }
    }
    Ok(Value::Object(object))
}

/// `NamedAny`, whose value is YAML: of all extensions we need only lists and mappings of plain words.
fn extension(message: &[u8]) -> Result<Value> {
    let yaml = text(first(message, 2)?.unwrap_or_default(), 2)?;
    let mut items: Vec<Value> = Vec::new();
    for line in yaml.lines() {
        let (starts, line) = match line.strip_prefix("- ") {
            Some(rest) => (true, rest),
            None => (false, line.trim_start()),
        };
        match (line.split_once(':'), items.last_mut()) {
            (Some((key, value)), Some(Value::Object(item))) if !starts => {
                item.insert(key.into(), word(value).into());
            }
            (Some((key, value)), _) => items.push(json!({ key: word(value) })),
            (None, _) if starts => items.push(word(line).into()),
            (None, _) => return Ok(word(line).into()),
        }
    }
    Ok(Value::Array(items))
}

fn word(text: &str) -> &str {
    text.trim().trim_matches('"').trim_matches('\'')
}
