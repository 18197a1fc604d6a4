//! ANSI colours to HTML, safe whatever a build prints: text is escaped, and of all escape sequences only
//! "select graphic rendition" (ECMA-48, 8.3.117) leaves a trace, as class names of ours.

/// The look of text at one place. Colours are 0 to 15, the terminal's palette.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Style {
    colour: Option<u8>,
    background: Option<u8>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
}

/// One line, without its end, as HTML.
pub(super) fn to_html(line: &str) -> String {
    let mut html = String::with_capacity(line.len() + 16);
    let mut style = Style::default();
    let mut run = String::new();
    let mut rest = visible(line);
    while let Some(c) = rest.chars().next() {
        if c != '\u{1b}' {
            run.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        flush(&mut html, &mut run, style);
        let (sequence, after) = split_escape(rest);
        style = style.after(sequence);
        rest = after;
    }
    flush(&mut html, &mut run, style);
    html
}

/// One line as people read it: without escape sequences.
pub(super) fn to_text(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = visible(line);
    while let Some(c) = rest.chars().next() {
        if c == '\u{1b}' {
            rest = split_escape(rest).1;
        } else {
            text.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    text
}

pub(super) fn escape(text: &str, html: &mut String) {
    for c in text.chars() {
        match c {
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '&' => html.push_str("&amp;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\t' => html.push('\t'),
            c if c.is_control() => {}
            // These turn the direction of what follows: text could look like other text.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => html.push('\u{fffd}'),
            c => html.push(c),
        }
    }
}

/// A progress bar writes its line again and again: what a terminal shows in the end is the last writing.
fn visible(line: &str) -> &str {
    let line = line.trim_end_matches('\r');
    line.rsplit('\r').next().unwrap_or(line)
}

/// Splits an escape sequence off. What it begins and does not end takes the rest of the line.
fn split_escape(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    let end = match bytes.get(1) {
        Some(b'[') => bytes
            .iter()
            .skip(2)
            .position(|byte| (0x40..=0x7e).contains(byte))
            .map(|at| at + 3),
        // Operating system commands (titles, links) end with BEL or ESC \.
        Some(b']' | b'P' | b'X' | b'^' | b'_') => text[2..]
            .find(['\u{7}', '\u{1b}'])
            .map(|at| at + 2)
            .map(|at| {
                at + if text[at..].starts_with("\u{1b}\\") {
                    2
                } else {
                    1
                }
            }),
        Some(byte) if byte.is_ascii() => Some(2),
        _ => Some(1),
    };
    text.split_at_checked(end.unwrap_or(text.len()))
        .unwrap_or((text, ""))
}

fn flush(html: &mut String, run: &mut String, style: Style) {
    if run.is_empty() {
        return;
    }
    let classes = style.classes();
    if classes.is_empty() {
        escape(run, html);
    } else {
        html.push_str("<span class=\"");
        html.push_str(&classes);
        html.push_str("\">");
        escape(run, html);
        html.push_str("</span>");
    }
    run.clear();
}

impl Style {
    fn classes(&self) -> String {
        let colour = self.colour.map(|colour| format!("c{colour}"));
        let background = self.background.map(|colour| format!("b{colour}"));
        let named = [
            (self.bold, "bo"),
            (self.dim, "di"),
            (self.italic, "it"),
            (self.underline, "un"),
        ];
        let named = named.into_iter().filter(|(on, _)| *on);
        let classes = colour.into_iter().chain(background);
        let all: Vec<String> = classes
            .chain(named.map(|(_, name)| name.to_owned()))
            .collect();
        all.join(" ")
    }

    fn after(self, sequence: &str) -> Self {
        let Some(parameters) = sequence
            .strip_prefix("\u{1b}[")
            .and_then(|rest| rest.strip_suffix('m'))
        else {
            return self;
        };
        let mut codes = parameters
            .split([';', ':'])
            .map(|code| code.parse().unwrap_or(0u16));
        let mut style = self;
        while let Some(code) = codes.next() {
            style = match code {
                38 => Style {
                    colour: extended(&mut codes),
                    ..style
                },
                48 => Style {
                    background: extended(&mut codes),
                    ..style
                },
                code => style.with(code),
            };
        }
        style
    }

    fn with(self, code: u16) -> Self {
        let palette = |base: u16, bright: u16| u8::try_from(code - base + bright).ok();
        match code {
            0 => Style::default(),
            1 => Style { bold: true, ..self },
            2 => Style { dim: true, ..self },
            3 => Style {
                italic: true,
                ..self
            },
            4 => Style {
                underline: true,
                ..self
            },
            22 => Style {
                bold: false,
                dim: false,
                ..self
            },
            23 => Style {
                italic: false,
                ..self
            },
            24 => Style {
                underline: false,
                ..self
            },
            30..=37 => Style {
                colour: palette(30, 0),
                ..self
            },
            39 => Style {
                colour: None,
                ..self
            },
            40..=47 => Style {
                background: palette(40, 0),
                ..self
            },
            49 => Style {
                background: None,
                ..self
            },
            90..=97 => Style {
                colour: palette(90, 8),
                ..self
            },
            100..=107 => Style {
                background: palette(100, 8),
                ..self
            },
            _ => self,
        }
    }
}

/// `38;5;n` and `38;2;r;g;b`: the nearest of the palette's sixteen, which the page has for light and dark.
fn extended(codes: &mut impl Iterator<Item = u16>) -> Option<u8> {
    match codes.next()? {
        5 => match codes.next()? {
            basic @ 0..=15 => u8::try_from(basic).ok(),
            cube @ 16..=231 => {
                let level = |value: u16| value * 51;
                let cube = cube - 16;
                Some(nearest(
                    level(cube / 36),
                    level(cube / 6 % 6),
                    level(cube % 6),
                ))
            }
            grey @ 232..=243 => (grey < 256).then_some(8),
            _ => Some(7),
        },
        2 => {
            let (r, g, b) = (codes.next()?, codes.next()?, codes.next()?);
            Some(nearest(r, g, b))
        }
        _ => None,
    }
}

fn nearest(r: u16, g: u16, b: u16) -> u8 {
    let strong = r.max(g).max(b);
    let on = |value: u16| u8::from(value * 2 > strong && value > 40);
    let colour = on(r) | on(g) << 1 | on(b) << 2;
    if strong > 200 && colour != 7 {
        colour + 8
    } else {
        colour
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_become_classes() {
        for (line, html) in [
            ("plain", "plain"),
            (
                "\u{1b}[32mok\u{1b}[0m done",
                "<span class=\"c2\">ok</span> done",
            ),
            (
                "\u{1b}[1;31merror\u{1b}[m: x",
                "<span class=\"c1 bo\">error</span>: x",
            ),
            ("\u{1b}[38;5;9mred", "<span class=\"c9\">red</span>"),
            ("\u{1b}[38;2;255;0;0mred", "<span class=\"c9\">red</span>"),
            ("\u{1b}[97;44mx", "<span class=\"c15 b4\">x</span>"),
            ("10%\r50%\r100%", "100%"),
            ("windows\r", "windows"),
            ("a\u{1b}[2Kb\u{1b}]0;title\u{7}c", "abc"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("unfinished \u{1b}[", "unfinished "),
            ("\u{1b}", ""),
            ("\u{1b}é", "é"),
        ] {
            assert_eq!(to_html(line), html, "{line:?}");
        }
    }

    #[test]
    fn nothing_that_a_build_prints_becomes_markup() {
        for line in [
            "<script>alert(1)</script>",
            "\u{1b}[31m<img src=x onerror=alert(1)>\u{1b}[0m",
            "\"><b>",
            "\u{1b}[31;\"onload=\"xm<i>",
            "\u{1b}]8;;javascript:alert(1)\u{7}<a>",
            "'&amp;\u{0}<\u{7f}",
        ] {
            let html = to_html(line);
            let markup = html.replace("</span>", "");
            let spans = markup.split("<span class=\"").skip(1);
            for span in spans {
                let classes = span.split_once("\">").unwrap().0;
                assert!(
                    classes
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b' '),
                    "{html}"
                );
            }
            let tags = markup.matches('<').count();
            assert_eq!(tags, markup.matches("<span class=\"").count(), "{html}");
        }
    }

    #[test]
    fn direction_cannot_be_turned() {
        assert_eq!(to_html("a\u{202e}b"), "a\u{fffd}b");
    }

    #[test]
    fn text_is_without_sequences() {
        assert_eq!(to_text("\u{1b}[1;31merror\u{1b}[0m: <x>"), "error: <x>");
    }
}
