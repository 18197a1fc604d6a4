use towpath_yaml::{Resolution, escape, is_string};

/// How a string is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// What a string holds that some styles cannot write (`yaml_emitter_analyze_scalar`).
#[derive(Default)]
struct Traits {
    indicators: bool,
    special: bool,
    breaks: bool,
    /// At the start or the end, a space or a line break.
    edges: bool,
    trailing_space: bool,
    break_space: bool,
    space_break: bool,
}

/// The style that go-yaml chooses.
pub(super) fn style(text: &str, is_key: bool) -> Style {
    if text.is_empty() {
        return Style::Double;
    }
    if is_word(text) {
        return match is_another_type(text) {
            true => Style::Double,
            false => Style::Plain,
        };
    }
    let traits = Traits::of(text);
    let literal_can = !(traits.trailing_space || traits.space_break || traits.special);
    if text.contains('\n') {
        return match literal_can && !is_key {
            true => Style::Literal,
            false => Style::Double,
        };
    }
    if is_another_type(text) {
        return Style::Double;
    }
    let plain_can = !(traits.indicators
        || traits.edges
        || traits.breaks
        || traits.break_space
        || traits.space_break
        || traits.special);
    let single_can = !(traits.break_space || traits.space_break || traits.special);
    match (plain_can, single_can) {
        (true, _) => Style::Plain,
        (_, true) if !(is_key && traits.breaks) => Style::Single,
        _ => Style::Double,
    }
}

/// Whether the text is of characters that mean nothing wherever they stand.
fn is_word(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'/');
    let is_inner = |byte: u8| is_plain(byte) || matches!(byte, b'.' | b'-');
    text.bytes().all(is_inner) && text.as_bytes().first().copied().is_some_and(is_plain)
}

/// What libyaml takes for a line break.
pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// libyaml's `is_printable`: no tab, no byte order mark.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && c != '\u{feff}'
}

impl Traits {
    fn of(text: &str) -> Self {
        let mut traits = Self {
            indicators: text.starts_with("---") || text.starts_with("..."),
            edges: text.starts_with(|c| c == ' ' || is_break(c))
                || text.ends_with(|c| c == ' ' || is_break(c)),
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
        let before_blank = next.is_none_or(|next| next == ' ' || next == '\t');
        let after_blank = previous.is_none_or(|p| p == ' ' || p == '\t' || is_break(p));
        self.indicators |= match c {
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
            | '`' => previous.is_none(),
            '?' | '-' => previous.is_none() && before_blank,
            ':' => before_blank,
            '#' => after_blank,
            _ => false,
        };
        self.special |= !is_printable(c);
        self.breaks |= is_break(c);
        self.break_space |= c == ' ' && previous.is_some_and(is_break);
        self.space_break |= is_break(c) && previous == Some(' ');
    }
}

/// Whether go-yaml thinks that a reader would take the plain text for something else than a string. It
/// forgets merge keys.
fn is_another_type(text: &str) -> bool {
    text != "<<" && !is_string(text, Resolution::GoYaml2) || is_base_60(text)
}

/// `^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$`
fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut parts = whole.split(':');
    let is_number = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_digit())
            && part.bytes().all(|b| b.is_ascii_digit() || b == b'_')
    };
    let is_sixtieth = |part: &str| match part.as_bytes() {
        [one] => one.is_ascii_digit(),
        [ten, one] => (b'0'..=b'5').contains(ten) && one.is_ascii_digit(),
        _ => false,
    };
    whole.contains(':')
        && parts.next().is_some_and(is_number)
        && parts.all(is_sixtieth)
        && fraction.bytes().all(|b| b.is_ascii_digit() || b == b'_')
}

/// Lines longer than this are folded at the next space.
const BEST_WIDTH: usize = 80;

/// Writes a string in any style but the literal one. Long ones are folded, with the lines that follow at
/// `indent`; keys, which have none, are not.
pub(super) fn write_inline(text: &str, style: Style, indent: Option<usize>, out: &mut String) {
    let quote = match style {
        Style::Plain => "",
        Style::Single => "'",
        Style::Double | Style::Literal => "\"",
    };
    if style == Style::Plain && (indent.is_none() || !text.contains(' ')) {
        return out.push_str(text);
    }
    let line = out.rfind('\n').map_or(0, |end| end + 1);
    // go-yaml looks for a byte order mark at the start of the text, whichever character it is about to write.
    let escapes_all = text.starts_with('\u{feff}');
    let mut writer = Writer {
        column: out[line..].chars().count(),
        style,
        indent,
        escapes_all,
        is_after_break: false,
        out,
    };
    writer.put(quote);
    writer.text(text);
    writer.put(quote);
}

struct Writer<'o> {
    out: &'o mut String,
    column: usize,
    style: Style,
    indent: Option<usize>,
    escapes_all: bool,
    /// Behind U+2028 or U+2029.
    is_after_break: bool,
}

impl Writer<'_> {
    fn text(&mut self, text: &str) {
        let mut after_space = false;
        let mut chars = text.char_indices().peekable();
        while let Some((index, c)) = chars.next() {
            let next = chars.peek().map(|(_, next)| *next);
            let inside = index > 0 && next.is_some();
            match (c, self.indent) {
                (' ', Some(indent))
                    if !self.escapes_all && !after_space && inside && self.folds(next) =>
                {
                    self.fold(indent, next);
                }
                _ => self.char(c),
            }
            after_space = c == ' ';
        }
    }

    fn folds(&self, next: Option<char>) -> bool {
        self.column > BEST_WIDTH && (self.style == Style::Double || next != Some(' '))
    }

    /// Instead of a space.
    fn fold(&mut self, indent: usize, next: Option<char>) {
        self.out.push('\n');
        self.column = 0;
        self.put(&" ".repeat(indent));
        if next == Some(' ') {
            self.put("\\");
        }
    }

    fn char(&mut self, c: char) {
        if self.style == Style::Single && is_break(c) {
            return self.line_break(c);
        }
        if std::mem::take(&mut self.is_after_break) {
            self.put(&" ".repeat(self.indent.unwrap_or_default()));
        }
        match (self.style, c) {
            (Style::Single, '\'') => self.put("''"),
            (Style::Double | Style::Literal, '"' | '\\') => {
                self.put("\\");
                self.out.push(c);
                self.column += 1;
            }
            (Style::Double | Style::Literal, c)
                if self.escapes_all || !is_printable(c) || is_break(c) =>
            {
                self.put(&escape(c));
            }
            _ => {
                self.out.push(c);
                self.column += 1;
            }
        }
    }

    fn line_break(&mut self, c: char) {
        self.out.push(c);
        self.column = 0;
        self.is_after_break = true;
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.len();
    }
}
