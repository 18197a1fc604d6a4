use smol_str::SmolStr;

use crate::fieldspec::FieldSpec;
use crate::resource::Resource;
use crate::value::Value;
use crate::written::{Path, Written, element_of};

/// Turns scalars that a replacement has made into strings, where a field that may hold vars has them: upstream
/// takes what has no tag for a string, and writes it as one.
pub(super) fn as_strings(resource: &mut Resource, field: &FieldSpec) {
    if !resource.history.written.has_untold() || !field.applies_to(&resource.gvk()) {
        return;
    }
    let mut walk = Walk {
        way: Path::new(),
        written: &mut resource.history.written,
    };
    walk.enter(&mut resource.value, field.names());
}

struct Walk<'w> {
    way: Path,
    written: &'w mut Written,
}

impl Walk<'_> {
    fn enter(&mut self, node: &mut Value, names: &[SmolStr]) {
        match (names.split_first(), node) {
            (Some(_), Value::Array(items)) => {
                for item in items {
                    self.below(element_of(item), item, |walk, item| walk.enter(item, names));
                }
            }
            (Some((name, rest)), Value::Object(map)) => {
                let name = name.strip_suffix("[]").unwrap_or(name);
                if let Some(value) = map.get_mut(name) {
                    self.below(name.into(), value, |walk, value| walk.enter(value, rest));
                }
            }
            (None, Value::Array(items)) => {
                for item in items {
                    self.below(element_of(item), item, Self::scalar);
                }
            }
            (None, Value::Object(map)) => {
                for (name, value) in map.iter_mut() {
                    self.below(name.clone(), value, Self::scalar);
                }
            }
            (None, node) => self.scalar(node),
            (Some(_), _) => {}
        }
    }

    fn below(&mut self, name: SmolStr, node: &mut Value, then: impl FnOnce(&mut Self, &mut Value)) {
        self.way.push(name);
        then(self, node);
        self.way.pop();
    }

    fn scalar(&mut self, node: &mut Value) {
        if let Some(text) = self.written.as_string(&self.way, node) {
            *node = text;
        }
    }
}
