//! The suffix that tells contents of ConfigMaps and Secrets apart.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::go_json;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::value::{Map, Value};

/// Appends the hash of its content to the name of every object that wants it.
///
/// # Errors
/// When an object is neither a ConfigMap nor a Secret.
pub(crate) fn add_hashes(map: &mut ResMap) -> Result<(), String> {
    let wanting = map.list.iter_mut();
    for resource in wanting.filter(|resource| resource.history.needs_hash) {
        let name = format!("{}-{}", resource.name(), hash(resource)?);
        resource.store_previous_id();
        resource.set_name(&name);
    }
    Ok(())
}

/// Of `api/hasher`: the object's name is meant to count, but does not.
fn hash(resource: &Resource) -> Result<String, String> {
    let part = |key: &str| match resource.value.get(key) {
        None => Value::from(""),
        Some(Value::Null) => Value::from("null"),
        // It is read into a Go map, which stays nil.
        Some(Value::Array(_)) => Value::Null,
        Some(value) => with_floats(value.clone()),
    };
    let (kind, optional) = match resource.kind() {
        "ConfigMap" => ("ConfigMap", "binaryData"),
        "Secret" => ("Secret", "stringData"),
        other => return Err(format!("not supported yet: the hash of a {other}")),
    };
    let mut content = Map::new();
    content.insert("kind".to_owned(), kind.into());
    content.insert("name".to_owned(), "".into());
    content.insert("data".to_owned(), part("data"));
    if kind == "Secret" {
        content.insert("type".to_owned(), part("type"));
    }
    if part(optional).is_object() {
        content.insert(optional.to_owned(), part(optional));
    }
    Ok(encode(&go_json::marshal(&Value::Object(content))))
}

/// Upstream reads what it hashes from JSON, where every number is a float.
fn with_floats(mut value: Value) -> Value {
    fn each(value: &mut Value) {
        match value {
            Value::Object(map) => map.values_mut().for_each(each),
            Value::Array(items) => items.iter_mut().for_each(each),
            Value::Number(number) => *value = number.as_f64().map_or(Value::Null, Value::from),
            _ => {}
        }
    }
    each(&mut value);
    value
}

/// Ten digits of the SHA-256, without vowels and what looks like them.
fn encode(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let mut hex = String::new();
    for byte in digest.iter().take(5) {
        // Writing to a String does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    let safe = |c| match c {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        other => other,
    };
    hex.chars().map(safe).collect()
}
