mod characters;
mod scalar;
mod tag;
mod writer;

use crate::Style;
use crate::syntax::{Content, Entry, Node, Tag, written_tag};
use scalar::Place as ScalarPlace;
use writer::Writer;

/// Writes a tree as version 3 of go-yaml writes its nodes, with an indentation of two and lists that are not
/// indented below their key, as kustomize sets it (`emitterc.go` of go.yaml.in/yaml/v3): order, brackets, quotes,
/// blocks, anchors and aliases stay as they are, spaces and line breaks around them do not.
///
/// ```
/// use towpath_yaml::{node_to_yaml, syntax::parse};
/// let text = "jobs:\n    - name:   'web'\n      ports: [80,  443]\n";
/// let root = &parse("f.yml", text).unwrap()[0].root;
/// assert_eq!(node_to_yaml(root), "jobs:\n- name: 'web'\n  ports: [80, 443]\n");
/// ```
pub fn node_to_yaml(node: &Node) -> String {
    let mut emitter = Emitter::default();
    emitter.node(node, Place::Root);
    emitter.writer.indent = None;
    emitter.writer.line();
    emitter.writer.out
}

/// Keys longer than this, their tag included, stand behind a `?`.
const LONGEST_SIMPLE_KEY: usize = 128;

/// What a node is to the one around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Root,
    BlockItem,
    FlowItem,
    SimpleKey,
    /// Behind a `?`.
    LongKey,
    Value,
}

impl Place {
    fn is_in_mapping(self) -> bool {
        matches!(self, Place::SimpleKey | Place::LongKey | Place::Value)
    }
}

#[derive(Default)]
struct Emitter {
    writer: Writer,
    /// How many brackets are open.
    flow_level: usize,
}

impl Emitter {
    fn node(&mut self, node: &Node, place: Place) {
        self.properties(node);
        let in_brackets = self.flow_level > 0 || node.style == Style::Flow;
        match &node.content {
            Content::Scalar(text) => self.scalar(text, scalar_style(node, text), place),
            Content::Alias(name) => self.writer.name("*", name),
            Content::Sequence(items) if in_brackets || items.is_empty() => {
                self.flow_sequence(items, place);
            }
            Content::Sequence(items) => self.block_sequence(items, place),
            Content::Mapping(entries) if in_brackets || entries.is_empty() => {
                self.flow_mapping(entries, place);
            }
            Content::Mapping(entries) => self.block_mapping(entries, place),
        }
    }

    /// What stands in front of the content.
    fn properties(&mut self, node: &Node) {
        if let Some(anchor) = node.anchor() {
            self.writer.name("&", anchor);
        }
        if let Some(tag) = needed_tag(node) {
            self.writer.spaced_mark(&tag::written(tag));
        }
    }

    fn scalar(&mut self, text: &str, style: Style, place: Place) {
        let scalar_place = ScalarPlace {
            in_brackets: self.flow_level > 0,
            is_simple_key: place == Place::SimpleKey,
        };
        let outer = self.indent_for_brackets(place);
        scalar::write(text, style, scalar_place, &mut self.writer);
        self.writer.indent = outer;
    }

    fn flow_sequence(&mut self, items: &[Node], place: Place) {
        let outer = self.open("[", place);
        for (index, item) in items.iter().enumerate() {
            self.separate(index);
            self.node(item, Place::FlowItem);
        }
        self.close("]", outer);
    }

    fn flow_mapping(&mut self, entries: &[Entry], place: Place) {
        let outer = self.open("{", place);
        for (index, entry) in entries.iter().enumerate() {
            self.separate(index);
            if is_simple_key(&entry.key) {
                self.node(&entry.key, Place::SimpleKey);
                self.writer.mark(":");
            } else {
                self.writer.spaced_mark("?");
                self.node(&entry.key, Place::LongKey);
                self.writer.spaced_mark(":");
            }
            self.node(&entry.value, Place::Value);
        }
        self.close("}", outer);
    }

    fn open(&mut self, bracket: &str, place: Place) -> Option<usize> {
        self.writer.opening(bracket);
        self.flow_level += 1;
        self.indent_for_brackets(place)
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.writer.mark(",");
        }
    }

    fn close(&mut self, bracket: &str, outer: Option<usize>) {
        self.flow_level -= 1;
        self.writer.indent = outer;
        self.writer.mark(bracket);
    }

    fn block_sequence(&mut self, items: &[Node], place: Place) {
        let below_key = place.is_in_mapping() && self.writer.is_behind_text();
        let outer = self.indent_for_block(place);
        if let (true, Some(indent)) = (below_key, &mut self.writer.indent) {
            *indent = indent.saturating_sub(INDENT);
        }
        for item in items {
            self.writer.line();
            self.writer.block_mark("-");
            self.node(item, Place::BlockItem);
        }
        self.writer.indent = outer;
    }

    fn block_mapping(&mut self, entries: &[Entry], place: Place) {
        let outer = self.indent_for_block(place);
        for entry in entries {
            self.writer.line();
            if is_simple_key(&entry.key) {
                self.node(&entry.key, Place::SimpleKey);
                self.writer.mark(":");
            } else {
                self.writer.block_mark("?");
                self.node(&entry.key, Place::LongKey);
                self.writer.line();
                self.writer.block_mark(":");
            }
            self.node(&entry.value, Place::Value);
        }
        self.writer.indent = outer;
    }

    /// Indents for a scalar or what is in brackets; gives the indentation to go back to.
    fn indent_for_brackets(&mut self, place: Place) -> Option<usize> {
        self.indent(place, INDENT)
    }

    /// Indents for a block; gives the indentation to go back to.
    fn indent_for_block(&mut self, place: Place) -> Option<usize> {
        self.indent(place, 0)
    }

    fn indent(&mut self, place: Place, at_root: usize) -> Option<usize> {
        let outer = self.writer.indent;
        self.writer.indent = Some(match outer {
            None => at_root,
            // Behind a `- `, wherever that stands.
            Some(indent) if place == Place::BlockItem => indent + INDENT,
            Some(indent) => (indent + INDENT) / INDENT * INDENT,
        });
        outer
    }
}

const INDENT: usize = 2;

/// A tag that stands in the text, or without which the node would be something else.
fn needed_tag(node: &Node) -> Option<&str> {
    match (&node.tag, &node.content) {
        (Tag::Explicit(tag), _) => Some(tag),
        (Tag::Implied(tag), Content::Scalar(text)) => {
            (*tag != "!!str" && *tag != written_tag(text)).then_some(tag)
        }
        _ => None,
    }
}

/// A string that would be something else without quotes gets them.
fn scalar_style(node: &Node, text: &str) -> Style {
    let is_string = node.tag == Tag::Implied("!!str");
    match node.style {
        Style::Plain if text.contains('\n') => Style::Literal,
        Style::Plain if is_string && written_tag(text) != "!!str" => Style::DoubleQuoted,
        style => style,
    }
}

/// Whether a key stands before its colon, and not behind a `?` (`yaml_emitter_check_simple_key`).
fn is_simple_key(key: &Node) -> bool {
    let length = match &key.content {
        Content::Scalar(text) if text.contains(characters::is_break) => return false,
        Content::Scalar(text) => text.len(),
        Content::Alias(name) => name.len(),
        Content::Sequence(items) if items.is_empty() => 0,
        Content::Mapping(entries) if entries.is_empty() => 0,
        Content::Sequence(_) | Content::Mapping(_) => return false,
    };
    let tag = needed_tag(key).map_or(0, str::len);
    length + tag + key.anchor().map_or(0, str::len) <= LONGEST_SIMPLE_KEY
}
