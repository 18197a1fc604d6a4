//! A manifest as a tree of nodes, such as go-yaml 3 keeps for kustomize: text, tag and style of what was read, or of
//! what a step has made. What a node is in the end follows from those, see [`Scalar::meaning`].
//!
//! Small and cheap to copy: builds copy each base once for each of its overlays.

mod comments;
mod json;
mod map;
mod read;
mod scalar;
mod set;
mod style;
mod write;

use std::ops::{Index, IndexMut};

use smol_str::SmolStr;

pub(crate) use comments::Comments;
#[cfg(test)]
pub(crate) use json::json;
pub(crate) use map::{Entry, Key, Map};
pub(crate) use scalar::{Link, Meaning, Scalar, Tag};
pub(crate) use set::{set_field, set_scalar, wrong_kind};
pub(crate) use style::Style;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Scalar(Scalar),
    Array(List),
    Object(Map),
}

/// The items of a sequence, and whether brackets are around them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct List {
    pub(crate) items: Vec<Value>,
    pub(crate) style: Style,
    pub(crate) comments: Comments,
}

impl List {
    pub(crate) fn new(items: Vec<Value>, style: Style) -> Self {
        let comments = Comments::default();
        Self {
            items,
            style,
            comments,
        }
    }
}

static NULL: Value = Value::Scalar(Scalar::nothing());

impl Value {
    /// As upstream sees it: by its tag. A scalar without a tag is none, whatever its text.
    pub(crate) fn is_null(&self) -> bool {
        self.as_scalar().is_some_and(Scalar::is_null)
    }

    pub(crate) fn is_scalar(&self) -> bool {
        matches!(self, Value::Scalar(_))
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self, Value::Object(_))
    }

    /// Whether it is a null, or a mapping or a list of nothing (kyaml's `IsYNodeNilOrEmpty`).
    pub(crate) fn is_nil_or_empty(&self) -> bool {
        match self {
            Value::Scalar(scalar) => scalar.is_null(),
            Value::Array(list) => list.items.is_empty(),
            Value::Object(map) => map.is_empty(),
        }
    }

    /// The text of a scalar, and nothing for what is none.
    pub(crate) fn text(&self) -> &str {
        self.as_scalar().map(Scalar::text).unwrap_or_default()
    }

    /// The text of a string.
    pub(crate) fn as_str(&self) -> Option<&str> {
        let scalar = self.as_scalar().filter(|scalar| scalar.is_string());
        scalar.map(Scalar::text)
    }

    pub(crate) fn as_scalar(&self) -> Option<&Scalar> {
        match self {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    pub(crate) fn as_scalar_mut(&mut self) -> Option<&mut Scalar> {
        match self {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    pub(crate) fn as_array(&self) -> Option<&Vec<Value>> {
        match self {
            Value::Array(list) => Some(&list.items),
            _ => None,
        }
    }

    pub(crate) fn as_array_mut(&mut self) -> Option<&mut Vec<Value>> {
        match self {
            Value::Array(list) => Some(&mut list.items),
            _ => None,
        }
    }

    pub(crate) fn as_object(&self) -> Option<&Map> {
        match self {
            Value::Object(map) => Some(map),
            _ => None,
        }
    }

    pub(crate) fn as_object_mut(&mut self) -> Option<&mut Map> {
        match self {
            Value::Object(map) => Some(map),
            _ => None,
        }
    }

    /// The entry of a mapping; none in anything else.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.as_object()?.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.as_object_mut()?.get_mut(key)
    }

    /// The same as a node of its own: what it was linked with is not changed with it, and it holds nobody's notes.
    pub(crate) fn unlinked(mut self) -> Self {
        self.unlink();
        self
    }

    fn unlink(&mut self) {
        match self {
            Value::Scalar(scalar) => scalar.link = None,
            Value::Array(list) => list.items.iter_mut().for_each(Value::unlink),
            Value::Object(map) => {
                map.holds_notes = false;
                map.values_mut().for_each(Value::unlink);
            }
        }
    }

    /// Leaves a null.
    pub(crate) fn take(&mut self) -> Value {
        std::mem::take(self)
    }

    pub(crate) fn style(&self) -> Style {
        match self {
            Value::Scalar(scalar) => scalar.style,
            Value::Array(list) => list.style,
            Value::Object(map) => map.style,
        }
    }

    pub(crate) fn set_style(&mut self, style: Style) {
        match self {
            Value::Scalar(scalar) => scalar.style = style,
            Value::Array(list) => list.style = style,
            Value::Object(map) => map.style = style,
        }
    }
}

impl Default for Value {
    /// A null.
    fn default() -> Self {
        Value::Scalar(Scalar::nothing())
    }
}

impl Index<&str> for Value {
    type Output = Value;

    /// Null where there is nothing.
    fn index(&self, key: &str) -> &Value {
        self.get(key).unwrap_or(&NULL)
    }
}

impl IndexMut<&str> for Value {
    /// Makes what is missing; what is no mapping becomes one.
    fn index_mut(&mut self, key: &str) -> &mut Value {
        if !self.is_object() {
            *self = Value::Object(Map::new());
        }
        match self {
            Value::Object(map) => map.get_or_insert(key),
            other => other,
        }
    }
}

impl PartialEq<str> for Value {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<&str> for Value {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl From<&str> for Value {
    /// A string.
    fn from(text: &str) -> Self {
        Value::Scalar(Scalar::string(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Scalar(Scalar::string(text))
    }
}

impl From<SmolStr> for Value {
    fn from(text: SmolStr) -> Self {
        Value::Scalar(Scalar::string(text))
    }
}

impl From<Scalar> for Value {
    fn from(scalar: Scalar) -> Self {
        Value::Scalar(scalar)
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Value::Object(map)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Value::Array(List::new(items, Style::PLAIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_small() {
        assert!(size_of::<Value>() <= 48, "{}", size_of::<Value>());
        assert!(size_of::<Entry>() <= 88, "{}", size_of::<Entry>());
    }
}
