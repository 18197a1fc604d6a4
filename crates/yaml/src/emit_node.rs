mod characters;
mod comments;
mod scalar;
mod tag;
mod writer;

use crate::quoting::was_another_type;
use crate::syntax::{Comments, Content, Document, Entry, Node, Tag, written_tag};
use crate::{Resolution, Style, is_string};
use comments::Waiting;
use scalar::Place as ScalarPlace;
use writer::Writer;

/// Writes a tree as version 3 of go-yaml writes its nodes, with an indentation of two and lists that are not
/// indented below their key, as kustomize sets it (`emitterc.go` of go.yaml.in/yaml/v3): order, brackets, quotes,
/// blocks, anchors, aliases and comments stay as they are, spaces and line breaks around them do not.
///
/// ```
/// use towpath_yaml::{node_to_yaml, syntax::parse};
/// let text = "jobs:\n    - name:   'web'\n      ports: [80,  443]\n";
/// let root = &parse("f.yml", text).unwrap()[0].root;
/// assert_eq!(node_to_yaml(root), "jobs:\n- name: 'web'\n  ports: [80, 443]\n");
/// ```
pub fn node_to_yaml(node: &Node) -> String {
    let mut emitter = Emitter::default();
    emitter.root(node);
    emitter.end("")
}

/// The same of a document, with the comments above and below it.
pub fn document_to_yaml(document: &Document) -> String {
    let mut emitter = Emitter::default();
    emitter.above(&document.head);
    emitter.root(&document.root);
    emitter.end(&document.foot)
}

/// The style in which version 3 of go-yaml writes a string of Go's in a block: quotes where readers would take it for
/// something else, also those of YAML 1.1.
///
/// ```
/// use towpath_yaml::{Style, string_style};
/// assert_eq!(string_style("on"), Style::DoubleQuoted);
/// assert_eq!(string_style("- a"), Style::SingleQuoted);
/// ```
pub fn string_style(text: &str) -> Style {
    let wanted = match text {
        _ if text.contains('\n') => Style::Literal,
        _ if !is_string(text, Resolution::GoYaml3) || was_another_type(text) => Style::DoubleQuoted,
        _ => Style::Plain,
    };
    scalar::possible(text, wanted, ScalarPlace::IN_BLOCK)
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
struct Emitter<'n> {
    writer: Writer,
    /// How many brackets are open.
    flow_level: usize,
    waiting: Waiting<'n>,
}

impl<'n> Emitter<'n> {
    fn above(&mut self, comment: &'n str) {
        if !comment.is_empty() {
            self.waiting.add_head(comment);
            self.head_comment();
            self.writer.line_break();
        }
    }

    fn root(&mut self, node: &'n Node) {
        self.announce(node);
        self.head_comment();
        self.start(node, Place::Root);
        self.end_of_item();
        self.content(node, Place::Root);
    }

    fn end(mut self, below: &'n str) -> String {
        self.writer.indent = None;
        self.waiting.add_end("", below);
        self.writer.empty_line_is_next();
        self.foot_comment();
        self.writer.no_empty_line_is_next();
        self.writer.line();
        self.writer.out
    }

    /// Makes the comments of a node wait for their places, so far as they belong to its start.
    fn announce(&mut self, node: &'n Node) {
        let Comments { head, line, foot } = node.comments();
        self.waiting.add_head(head);
        if matches!(node.content, Content::Scalar(_) | Content::Alias(_)) {
            self.waiting.add_end(line, foot);
        }
    }

    /// What stands below an entry comes before the next one.
    fn announce_key(&mut self, key: &'n Node, tail: &'n str) {
        let Comments { head, line, .. } = key.comments();
        self.waiting.add_head(head);
        match key.content {
            Content::Scalar(_) => {
                self.waiting.add_end(line, "");
                self.waiting.add_tail(tail);
            }
            Content::Mapping(_) => self.waiting.add_tail(tail),
            Content::Alias(_) => self.waiting.add_end(line, ""),
            Content::Sequence(_) => {}
        }
    }

    /// The same for the end of a mapping or a list.
    fn announce_end(&mut self, node: &'n Node, place: Place) {
        let Comments { line, foot, .. } = node.comments();
        let is_key = matches!(place, Place::SimpleKey | Place::LongKey);
        self.waiting.add_end(line, if is_key { "" } else { foot });
    }

    /// Writes what stands on the line of a node: a scalar, or what is in front of a mapping or a list. The comments
    /// behind it come next, and then [`content`](Self::content).
    fn start(&mut self, node: &'n Node, place: Place) {
        self.properties(node);
        match &node.content {
            Content::Scalar(text) => self.scalar(text, scalar_style(node, text), place),
            Content::Alias(name) => self.writer.name("*", name),
            Content::Sequence(_) | Content::Mapping(_) => {}
        }
    }

    fn content(&mut self, node: &'n Node, place: Place) {
        let in_brackets = self.flow_level > 0 || node.style == Style::Flow;
        match &node.content {
            Content::Scalar(_) | Content::Alias(_) => {}
            Content::Sequence(items) if in_brackets || items.is_empty() => {
                let outer = self.open("[", place);
                self.flow_items(items);
                self.announce_end(node, place);
                self.close_sequence(outer);
            }
            Content::Sequence(items) => {
                self.block_sequence(items, place);
                self.announce_end(node, place);
            }
            Content::Mapping(entries) if in_brackets || entries.is_empty() => {
                let outer = self.open("{", place);
                let is_separated = self.flow_entries(entries);
                self.announce_end(node, place);
                self.close_mapping(outer, is_separated);
            }
            Content::Mapping(entries) => {
                let outer = self.indent_for_block(place);
                self.block_entries(entries);
                self.announce_end(node, place);
                self.head_comment();
                self.writer.indent = outer;
            }
        }
    }

    /// Writes a node without comments behind it.
    fn node(&mut self, node: &'n Node, place: Place) {
        self.start(node, place);
        self.content(node, place);
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
        let comment = &mut self.waiting.line;
        scalar::write(text, style, scalar_place, comment, &mut self.writer);
        self.writer.indent = outer;
    }

    fn flow_items(&mut self, items: &'n [Node]) {
        let mut is_separated = true;
        for item in items {
            self.announce(item);
            self.separate(is_separated);
            is_separated = self.waiting.ends_line();
            self.start(item, Place::FlowItem);
            self.end_of_flow_item();
            self.content(item, Place::FlowItem);
        }
    }

    fn close_sequence(&mut self, outer: Option<usize>) {
        self.leave(outer);
        if self.writer.is_at_line_start() {
            self.writer.line();
        }
        self.writer.mark("]");
        self.end_of_item();
    }

    /// Says whether the last entry has its comma.
    fn flow_entries(&mut self, entries: &'n [Entry]) -> bool {
        let mut is_separated = true;
        let mut tail = "";
        for Entry { key, value } in entries {
            self.announce_key(key, tail);
            tail = &key.comments().foot;
            self.separate(is_separated);
            if is_simple_key(key) {
                self.node(key, Place::SimpleKey);
                self.announce(value);
                self.writer.mark(":");
            } else {
                self.writer.spaced_mark("?");
                self.node(key, Place::LongKey);
                self.announce(value);
                self.writer.spaced_mark(":");
            }
            is_separated = self.waiting.ends_line();
            self.start(value, Place::Value);
            self.end_of_flow_item();
            self.content(value, Place::Value);
        }
        self.waiting.add_tail(tail);
        is_separated
    }

    fn close_mapping(&mut self, outer: Option<usize>, is_separated: bool) {
        if self.waiting.has_lines() && !is_separated {
            self.writer.mark(",");
        }
        self.head_comment();
        self.leave(outer);
        self.writer.mark("}");
        self.end_of_item();
    }

    fn open(&mut self, bracket: &str, place: Place) -> Option<usize> {
        self.writer.opening(bracket);
        let outer = self.indent_for_brackets(place);
        self.flow_level += 1;
        outer
    }

    /// Writes what stands between two items.
    fn separate(&mut self, is_separated: bool) {
        if !is_separated {
            self.writer.mark(",");
        }
        self.head_comment();
        if self.writer.is_at_line_start() {
            self.writer.line();
        }
    }

    fn end_of_flow_item(&mut self) {
        if self.waiting.ends_line() {
            self.writer.mark(",");
        }
        self.end_of_item();
    }

    fn leave(&mut self, outer: Option<usize>) {
        self.flow_level -= 1;
        self.writer.indent = outer;
    }

    fn block_sequence(&mut self, items: &'n [Node], place: Place) {
        let below_key = place.is_in_mapping() && self.writer.is_behind_text();
        let outer = self.indent_for_block(place);
        if let (true, Some(indent)) = (below_key, &mut self.writer.indent) {
            *indent = indent.saturating_sub(INDENT);
        }
        for item in items {
            self.announce(item);
            self.head_comment();
            self.writer.line();
            self.writer.block_mark("-");
            self.start(item, Place::BlockItem);
            self.end_of_item();
            self.content(item, Place::BlockItem);
        }
        self.writer.indent = outer;
    }

    fn block_entries(&mut self, entries: &'n [Entry]) {
        let mut tail = "";
        for Entry { key, value } in entries {
            self.announce_key(key, tail);
            tail = &key.comments().foot;
            self.head_comment();
            self.writer.line();
            self.waiting.keep_key_line();
            if is_simple_key(key) {
                self.node(key, Place::SimpleKey);
                self.announce(value);
                self.writer.mark(":");
            } else {
                self.writer.block_mark("?");
                self.node(key, Place::LongKey);
                self.announce(value);
                self.writer.line();
                self.writer.block_mark(":");
            }
            self.block_value(value);
        }
        self.waiting.add_tail(tail);
    }

    fn block_value(&mut self, value: &'n Node) {
        match value.content {
            Content::Scalar(_) => self.waiting.give_key_line(),
            Content::Sequence(_) | Content::Mapping(_) if value.style != Style::Flow => {
                self.key_line_comment();
            }
            _ => {}
        }
        self.start(value, Place::Value);
        self.end_of_item();
        self.content(value, Place::Value);
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
