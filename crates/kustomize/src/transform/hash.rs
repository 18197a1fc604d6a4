//! The suffix that tells contents of ConfigMaps and Secrets apart.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use crate::go_json;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::value::Value;

/// Appends the hash of its content to the name of every object that wants it.
///
/// # Errors
/// When an object is neither a ConfigMap nor a Secret.
pub(crate) fn add_hashes(map: &mut ResMap) -> Result<(), String> {
    let wanting = map.list.iter_mut();
    for resource in wanting.filter(|resource| resource.history.notes.needs_hash) {
        let name = format!("{}-{}", resource.name(), hash(resource)?);
        resource.store_previous_id();
        resource.set_name(&name);
    }
    Ok(())
}

/// Of `api/hasher`: the object's name is meant to count, but does not.
fn hash(resource: &Resource) -> Result<String, String> {
    let part = |key: &str| match resource.value.get(key) {
        None => Ok(Json::from("")),
        Some(Value::Scalar(scalar)) => Ok(Json::from(scalar.text())),
        // It is read into a Go map, which stays nil.
        Some(Value::Array(_)) => Ok(Json::Null),
        Some(value) => value.to_json().map(with_floats),
    };
    let (kind, optional) = match resource.kind() {
        "ConfigMap" => ("ConfigMap", "binaryData"),
        "Secret" => ("Secret", "stringData"),
        other => return Err(format!("not supported yet: the hash of a {other}")),
    };
    let mut content = Map::new();
    content.insert("kind".to_owned(), kind.into());
    content.insert("name".to_owned(), "".into());
    content.insert("data".to_owned(), part("data")?);
    if kind == "Secret" {
        content.insert("type".to_owned(), part("type")?);
    }
    let binary = part(optional)?;
    if binary.is_object() {
        content.insert(optional.to_owned(), binary);
    }
    Ok(encode(&go_json::marshal(&Json::Object(content))))
}

/// Upstream reads what it hashes from JSON, where every number is a float.
fn with_floats(mut value: Json) -> Json {
    fn each(value: &mut Json) {
        match value {
            Json::Object(map) => map.values_mut().for_each(each),
            Json::Array(items) => items.iter_mut().for_each(each),
            Json::Number(number) => *value = number.as_f64().map_or(Json::Null, Json::from),
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
