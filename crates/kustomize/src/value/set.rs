//! How upstream sets nodes: what is there keeps its style and stays the node that it was (kyaml's `FieldSetter`).

use super::{Key, Map, Scalar, Value};

/// Sets the field of a mapping; a null removes it.
pub(crate) fn set_field(map: &mut Map, key: Key, mut value: Value) {
    if value.is_null() {
        map.remove(&key.name);
        return;
    }
    if let Value::Scalar(scalar) = &mut value {
        scalar.quote_if_needed();
    }
    match map.get_mut(&key.name) {
        Some(field) => field.become_as_styled(value),
        None => map.insert_with(key, value),
    }
}

/// Sets a scalar; by a null it is not changed.
///
/// # Errors
/// When the node is none.
pub(crate) fn set_scalar(node: &mut Value, mut scalar: Scalar) -> Result<(), String> {
    if !node.is_scalar() {
        return Err(wrong_kind("ScalarNode", node));
    }
    if !scalar.is_null() {
        scalar.quote_if_needed();
        node.become_as_styled(Value::Scalar(scalar));
    }
    Ok(())
}

impl Value {
    /// Takes over everything from another node but its style and links.
    pub(crate) fn become_as_styled(&mut self, mut other: Value) {
        other.set_style(self.style());
        self.become_all(other);
    }

    /// Takes over everything from another node but its links (kyaml's `SetYNode`).
    pub(crate) fn become_all(&mut self, mut other: Value) {
        if let Value::Scalar(scalar) = &mut other {
            scalar.link = self.as_scalar().and_then(|own| own.link);
        }
        *self = other;
    }
}

/// The message of kyaml's `InvalidNodeKindError`.
pub(crate) fn wrong_kind(expected: &str, found: &Value) -> String {
    format!(
        "wrong node kind: expected {expected} but got {}",
        found.kind_name()
    )
}

impl Value {
    /// What kyaml calls the kind of a node.
    pub(crate) fn kind_name(&self) -> &'static str {
        match self {
            Value::Object(_) => "MappingNode",
            Value::Array(_) => "SequenceNode",
            Value::Scalar(_) => "ScalarNode",
        }
    }
}
