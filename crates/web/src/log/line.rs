use super::ansi;
use super::scan::RawLine;

/// One line of a log on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// From 1.
    pub(crate) number: u64,
    /// Safe to put into a page as it is.
    pub(crate) html: String,
    pub(crate) is_command: bool,
}

impl Line {
    pub(super) fn new(raw: &RawLine, search: Option<&str>) -> Self {
        let text = String::from_utf8_lossy(&raw.content);
        let mut html = match search {
            Some(search) => marked(&ansi::to_text(&text), search),
            None => ansi::to_html(&text),
        };
        let hidden = raw.length - raw.content.len() as u64;
        if hidden > 0 {
            html.push_str(&format!(
                "<i class=\"cut\"> … {hidden} bytes more in the download</i>"
            ));
        }
        Self {
            number: raw.number,
            html,
            is_command: text.starts_with("$ ") || text.starts_with("+ "),
        }
    }
}

/// The text with what was searched for marked.
fn marked(text: &str, search: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let search = search.to_ascii_lowercase();
    let mut html = String::with_capacity(text.len());
    let mut from = 0;
    for (at, found) in lower.match_indices(&search) {
        ansi::escape(&text[from..at], &mut html);
        html.push_str("<mark>");
        ansi::escape(&text[at..at + found.len()], &mut html);
        html.push_str("</mark>");
        from = at + found.len();
    }
    ansi::escape(&text[from..], &mut html);
    html
}

/// Whether the line holds this text, ASCII letters of either case. `search` is lower case already.
pub(super) fn holds(content: &[u8], search: &str) -> bool {
    ansi::to_text(&String::from_utf8_lossy(content))
        .to_ascii_lowercase()
        .contains(search)
}

/// Whether this looks like where a step went wrong. Tools agree on little but these words.
pub(super) fn looks_like_error(content: &[u8]) -> bool {
    let text = ansi::to_text(&String::from_utf8_lossy(content)).to_ascii_lowercase();
    let begins = [
        "error",
        "fatal",
        "panicked",
        "traceback",
        "failed",
        "failure",
    ];
    let word = |word: &str| {
        text.match_indices(word).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            !letter(before) && !letter(after) && !text[..at].ends_with("0 ")
        })
    };
    !text.starts_with("$ ") && !text.starts_with("+ ") && begins.iter().any(|begin| word(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_words() {
        for (line, error) in [
            ("error: cannot find value `x`", true),
            ("error[E0425]: cannot find", true),
            ("\u{1b}[1;31mERROR\u{1b}[0m something", true),
            ("src/a.c:1:1: fatal error: x.h: no such file", true),
            ("make: *** [Makefile:2: build] Error 1", true),
            ("test page ... FAILED", true),
            ("thread 'main' panicked at src/main.rs", true),
            ("test result: ok. 12 passed; 0 failed;", false),
            ("compiling error_handling.rs", false),
            ("$ echo error", false),
            ("all good", false),
        ] {
            assert_eq!(looks_like_error(line.as_bytes()), error, "{line}");
        }
    }

    fn raw(content: &[u8], length: u64) -> RawLine {
        RawLine {
            number: 1,
            start: 0,
            end: length + 1,
            content: content.to_vec(),
            length,
        }
    }

    #[test]
    fn what_was_searched_for_is_marked() {
        let text = b"<b> Warning: warning";
        let line = Line::new(&raw(text, text.len() as u64), Some("warning"));
        assert_eq!(
            line.html,
            "&lt;b&gt; <mark>Warning</mark>: <mark>warning</mark>"
        );
    }

    #[test]
    fn a_long_line_is_cut() {
        let line = Line::new(&raw(b"xxx", 10), None);
        assert!(line.html.ends_with("7 bytes more in the download</i>"));
    }
}
