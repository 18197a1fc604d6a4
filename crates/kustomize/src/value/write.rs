//! Nodes as go-yaml 3 writes them.

use std::borrow::Cow;

use towpath_yaml::syntax::{self, Entry};
use towpath_yaml::{Resolution, Style as YamlStyle, node_to_yaml, parse_with};

use super::{Key, Scalar, Style, Tag, Value};

impl Value {
    /// The same as a node of a text.
    pub(crate) fn to_node(&self) -> syntax::Node {
        let node = match self {
            Value::Scalar(scalar) => scalar.to_node(),
            Value::Array(list) => {
                let items = list.items.iter().map(Value::to_node).collect();
                syntax::Node::sequence_of(items, collection(list.style))
            }
            Value::Object(map) => {
                let entries = map.in_order().into_iter().map(|entry| Entry {
                    key: entry.key.to_node(),
                    value: entry.value.to_node(),
                });
                syntax::Node::mapping_of(entries.collect(), collection(map.style))
            }
        };
        self.comments().put_on(node)
    }
}

impl Scalar {
    fn to_node(&self) -> syntax::Node {
        let style = scalar(self.style);
        match self.tag.name() {
            None => syntax::Node::scalar_of(self.text(), style, None, false),
            tag => syntax::Node::scalar_of(self.text(), style, tag, self.style.has(Style::TAGGED)),
        }
    }
}

impl Key {
    fn to_node(&self) -> syntax::Node {
        let tag = (!self.is_untagged).then_some("!!str");
        let node = syntax::Node::scalar_of(&self.name, scalar(self.style), tag, false);
        self.comments.put_on(node)
    }
}

impl Tag {
    fn name(self) -> Option<&'static str> {
        match self {
            Tag::None => None,
            Tag::Str => Some("!!str"),
            Tag::Int => Some("!!int"),
            Tag::Float => Some("!!float"),
            Tag::Bool => Some("!!bool"),
            Tag::Null => Some("!!null"),
            Tag::Timestamp => Some("!!timestamp"),
        }
    }
}

fn scalar(style: Style) -> YamlStyle {
    let styles = [
        (Style::DOUBLE, YamlStyle::DoubleQuoted),
        (Style::SINGLE, YamlStyle::SingleQuoted),
        (Style::LITERAL, YamlStyle::Literal),
        (Style::FOLDED, YamlStyle::Folded),
    ];
    let found = styles.into_iter().find(|(own, _)| style.has(*own));
    found.map_or(YamlStyle::Plain, |(_, style)| style)
}

fn collection(style: Style) -> YamlStyle {
    match style.has(Style::FLOW) {
        true => YamlStyle::Flow,
        false => YamlStyle::Block,
    }
}

/// What becomes of a text in the folded style by being written and read: go-yaml 3 writes an empty line too many
/// before a line that is indented more than others (`yaml_emitter_write_folded_scalar`).
pub(super) fn folded(text: &str) -> Cow<'_, str> {
    match folded_again(text) {
        Some(again) if again != text => Cow::Owned(again),
        _ => Cow::Borrowed(text),
    }
}

fn folded_again(text: &str) -> Option<String> {
    let key = syntax::Node::string("text");
    let value = syntax::Node::scalar_of(text, YamlStyle::Folded, Some("!!str"), false);
    let root = syntax::Node::mapping_of(vec![Entry { key, value }], YamlStyle::Block);
    let read = parse_with("", &node_to_yaml(&root), Resolution::GoYaml3).ok()?;
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
            assert_eq!(folded(text), again, "{text:?}");
        }
    }
}
