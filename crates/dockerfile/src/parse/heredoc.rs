use towpath_model::Diagnostic;

use super::lines::{Lines, LogicalLine};
use super::words::{self, Token};

/// A document that stands in the Dockerfile: `RUN <<EOF`, `COPY <<EOF /file`.
///
/// <https://docs.docker.com/reference/dockerfile/#here-documents>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    pub name: String,
    /// As written, up to the line that ends it.
    pub content: String,
    /// `<<-`: leading tabs are no part of the content.
    pub strip_tabs: bool,
    /// Whether `COPY` expands variables in the content: not when any part of the name was quoted.
    pub expand: bool,
}

impl Heredoc {
    /// The content, without leading tabs where `<<-` says so.
    pub(crate) fn body(&self) -> String {
        if !self.strip_tabs {
            return self.content.clone();
        }
        self.content
            .split_inclusive('\n')
            .map(|line| line.trim_start_matches('\t'))
            .collect()
    }
}

/// Reads the documents that `line` announces, in their order.
pub(crate) fn read(line: &LogicalLine, lines: &mut Lines<'_>) -> Result<Vec<Heredoc>, Diagnostic> {
    let escape = lines.escape().char();
    let announced = words::quoted(&line.text, 0, escape);
    let mut heredocs = Vec::new();
    for (token, mut heredoc) in announced.iter().filter_map(announcement) {
        let content = lines.until(&heredoc.name, heredoc.strip_tabs);
        heredoc.content = content.ok_or_else(|| {
            let message = format!("the heredoc `{}` is never closed", token.text);
            let help = format!("end it with a line that is exactly `{}`", heredoc.name);
            line.diagnostic(token.offset, message).help(help)
        })?;
        heredocs.push(heredoc);
    }
    Ok(heredocs)
}

/// `<<NAME`, `<<-NAME`, `<<"NAME"`, with a file descriptor in front or not. Content is still empty.
pub(crate) fn parse(word: &str) -> Option<Heredoc> {
    let rest = word
        .trim_start_matches(|ch: char| ch.is_ascii_digit())
        .strip_prefix("<<")?;
    let (strip_tabs, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    if rest.contains('<') {
        return None;
    }
    let name: String = rest
        .chars()
        .filter(|ch| !matches!(ch, '\'' | '"' | '\\'))
        .collect();
    (!name.is_empty()).then(|| Heredoc {
        expand: name == rest,
        name,
        content: String::new(),
        strip_tabs,
    })
}

fn announcement(token: &Token) -> Option<(&Token, Heredoc)> {
    parse(&token.text).map(|heredoc| (token, heredoc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_an_announcement() {
        let cases = [
            ("<<EOF", Some(("EOF", false, true))),
            ("<<-EOF", Some(("EOF", true, true))),
            ("<<'EOF'", Some(("EOF", false, false))),
            ("<<-\"E\"OF", Some(("EOF", true, false))),
            ("3<<EOF", Some(("EOF", false, true))),
            ("<<<EOF", None),
            ("<<", None),
            ("<<''", None),
            ("a<<EOF", None),
            ("<EOF", None),
            ("$((1<<2))", None),
        ];
        for (word, expected) in cases {
            let got = parse(word);
            let got = got
                .as_ref()
                .map(|h| (h.name.as_str(), h.strip_tabs, h.expand));
            assert_eq!(got, expected, "{word}");
        }
    }
}
