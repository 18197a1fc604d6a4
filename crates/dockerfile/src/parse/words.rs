//! Splitting an instruction's arguments, before anything is expanded.

/// Text and its offset in the logical line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) offset: usize,
}

/// Splits at white space, and nowhere else: quotes mean nothing here.
pub(crate) fn at_whitespace(text: &str, offset: usize) -> Vec<Token> {
    text.split_whitespace()
        .map(|word| Token {
            text: word.to_owned(),
            offset: offset + (word.as_ptr() as usize - text.as_ptr() as usize),
        })
        .collect()
}

/// Splits at white space outside of quotes; quotes and escapes stay in the words (`parseWords` of BuildKit).
pub(crate) fn quoted(text: &str, offset: usize, escape: char) -> Vec<Token> {
    let mut words = Vec::new();
    let mut word: Option<Token> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, ch)) = chars.next() {
        if quote.is_none() && ch.is_whitespace() {
            words.extend(word.take());
            continue;
        }
        let current = word.get_or_insert_with(|| Token {
            text: String::new(),
            offset: offset + at,
        });
        let escapes = ch == escape && quote != Some('\'');
        if escapes && chars.peek().is_none() {
            break;
        }
        current.text.push(ch);
        if escapes {
            current
                .text
                .extend(chars.next().map(|(_, escaped)| escaped));
        } else if quote == Some(ch) {
            quote = None;
        } else if quote.is_none() && matches!(ch, '\'' | '"') {
            quote = Some(ch);
        }
    }
    words.extend(word);
    words
}

/// A `--name=value` before an instruction's arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flag {
    pub(crate) name: String,
    pub(crate) value: Option<String>,
    pub(crate) offset: usize,
}

/// Takes the flags off the front; what is left is given with its offset. A lone `--` ends the flags.
/// Quotes around a value are removed (`extractBuilderFlags` of BuildKit).
pub(crate) fn flags(text: &str, offset: usize, escape: char) -> (Vec<Flag>, &str, usize) {
    let mut flags = Vec::new();
    let mut at = 0;
    loop {
        at += leading_whitespace(&text[at..]);
        let rest = &text[at..];
        if !rest.starts_with("--") {
            return (flags, rest, offset + at);
        }
        let (word, length) = flag_word(rest, escape);
        if word == "--" {
            at += length;
            at += leading_whitespace(&text[at..]);
            return (flags, &text[at..], offset + at);
        }
        flags.push(flag(&word, offset + at));
        at += length;
    }
}

fn flag(word: &str, offset: usize) -> Flag {
    let body = word.trim_start_matches("--");
    let (name, value) = match body.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (body, None),
    };
    Flag {
        name: name.to_owned(),
        value,
        offset,
    }
}

/// The first word without its quotes and escapes, and how many bytes it took.
fn flag_word(text: &str, escape: char) -> (String, usize) {
    let mut word = String::new();
    let mut quote: Option<char> = None;
    let mut chars = text.char_indices();
    while let Some((at, ch)) = chars.next() {
        if quote.is_none() && ch.is_whitespace() {
            return (word, at);
        } else if ch == escape {
            word.extend(chars.next().map(|(_, escaped)| escaped));
        } else if quote == Some(ch) {
            quote = None;
        } else if quote.is_none() && matches!(ch, '\'' | '"') {
            quote = Some(ch);
        } else {
            word.push(ch);
        }
    }
    (word, text.len())
}

pub(crate) fn leading_whitespace(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_outside_of_quotes() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            ("a b", &["a", "b"]),
            ("a=\"b c\" d='e f'", &["a=\"b c\"", "d='e f'"]),
            (r"a=b\ c d", &[r"a=b\ c", "d"]),
            (r#"a="b\" c" d"#, &[r#"a="b\" c""#, "d"]),
            (r"a='b\' c", &[r"a='b\'", "c"]),
            ("a=\"open b", &["a=\"open b"]),
            ("a=b\\", &["a=b"]),
            ("''", &["''"]),
        ];
        for (text, expected) in cases {
            let words: Vec<_> = quoted(text, 0, '\\').into_iter().map(|w| w.text).collect();
            assert_eq!(words, *expected, "{text}");
        }
    }

    #[test]
    fn takes_flags_off_the_front() {
        let (found, rest, offset) = flags("--from=a --chown='b c'  --link x --y", 5, '\\');
        let found: Vec<_> = found.into_iter().map(|f| (f.name, f.value)).collect();
        assert_eq!(
            found,
            [
                ("from".into(), Some("a".into())),
                ("chown".into(), Some("b c".into())),
                ("link".into(), None),
            ]
        );
        assert_eq!((rest, offset), ("x --y", 5 + 31 - 1 + 1));
    }

    #[test]
    fn two_dashes_end_the_flags() {
        let (found, rest, _) = flags("--a -- --b", 0, '\\');
        assert_eq!((found.len(), rest), (1, "--b"));
    }
}
