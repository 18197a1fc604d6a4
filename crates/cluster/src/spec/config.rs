use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::reader::Fields;

/// What a ConfigMap or a Secret holds.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ConfigData(pub BTreeMap<String, Vec<u8>>);

impl fmt::Debug for ConfigData {
    /// Names only: the values may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

pub(super) fn config_map(fields: &Fields) -> ConfigData {
    let mut data = texts(fields, "data");
    data.extend(decoded(fields, "binaryData"));
    fields.ignored(&["immutable"], "the repository decides what changes");
    check_keys(fields, &data);
    ConfigData(data)
}

/// `stringData` wins over `data`, as in Kubernetes.
pub(super) fn secret(fields: &Fields) -> ConfigData {
    let mut data = decoded(fields, "data");
    data.extend(texts(fields, "stringData"));
    // `Opaque` is what a Secret is without a type.
    if fields.string("type").is_some_and(|of| of != "Opaque") {
        fields.ignored(&["type"], "no keys are asked for and none are added");
    }
    fields.ignored(&["immutable"], "the repository decides what changes");
    check_keys(fields, &data);
    ConfigData(data)
}

fn texts(fields: &Fields, key: &'static str) -> BTreeMap<String, Vec<u8>> {
    let texts = fields.string_map(key).into_iter();
    texts
        .map(|(name, text)| (name, text.into_bytes()))
        .collect()
}

fn decoded(fields: &Fields, key: &'static str) -> BTreeMap<String, Vec<u8>> {
    let mut data = BTreeMap::new();
    for (name, text) in fields.string_map(key) {
        let packed: String = text.split_ascii_whitespace().collect();
        match STANDARD.decode(packed) {
            Ok(bytes) => drop(data.insert(name, bytes)),
            Err(error) => fields.error(key, format!("`{key}.{name}` is not base64: {error}")),
        }
    }
    data
}

/// Keys become file names; the rule is Kubernetes' own (`IsConfigMapKey`).
fn check_keys(fields: &Fields, data: &BTreeMap<String, Vec<u8>>) {
    for key in data.keys() {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        let good = (1..=253).contains(&key.len())
            && key.chars().all(allowed)
            && key != "."
            && !key.starts_with("..");
        if !good {
            fields.error(
                "data",
                format!("key {key:?} is not valid: letters, digits, -, _ and . only"),
            );
        }
    }
}
