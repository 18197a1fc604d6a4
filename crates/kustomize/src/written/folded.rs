//! Texts in the folded style (`>`).

use smol_str::SmolStr;
use towpath_yaml::{Resolution, node_to_yaml, parse_with, syntax};

use super::{Written, element_of};
use crate::value::Value;

impl Written {
    pub(crate) fn has_folded(&self) -> bool {
        !self.folded.is_empty()
    }

    /// Gives texts in the folded style what they get by being written and read.
    pub(crate) fn fold(&self, object: &mut Value) {
        for path in &self.folded {
            if let [way @ .., text] = path.as_slice() {
                fold(object, way, text);
            }
        }
    }
}

fn fold(node: &mut Value, way: &[SmolStr], text: &str) {
    match (node, way) {
        (Value::String(string), []) if string == text => {
            if let Some(again) = written_again(text) {
                *string = again.into();
            }
        }
        (Value::Object(map), [name, rest @ ..]) => {
            if let Some(node) = map.get_mut(name) {
                fold(node, rest, text);
            }
        }
        (Value::Array(items), [name, rest @ ..]) => items
            .iter_mut()
            .filter(|item| element_of(item) == *name)
            .for_each(|item| fold(item, rest, text)),
        _ => {}
    }
}

/// What upstream makes of such a text by writing and reading it again: go-yaml 3 writes an empty line too many
/// before a line that is indented more than others (`yaml_emitter_write_folded_scalar`).
fn written_again(text: &str) -> Option<String> {
    let mut document = syntax::parse("", "text: >\n  any\n").ok()?.pop()?;
    let entry = document.root.entries_mut()?.first_mut()?;
    entry.value.set_text(text).ok()?;
    let written = node_to_yaml(&document.root);
    let read = parse_with("", &written, Resolution::GoYaml3).ok()?;
    read.first()?.root.get("text")?.text().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_indented_more_get_an_empty_line_before_them() {
        for (text, again) in [
            ("", ""),
            ("a\n", "a\n"),
            ("a\nb\n\nc", "a\nb\n\nc"),
            ("a\n  b\nc\n", "a\n\n  b\nc\n"),
            ("a\n\n  b\n  c\n\nd", "a\n\n\n  b\n  c\n\nd"),
        ] {
            assert_eq!(written_again(text).as_deref(), Some(again), "{text:?}");
        }
    }
}
