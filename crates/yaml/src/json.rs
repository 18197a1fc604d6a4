use serde_json::{Map, Number, Value};

use crate::resolve::PlainKind;
use crate::{Entry, Kind, Node};

impl Node {
    /// The value as JSON, the way `sigs.k8s.io/yaml` converts it: keys that are booleans or numbers become
    /// their JSON text, so `on: x` read with [`GoYaml2`](crate::Resolution::GoYaml2) is `{"true": "x"}`.
    pub fn to_json(&self) -> Value {
        match self.kind() {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(value),
            Kind::Int(value) => int(value),
            Kind::Float(value) => Number::from_f64(value).map_or(Value::Null, Value::Number),
            Kind::String(text) => Value::String(text.to_owned()),
            Kind::Sequence(items) => items.iter().map(Node::to_json).collect(),
            Kind::Mapping(entries) => Value::Object(object(entries)),
        }
    }
}

impl Entry {
    /// The key as [`Node::to_json`] writes it.
    pub fn json_key(&self) -> String {
        match self.key.kind() {
            Kind::Bool(value) => value.to_string(),
            Kind::Int(value) => value.to_string(),
            Kind::Float(value) => value.to_string(),
            _ => self.name().to_owned(),
        }
    }

    pub(crate) fn is_merge(&self) -> bool {
        matches!(
            self.key.content,
            crate::node::Content::Scalar {
                value: PlainKind::Merge,
                ..
            }
        )
    }
}

fn object(entries: &[Entry]) -> Map<String, Value> {
    entries
        .iter()
        .map(|entry| (entry.json_key(), entry.value.to_json()))
        .collect()
}

fn int(value: i128) -> Value {
    match (i64::try_from(value), u64::try_from(value)) {
        (Ok(signed), _) => signed.into(),
        (_, Ok(unsigned)) => unsigned.into(),
        // Not reachable: resolution gives nothing beyond 64 bits.
        _ => Value::Null,
    }
}
