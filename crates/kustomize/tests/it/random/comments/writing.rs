//! Texts as strings.

use super::shapes::{End, Key, Line, Shape, Text};

pub(crate) fn written(text: &Text) -> String {
    let mut writer = Writer {
        out: String::new(),
        ends: text.ends.iter(),
        is_in_flow: false,
    };
    if let Some(before) = text.before {
        writer.out.push_str(before);
        writer.out.push('\n');
    }
    writer.lines(&text.above);
    writer.shape(&text.root, 0);
    writer.line_end();
    let mut out = writer.out;
    if let Some(after) = text.after {
        out.push_str(after);
        out.push('\n');
    }
    if !text.ends_with_break {
        out.truncate(out.trim_end_matches([' ', '\n']).len());
    }
    out.replace('\n', text.line_break)
}

struct Writer<'t> {
    out: String,
    ends: std::slice::Iter<'t, End>,
    is_in_flow: bool,
}

impl<'t> Writer<'t> {
    fn line_end(&mut self) {
        let below = self.comment();
        self.out.push('\n');
        self.lines(below);
    }

    /// Writes what stands at the end of a line, and gives what stands below it.
    fn comment(&mut self) -> &'t [Line] {
        let end = self.ends.next();
        if let Some((space, comment)) = end.and_then(|end| end.comment) {
            self.out.push_str(space);
            self.out.push_str(comment);
        }
        end.map_or(&[], |end| &end.below)
    }

    fn lines(&mut self, lines: &[Line]) {
        for line in lines {
            match line {
                Line::Empty(spaces) => self.spaces(*spaces),
                Line::Comment(column, comment) => {
                    self.spaces(*column);
                    self.out.push_str(comment);
                }
            }
            self.out.push('\n');
        }
    }

    fn line(&mut self, indent: usize) {
        self.line_end();
        self.spaces(indent);
    }

    fn spaces(&mut self, count: usize) {
        self.out.extend(std::iter::repeat_n(' ', count));
    }

    /// Writes what begins at this indentation, where the writer stands.
    fn shape(&mut self, shape: &Shape, indent: usize) {
        match shape {
            Shape::Scalar(text) => self.scalar(text, indent),
            Shape::Mapping(_, entries) if self.is_in_flow => {
                let entries = entries.iter().map(|(_, value)| ("k", value, false));
                self.braces(entries, false, indent);
            }
            Shape::Sequence(_, items) if self.is_in_flow => {
                self.brackets(items.iter().map(|item| (item, true)), false, indent);
            }
            Shape::Mapping(by, entries) => self.mapping(*by, entries, indent),
            Shape::Sequence(by, items) => self.sequence(*by, items, indent),
            Shape::Braces(entries, last) => {
                let entries = entries
                    .iter()
                    .map(|(key, value, on_new)| (*key, value, *on_new));
                self.braces(entries, *last, indent);
            }
            Shape::Brackets(items, last) => {
                self.brackets(
                    items.iter().map(|(item, on_new)| (item, *on_new)),
                    *last,
                    indent,
                );
            }
            Shape::With(with, inner) => {
                self.out.push_str(with);
                self.value(inner, indent, 1, false);
            }
        }
    }

    fn mapping(&mut self, by: usize, entries: &[(Key, Shape)], indent: usize) {
        for (index, (key, value)) in entries.iter().enumerate() {
            if index > 0 {
                self.line(indent);
            }
            match key {
                Key::Simple(key) => self.scalar(key, indent),
                Key::Long(key) => {
                    self.out.push_str("? ");
                    self.scalar(key, indent);
                    self.line(indent);
                }
            }
            self.out.push(':');
            self.value(value, indent, by, true);
        }
    }

    fn sequence(&mut self, by: usize, items: &[Shape], indent: usize) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.line(indent);
            }
            self.out.push('-');
            let is_block = matches!(item, Shape::Mapping(..) | Shape::Sequence(..));
            if is_block && by < 3 {
                self.out.push(' ');
                self.shape(item, indent + 2);
            } else {
                self.value(item, indent, by.max(1), false);
            }
        }
    }

    fn braces<'s>(
        &mut self,
        entries: impl Iterator<Item = (&'s str, &'s Shape, bool)>,
        last: bool,
        indent: usize,
    ) {
        let outer = std::mem::replace(&mut self.is_in_flow, true);
        self.out.push('{');
        for (index, (key, value, on_new)) in entries.enumerate() {
            self.separate(index, on_new, indent);
            self.out.push_str(key);
            self.out.push_str(": ");
            self.shape(value, indent + 1);
        }
        self.separate(0, last, indent);
        self.out.push('}');
        self.is_in_flow = outer;
    }

    fn brackets<'s>(
        &mut self,
        items: impl Iterator<Item = (&'s Shape, bool)>,
        last: bool,
        indent: usize,
    ) {
        let outer = std::mem::replace(&mut self.is_in_flow, true);
        self.out.push('[');
        for (index, (item, on_new)) in items.enumerate() {
            self.separate(index, on_new, indent);
            match item {
                Shape::Scalar("") => self.out.push_str("''"),
                item => self.shape(item, indent + 1),
            }
        }
        self.separate(0, last, indent);
        self.out.push(']');
        self.is_in_flow = outer;
    }

    fn separate(&mut self, index: usize, on_new: bool, indent: usize) {
        if index > 0 {
            self.out.push(',');
        }
        match on_new {
            true => self.line(indent + 1),
            false => self.out.push(' '),
        }
    }

    /// Writes what stands behind a `:`, a `-` or a tag.
    fn value(&mut self, value: &Shape, indent: usize, by: usize, below_key: bool) {
        match value {
            Shape::Scalar("") => {}
            Shape::Mapping(..) | Shape::Sequence(..) if !self.is_in_flow => {
                let is_directly_below = below_key && matches!(value, Shape::Sequence(0, _));
                let indent = if is_directly_below {
                    indent
                } else {
                    indent + by
                };
                self.line(indent);
                self.shape(value, indent);
            }
            value => {
                self.out.push(' ');
                self.shape(value, indent + by);
            }
        }
    }

    fn scalar(&mut self, text: &str, indent: usize) {
        let is_block = text.starts_with(['|', '>']);
        let text = match text {
            _ if is_block && self.is_in_flow => "b",
            "*x" if !self.out.contains("&x ") => "x",
            text => text,
        };
        for (index, line) in text.split('\n').enumerate() {
            if index == 1 && is_block {
                self.comment();
            }
            if index > 0 {
                self.out.push('\n');
                self.spaces(indent.max(1));
            }
            self.out.push_str(line);
        }
    }
}
