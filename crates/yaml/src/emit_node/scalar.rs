use super::characters::{BYTE_ORDER_MARK, is_blank, is_break, is_printable};
use super::writer::Writer;
use crate::{Style, escape};

/// What is around a scalar.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) in_brackets: bool,
    pub(super) is_simple_key: bool,
}

impl Place {
    pub(super) const IN_BLOCK: Self = Self {
        in_brackets: false,
        is_simple_key: false,
    };
}

/// Writes a scalar in its style, or in the next one that can hold the text at this place. A comment goes behind
/// the header of a block, and is empty then.
pub(super) fn write(
    text: &str,
    style: Style,
    place: Place,
    comment: &mut &str,
    writer: &mut Writer,
) {
    match possible(text, style, place) {
        Style::SingleQuoted => single_quoted(text, writer),
        Style::DoubleQuoted => double_quoted(text, writer),
        Style::Literal => literal(text, std::mem::take(comment), writer),
        Style::Folded => folded(text, std::mem::take(comment), writer),
        Style::Plain | Style::Block | Style::Flow => plain(text, writer),
    }
}

/// `yaml_emitter_select_scalar_style`.
pub(super) fn possible(text: &str, style: Style, place: Place) -> Style {
    let traits = Traits::of(text);
    let mut style = match style {
        Style::Plain if text.contains('\n') => Style::Literal,
        style => style,
    };
    if place.is_simple_key && traits.breaks {
        style = Style::DoubleQuoted;
    }
    if style == Style::Plain && !traits.plain_can(text, place) {
        style = Style::SingleQuoted;
    }
    let is_block = matches!(style, Style::Literal | Style::Folded);
    let block_can =
        !text.is_empty() && traits.block_can() && !place.in_brackets && !place.is_simple_key;
    match style {
        Style::SingleQuoted if !traits.single_can() => Style::DoubleQuoted,
        _ if is_block && !block_can => Style::DoubleQuoted,
        style => style,
    }
}

/// What a text holds that some styles cannot write (`yaml_emitter_analyze_scalar`).
#[derive(Default)]
struct Traits {
    block_indicators: bool,
    flow_indicators: bool,
    breaks: bool,
    special: bool,
    tabs: bool,
    /// At the start or the end, a space or a line break.
    edges: bool,
    trailing_space: bool,
    break_space: bool,
    space_break: bool,
}

impl Traits {
    fn of(text: &str) -> Self {
        let is_marker = text.starts_with("---") || text.starts_with("...");
        let is_edge = |c: char| c == ' ' || is_break(c);
        let mut traits = Self {
            block_indicators: is_marker,
            flow_indicators: is_marker,
            edges: text.starts_with(is_edge) || text.ends_with(is_edge),
            trailing_space: text.ends_with(' '),
            ..Self::default()
        };
        let mut previous = None;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            traits.add(previous, c, chars.peek().copied());
            previous = Some(c);
        }
        traits
    }

    fn add(&mut self, previous: Option<char>, c: char, next: Option<char>) {
        self.add_indicator(previous, c, next);
        self.tabs |= c == '\t';
        self.special |= c != '\t' && !is_printable(c);
        self.breaks |= is_break(c);
        self.break_space |= c == ' ' && previous.is_some_and(is_break);
        self.space_break |= is_break(c) && previous == Some(' ');
    }

    fn add_indicator(&mut self, previous: Option<char>, c: char, next: Option<char>) {
        let is_first = previous.is_none();
        let before_blank = next.is_none_or(is_blank);
        let after_blank = previous.is_none_or(|p| is_blank(p) || is_break(p) || p == '\0');
        let (flow, block) = match c {
            '#' => (after_blank, after_blank),
            ',' | '[' | ']' | '{' | '}' => (true, is_first),
            '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => (is_first, is_first),
            '?' => (true, is_first && before_blank),
            ':' => (true, before_blank),
            '-' => (is_first && before_blank, is_first && before_blank),
            _ => (false, false),
        };
        self.flow_indicators |= flow;
        self.block_indicators |= block;
    }

    fn plain_can(&self, text: &str, place: Place) -> bool {
        let indicators = match place.in_brackets {
            true => self.flow_indicators,
            false => self.block_indicators,
        };
        let is_nothing = text.is_empty() && (place.in_brackets || place.is_simple_key);
        !is_nothing && !indicators && !self.edges && !self.breaks && self.single_can()
    }

    fn single_can(&self) -> bool {
        !(self.break_space || self.space_break || self.tabs || self.special)
    }

    fn block_can(&self) -> bool {
        !(self.trailing_space || self.space_break || self.special)
    }
}

fn plain(text: &str, writer: &mut Writer) {
    if !text.is_empty() {
        writer.separate();
    }
    writer.text(text);
    writer.end_plain(text.is_empty());
}

fn single_quoted(text: &str, writer: &mut Writer) {
    writer.spaced_mark("'");
    let mut after_break = false;
    for c in text.chars() {
        if is_break(c) {
            if !after_break && c == '\n' {
                writer.line_break();
            }
            writer.break_with(c);
            after_break = true;
            continue;
        }
        if after_break {
            writer.line();
        }
        after_break = false;
        if c == '\'' {
            writer.char('\'');
        }
        writer.char(c);
    }
    writer.mark("'");
}

fn double_quoted(text: &str, writer: &mut Writer) {
    writer.spaced_mark("\"");
    // go-yaml looks for a byte order mark at the start of the text, whichever character it is about to write.
    let escapes_all = text.starts_with(BYTE_ORDER_MARK);
    for c in text.chars() {
        match c {
            '"' | '\\' => writer.text(&format!("\\{c}")),
            c if escapes_all || !is_printable(c) || is_break(c) => writer.text(&escape(c)),
            c => writer.char(c),
        }
    }
    writer.mark("\"");
}

fn literal(text: &str, comment: &str, writer: &mut Writer) {
    header("|", text, comment, writer);
    let mut after_break = true;
    for c in text.chars() {
        if is_break(c) {
            writer.break_with(c);
            after_break = true;
            continue;
        }
        if after_break {
            writer.line();
        }
        writer.content(c);
        after_break = false;
    }
}

fn folded(text: &str, comment: &str, writer: &mut Writer) {
    header(">", text, comment, writer);
    // go-yaml means what follows the line break, but looks at the start of the text.
    let first = text.chars().find(|c| !is_break(*c));
    let starts_blank = first.is_none_or(|c| is_blank(c) || c == '\0');
    let (mut after_break, mut is_indented) = (true, true);
    for c in text.chars() {
        if is_break(c) {
            if !after_break && !is_indented && c == '\n' && !starts_blank {
                writer.line_break();
            }
            writer.break_with(c);
            after_break = true;
            continue;
        }
        if after_break {
            writer.line();
            is_indented = is_blank(c);
        }
        writer.content(c);
        after_break = false;
    }
}

/// Writes `|` or `>`, an indentation where readers cannot see it, and which of the last line breaks count.
fn header(mark: &str, text: &str, comment: &str, writer: &mut Writer) {
    writer.spaced_mark(mark);
    if text.starts_with(|c| c == ' ' || is_break(c)) {
        writer.mark("2");
    }
    let mut last = text.chars().rev();
    match (last.next().is_some_and(is_break), last.next()) {
        (false, _) => writer.mark("-"),
        (true, before) if before.is_none_or(is_break) => writer.mark("+"),
        (true, _) => {}
    }
    writer.end_header(comment);
}
