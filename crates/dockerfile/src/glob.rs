//! Go's `filepath.Match`, which `COPY` sources are matched by
//! (<https://pkg.go.dev/path/filepath#Match>).

use regex::bytes::Regex;

/// Whether a path has anything in it that a glob has.
pub(crate) fn is_glob(path: &str) -> bool {
    path.contains(['*', '?', '[', '\\'])
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern")]
pub(crate) struct BadPattern;

/// A pattern for one component of a path. Go's `*` and `?` do not match a `/`, so a path's components can be
/// matched one by one.
#[derive(Clone, Debug)]
pub(crate) struct Glob(Regex);

impl Glob {
    pub(crate) fn new(pattern: &str) -> Result<Self, BadPattern> {
        let regex = translate(pattern)?;
        Regex::new(&regex).map(Self).map_err(|_| BadPattern)
    }

    pub(crate) fn matches(&self, name: &[u8]) -> bool {
        self.0.is_match(name)
    }
}

fn translate(pattern: &str) -> Result<String, BadPattern> {
    let mut regex = String::from("(?s)^");
    let mut chars = pattern.chars().peekable();
    while let Some(ch) = chars.next() {
        match ch {
            '*' => regex.push_str("[^/]*"),
            '?' => regex.push_str("[^/]"),
            '\\' => push_literal(&mut regex, chars.next().ok_or(BadPattern)?),
            '[' => class(&mut regex, &mut chars)?,
            ch => push_literal(&mut regex, ch),
        }
    }
    regex.push('$');
    Ok(regex)
}

/// `[abc]`, `[^a-z]`; at least one range.
fn class(
    regex: &mut String,
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
) -> Result<(), BadPattern> {
    regex.push('[');
    if chars.next_if_eq(&'^').is_some() {
        regex.push('^');
    }
    let mut ranges = 0;
    while ranges == 0 || chars.next_if_eq(&']').is_none() {
        let low = class_char(chars)?;
        let high = match chars.next_if_eq(&'-') {
            Some(_) => class_char(chars)?,
            None => low,
        };
        if low > high {
            return Err(BadPattern);
        }
        regex.push_str(&format!(
            r"\x{{{:x}}}-\x{{{:x}}}",
            u32::from(low),
            u32::from(high)
        ));
        ranges += 1;
    }
    regex.push(']');
    Ok(())
}

fn class_char(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<char, BadPattern> {
    match chars.next() {
        None | Some('-' | ']') => Err(BadPattern),
        Some('\\') => chars.next().ok_or(BadPattern),
        Some(ch) => Ok(ch),
    }
}

fn push_literal(regex: &mut String, ch: char) {
    regex.push_str(&regex::escape(ch.encode_utf8(&mut [0; 4])));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_as_go_does() {
        // From the table of path/filepath/match_test.go.
        let cases = [
            ("abc", "abc", Some(true)),
            ("*", "abc", Some(true)),
            ("*c", "abc", Some(true)),
            ("a*", "a", Some(true)),
            ("a*b?c*x", "abxbbxdbxebxczzx", Some(true)),
            ("a*b?c*x", "abxbbxdbxebxczzy", Some(false)),
            ("ab[c]", "abc", Some(true)),
            ("ab[b-d]", "abc", Some(true)),
            ("ab[e-g]", "abc", Some(false)),
            ("ab[^c]", "abc", Some(false)),
            ("ab[^b-d]", "abc", Some(false)),
            ("ab[^e-g]", "abc", Some(true)),
            (r"a\*b", "a*b", Some(true)),
            (r"a\*b", "ab", Some(false)),
            ("a?b", "a☺b", Some(true)),
            ("a[^a]b", "a☺b", Some(true)),
            ("a???b", "a☺b", Some(false)),
            ("[a-ζ]*", "α", Some(true)),
            ("*[a-ζ]", "A", Some(false)),
            (r"[\]a]", "]", Some(true)),
            (r"[\-]", "-", Some(true)),
            (r"[x\-]", "x", Some(true)),
            (r"[\-x]", "a", Some(false)),
            ("[]a]", "]", None),
            ("[-]", "-", None),
            ("[x-]", "x", None),
            ("[-x]", "x", None),
            ("[a-b-c]", "a", None),
            ("[", "a", None),
            ("[^", "a", None),
            ("[^bc", "a", None),
            ("a[", "ab", None),
            (r"\", "a", None),
            ("*x", "xxx", Some(true)),
            ("arr[[]0].txt", "arr[0].txt", Some(true)),
        ];
        for (pattern, name, expected) in cases {
            let got = Glob::new(pattern).map(|glob| glob.matches(name.as_bytes()));
            assert_eq!(got.ok(), expected, "{pattern} {name}");
        }
    }
}
