//! Reads what most files are made of without a scanner: mappings and lists by indentation, of scalars that fit
//! on a line, and of brackets that close on theirs. It is many times faster than the full parser, and gives the
//! same tree; whatever else stands in a file (block scalars, anchors, tags, escapes, anything that is wrong)
//! makes it give up, and the full parser reads the file.

mod flow;
mod scalar;

use std::collections::HashSet;

use crate::limits::{MAX_DEPTH, MAX_NODES, MAX_SCALAR_BYTES};
use crate::node::Content;
use crate::resolve::{PlainKind, Resolution};
use crate::{Comment, Document, Entry, Node, Position, Span, Style};

/// The documents of a file; none where the full parser has to read it.
pub(crate) fn parse(text: &str, resolution: Resolution) -> Option<Vec<Document>> {
    let is_plain = |byte: &u8| matches!(byte, b'\n' | b' '..=b'~');
    if !text.as_bytes().iter().all(is_plain) {
        return None;
    }
    let mut reader = Reader {
        text,
        resolution,
        at: 0,
        line: 1,
        line_start: 0,
        comments: Vec::new(),
        nodes: 0,
        bytes: 0,
    };
    reader.documents()
}

/// Stands at the first character of a line's content, or behind a `-`.
struct Reader<'t> {
    text: &'t str,
    resolution: Resolution,
    /// The byte where we are; all characters are ASCII.
    at: usize,
    line: u32,
    line_start: usize,
    comments: Vec<Comment>,
    nodes: usize,
    bytes: usize,
}

const SEPARATOR: &str = "---";

impl Reader<'_> {
    fn documents(&mut self) -> Option<Vec<Document>> {
        let mut documents = Vec::new();
        self.skip_empty_lines();
        if !self.is_at_end() {
            let root = self.block(1)?;
            documents.push(self.document(root)?);
        }
        while self.at < self.text.len() {
            // A document that does not end the file ends before a separator.
            self.at += SEPARATOR.len();
            let start = self.here();
            match self.byte(0) {
                None => {}
                Some(b'\n') => self.next_line(),
                Some(_) => return None,
            }
            let root = match self.is_at_end() {
                true => self.null(start, 1)?,
                false => self.block(1)?,
            };
            documents.push(self.document(root)?);
        }
        Some(documents)
    }

    /// None where something is left behind its root.
    fn document(&mut self, root: Node) -> Option<Document> {
        let comments = std::mem::take(&mut self.comments);
        self.is_at_end().then_some(Document { root, comments })
    }

    /// A mapping or a list that begins here.
    fn block(&mut self, depth: usize) -> Option<Node> {
        match self.is_at_dash() {
            true => {
                let start = self.here();
                self.sequence(self.column(), start, depth)
            }
            false => self.mapping(depth),
        }
    }

    fn mapping(&mut self, depth: usize) -> Option<Node> {
        let (column, start) = (self.column(), self.here());
        self.charge(0, depth)?;
        let mut entries = Vec::new();
        loop {
            let key = self.key(depth + 1)?;
            let value = self.value(column, depth + 1)?;
            entries.push(Entry { key, value });
            if self.is_at_end() || self.column() < column {
                let mapping = names_differ(&entries).then_some(Content::Mapping(entries))?;
                return Some(block_node(mapping, start));
            }
            if self.column() > column {
                return None;
            }
        }
    }

    /// Stands behind it and its colon then.
    fn key(&mut self, depth: usize) -> Option<Node> {
        let length = self.key_length()?;
        let node = self.unquoted(length, depth)?;
        self.at += 1;
        node.as_str().is_some().then_some(node)
    }

    fn value(&mut self, column: usize, depth: usize) -> Option<Node> {
        let colon = self.colon();
        self.skip_spaces();
        if !self.is_at_line_end() {
            return self.inline(column, depth);
        }
        self.next_line();
        match self.is_at_end() {
            false if self.column() > column => self.block(depth),
            false if self.column() == column && self.is_at_dash() => self.indentless(depth),
            _ => self.null(colon, depth),
        }
    }

    /// The colon that we stand behind, of no width: there the full parser finds a value that is not there.
    fn colon(&self) -> Span {
        let mut span = self.here();
        span.start.column -= 1;
        span.bytes = self.at - 1..self.at - 1;
        span
    }

    /// A list as far to the left as its key. The full parser lets it begin behind the first dash.
    fn indentless(&mut self, depth: usize) -> Option<Node> {
        let (at, column) = (self.at, self.column());
        self.at += 1;
        self.skip_spaces();
        let start = self.here();
        if self.is_at_line_end() {
            return None;
        }
        self.at = at;
        self.sequence(column, start, depth)
    }

    fn sequence(&mut self, column: usize, start: Span, depth: usize) -> Option<Node> {
        self.charge(0, depth)?;
        let mut items = Vec::new();
        while !self.is_at_end() && self.column() == column && self.is_at_dash() {
            items.push(self.item(column, depth + 1)?);
        }
        // What stands as far to the left is the mapping's next key: it refuses what is none.
        let ends_here = self.is_at_end() || self.column() <= column;
        ends_here.then(|| block_node(Content::Sequence(items), start))
    }

    fn item(&mut self, column: usize, depth: usize) -> Option<Node> {
        self.at += 1;
        let start = self.here();
        self.skip_spaces();
        if self.is_at_line_end() {
            if self.at > start.bytes.start {
                return None;
            }
            self.next_line();
            return match !self.is_at_end() && self.column() > column {
                true => self.block(depth),
                false => self.null(start, depth),
            };
        }
        match self.is_at_dash() || self.key_length().is_some() {
            true => self.block(depth),
            false => self.inline(column, depth),
        }
    }

    fn null(&mut self, span: Span, depth: usize) -> Option<Node> {
        self.charge(NULL.len(), depth)?;
        let content = Content::Scalar {
            text: NULL.into(),
            value: PlainKind::Null,
        };
        Some(node(content, Style::Plain, span))
    }

    /// Counts a node.
    fn charge(&mut self, bytes: usize, depth: usize) -> Option<()> {
        self.nodes += 1;
        self.bytes += bytes;
        let fits = depth <= MAX_DEPTH && self.nodes <= MAX_NODES && self.bytes <= MAX_SCALAR_BYTES;
        fits.then_some(())
    }

    fn byte(&self, offset: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + offset).copied()
    }

    fn column(&self) -> usize {
        self.at - self.line_start
    }

    /// Of no width.
    fn here(&self) -> Span {
        Span {
            start: Position {
                line: self.line,
                column: u32::try_from(self.column() + 1).unwrap_or(u32::MAX),
            },
            bytes: self.at..self.at,
        }
    }

    /// Whether the document ends here.
    fn is_at_end(&self) -> bool {
        let rest = &self.text[self.at..];
        rest.is_empty() || (self.column() == 0 && rest.starts_with(SEPARATOR))
    }

    /// Whether an item of a list begins here.
    fn is_at_dash(&self) -> bool {
        self.byte(0) == Some(b'-') && matches!(self.byte(1), None | Some(b' ' | b'\n'))
    }

    /// Whether nothing but a comment follows in this line. Only to be asked behind spaces, or where a space
    /// would make no difference.
    fn is_at_line_end(&self) -> bool {
        match self.byte(0) {
            None | Some(b'\n') => true,
            Some(b'#') => self.at == self.line_start || self.text.as_bytes()[self.at - 1] == b' ',
            Some(_) => false,
        }
    }

    fn skip_spaces(&mut self) {
        while self.byte(0) == Some(b' ') {
            self.at += 1;
        }
    }

    /// From the end of a line's content to the content of the next line that has any.
    fn next_line(&mut self) {
        self.comment();
        if self.line_break() {
            self.skip_empty_lines();
        }
    }

    fn skip_empty_lines(&mut self) {
        loop {
            self.skip_spaces();
            self.comment();
            if !self.line_break() {
                return;
            }
        }
    }

    /// Goes over one, if it is there.
    fn line_break(&mut self) -> bool {
        let is_there = self.byte(0) == Some(b'\n');
        if is_there {
            self.at += 1;
            self.line += 1;
            self.line_start = self.at;
        }
        is_there
    }

    fn comment(&mut self) {
        if self.byte(0) != Some(b'#') {
            return;
        }
        let mut span = self.here();
        let rest = &self.text[self.at..];
        let text = rest.find('\n').map_or(rest, |end| &rest[..end]);
        self.at += text.len();
        span.bytes.end = self.at;
        self.comments.push(Comment {
            text: text[1..].to_owned(),
            span,
        });
    }
}

/// How the full parser calls what is not there.
const NULL: &str = "~";

fn block_node(content: Content, span: Span) -> Node {
    node(content, Style::Block, span)
}

fn node(content: Content, style: Style, span: Span) -> Node {
    Node {
        content,
        style,
        is_tagged: false,
        span,
    }
}

/// Whether no key is there twice. Few are compared with one another.
fn names_differ(entries: &[Entry]) -> bool {
    const FEW: usize = 16;
    if entries.len() > FEW {
        let mut names = HashSet::new();
        return entries.iter().all(|entry| names.insert(entry.name()));
    }
    let mut numbered = entries.iter().enumerate();
    numbered.all(|(index, entry)| {
        let mut before = entries[..index].iter();
        before.all(|other| other.name() != entry.name())
    })
}
