//! Texts in the folded style (`>`).

use towpath_yaml::{Resolution, node_to_yaml, parse_with, syntax};

/// What upstream makes of such a text by writing and reading it again: go-yaml 3 writes an empty line too many
/// before a line that is indented more than others (`yaml_emitter_write_folded_scalar`).
pub(crate) fn written_again(text: &str) -> Option<String> {
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
