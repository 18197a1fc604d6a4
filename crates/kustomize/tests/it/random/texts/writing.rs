//! Pieces as text.

use super::pieces::{Content, Piece};

/// In brackets.
pub(super) fn on_one_line(piece: &Piece) -> String {
    let mut writer = Writer::default();
    writer.flow(piece);
    writer.out
}

/// A list or a mapping by indentation.
pub(super) fn in_block(piece: &Piece) -> String {
    let mut writer = Writer::default();
    match is_block(piece) {
        true => {
            let properties = writer.properties(piece);
            if !properties.is_empty() {
                writer.out.push_str("--- ");
                writer.out.push_str(properties.trim());
                writer.out.push('\n');
            }
            writer.children(piece, 0);
        }
        false => writer.flow(piece),
    }
    writer.out
}

/// An entry of an object.
pub(super) fn entry(key: &str, value: &Piece) -> String {
    let mut writer = Writer::default();
    writer.out.push_str(key);
    writer.out.push(':');
    writer.below(value, 0, false);
    writer.out
}

#[derive(Default)]
struct Writer {
    out: String,
    anchors: usize,
}

fn is_block(piece: &Piece) -> bool {
    match &piece.content {
        Content::List(items, is_flow) => !is_flow && !items.is_empty(),
        Content::Mapping(entries, is_flow) => !is_flow && !entries.is_empty(),
        _ => false,
    }
}

impl Writer {
    /// With a space behind each.
    fn properties(&mut self, piece: &Piece) -> String {
        let mut out = String::new();
        if piece.has_anchor {
            out = format!("&x{} ", self.anchors % 5);
            self.anchors += 1;
        }
        if let Some(tag) = piece.tag {
            out += &format!("{tag} ");
        }
        out
    }

    fn alias(&self, choice: u8) -> String {
        match self.anchors {
            0 => "x".to_owned(),
            count => format!("*x{}", usize::from(choice) % count.min(5)),
        }
    }

    fn flow(&mut self, piece: &Piece) {
        let properties = self.properties(piece);
        self.out.push_str(&properties);
        match &piece.content {
            Content::Scalar("") if properties.is_empty() => self.out.push('~'),
            Content::Scalar(text) => self.out.push_str(text),
            Content::Lines(_, lines) => self.out.push_str(&format!("{:?}", lines.join("\n"))),
            Content::Alias(choice) => self.out.push_str(&self.alias(*choice)),
            Content::List(items, _) => {
                self.out.push('[');
                for (index, item) in items.iter().enumerate() {
                    self.out.push_str(if index > 0 { ", " } else { "" });
                    self.flow(item);
                }
                self.out.push_str(" ]");
            }
            Content::Mapping(entries, _) => {
                self.out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    self.out.push_str(if index > 0 { ",  " } else { "" });
                    self.flow(key);
                    self.out.push_str(" : ");
                    self.flow(value);
                }
                self.out.push_str(" }");
            }
        }
    }

    /// The lines of a list or a mapping.
    fn children(&mut self, piece: &Piece, indent: usize) {
        let margin = " ".repeat(indent);
        match &piece.content {
            Content::List(items, _) => {
                for item in items {
                    self.out.push_str(&format!("{margin}-"));
                    self.below(item, indent, true);
                }
            }
            Content::Mapping(entries, _) => {
                for (key, value) in entries {
                    let has_comment = self.out.ends_with('\n') && self.out.len().is_multiple_of(5);
                    if has_comment {
                        self.out.push_str(&format!("{margin}# head\n"));
                    }
                    let is_simple = !matches!(key.content, Content::Mapping(..));
                    self.out.push_str(&margin);
                    self.out.push_str(if is_simple { "" } else { "? " });
                    self.flow(key);
                    let is_alias = matches!(key.content, Content::Alias(_));
                    match (is_simple, is_alias) {
                        (true, true) => self.out.push_str(" :"),
                        (true, false) => self.out.push(':'),
                        (false, _) => self.out.push_str(&format!("\n{margin}:")),
                    }
                    self.below(value, indent, false);
                }
            }
            _ => unreachable!("it has children"),
        }
    }

    /// What stands behind `-` or a colon.
    fn below(&mut self, piece: &Piece, indent: usize, is_item: bool) {
        if let (true, Content::Mapping(entries, _)) = (is_block(piece), &piece.content)
            && is_item
            && entries.len() % 2 == 1
            && !piece.has_anchor
            && piece.tag.is_none()
        {
            let start = self.out.len();
            self.children(piece, indent + 2);
            self.out.replace_range(start..start + indent + 1, "");
            return;
        }
        match &piece.content {
            _ if is_block(piece) => {
                let properties = self.properties(piece);
                self.out.push_str(format!(" {properties}").trim_end());
                self.out.push('\n');
                self.children(piece, indent + 2 + properties.len() % 3);
            }
            Content::Lines(mark, lines) => {
                let properties = self.properties(piece);
                self.out.push_str(&format!(" {properties}{mark}\n"));
                let margin = " ".repeat(indent + 3);
                for line in lines {
                    match line.is_empty() {
                        true => self.out.push('\n'),
                        false => self.out.push_str(&format!("{margin}{line}\n")),
                    }
                }
            }
            Content::Scalar("") => {
                let properties = self.properties(piece);
                self.out.push_str(format!(" {properties}").trim_end());
                self.out.push('\n');
            }
            _ => {
                self.out.push(' ');
                self.flow(piece);
                let has_comment = self.out.len().is_multiple_of(7);
                self.out
                    .push_str(if has_comment { " # line\n" } else { "\n" });
            }
        }
    }
}
