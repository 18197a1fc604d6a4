//! `.dockerignore`, as `github.com/moby/patternmatcher` reads it
//! (<https://docs.docker.com/build/concepts/context/#dockerignore-files>).

use std::os::unix::ffi::OsStrExt;

use regex::bytes::Regex;
use towpath_model::{Diagnostic, Location};

use crate::tree_path::TreePath;

/// Most rules in a file.
const MAX_RULES: usize = 2000;

/// What of a context is not part of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ignore {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    regex: Regex,
    /// `!`: takes out of what earlier rules ignore.
    exception: bool,
}

impl Ignore {
    /// `file` is its name in messages.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self, Diagnostic> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut rules = Vec::new();
        for (line, number) in text.lines().zip(1u32..) {
            rules.extend(rule(file, line, number)?);
            if rules.len() > MAX_RULES {
                return Err(error(
                    file,
                    number,
                    format!("there are more than {MAX_RULES} rules"),
                ));
            }
        }
        Ok(Self { rules })
    }

    /// The last rule that matches the path, or a folder it is in, decides.
    pub(crate) fn ignores(&self, path: &TreePath) -> bool {
        let prefixes = path.prefixes();
        let mut ignored = false;
        for rule in &self.rules {
            let changes_something = rule.exception == ignored;
            if changes_something && prefixes.iter().any(|prefix| rule.matches(prefix)) {
                ignored = !rule.exception;
            }
        }
        ignored
    }

    /// Whether something in an ignored folder may not be ignored.
    pub(crate) fn has_exceptions(&self) -> bool {
        self.rules.iter().any(|rule| rule.exception)
    }
}

impl Rule {
    fn matches(&self, path: &TreePath) -> bool {
        self.regex.is_match(path.as_path().as_os_str().as_bytes())
    }
}

fn rule(file: &str, line: &str, number: u32) -> Result<Option<Rule>, Diagnostic> {
    let error = |message: String| error(file, number, message);
    if line.starts_with('#') || line.trim().is_empty() {
        return Ok(None);
    }
    let line = line.trim();
    let (exception, pattern) = match line.strip_prefix('!') {
        Some(rest) => (true, rest.trim()),
        None => (false, line),
    };
    if pattern.is_empty() {
        return Err(error("`!` has no pattern after it".into()));
    }
    let pattern = clean(pattern);
    if pattern.is_empty() {
        // `.` and `/` are the context itself, which is always there.
        return Ok(None);
    }
    let regex = translate(&pattern).and_then(|regex| Regex::new(&regex).ok());
    match regex {
        Some(regex) => Ok(Some(Rule { regex, exception })),
        None => Err(error(format!("`{pattern}` is not a pattern"))),
    }
}

fn error(file: &str, line: u32, message: String) -> Diagnostic {
    let location = Location {
        file: file.to_owned(),
        line,
        column: 1,
    };
    Diagnostic::new(location, message)
}

/// `filepath.Clean`, and no slash in front.
fn clean(pattern: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// A regular expression for a pattern; `None` when it ends in an escape.
fn translate(pattern: &str) -> Option<String> {
    let mut regex = String::from("(?s)^");
    let mut chars = pattern.chars().peekable();
    while let Some(ch) = chars.next() {
        match ch {
            '*' if chars.next_if_eq(&'*').is_some() => {
                chars.next_if_eq(&'/');
                let at_end = chars.peek().is_none();
                regex.push_str(if at_end { ".*" } else { "(?:.*/)?" });
            }
            '*' => regex.push_str("[^/]*"),
            '?' => regex.push_str("[^/]"),
            '\\' => regex.push_str(&regex::escape(&chars.next()?.to_string())),
            '[' | ']' | '-' => regex.push(ch),
            '^' if regex.ends_with('[') => regex.push(ch),
            ch => regex.push_str(&regex::escape(&ch.to_string())),
        }
    }
    regex.push('$');
    Some(regex)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignores(rules: &str, path: &str) -> bool {
        let ignore = Ignore::parse(".dockerignore", rules).unwrap();
        ignore.ignores(&TreePath::new(path))
    }

    #[test]
    fn ignores_what_docker_ignores() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            // rules, ignored, not ignored
            ("", &[], &["a"]),
            ("# a\n", &[], &["a", "# a"]),
            ("a", &["a", "a/b", "a/b/c"], &["b/a", "ab"]),
            ("/a/", &["a", "a/b"], &["b/a"]),
            ("./a/../b", &["b"], &["a"]),
            ("  a  ", &["a"], &["b"]),
            ("*.md", &["README.md"], &["docs/README.md", "README"]),
            (
                "*/temp*",
                &["a/temp", "a/temporary.txt"],
                &["temp", "a/b/temp"],
            ),
            ("*/*/temp*", &["a/b/temp"], &["a/temp"]),
            ("temp?", &["tempa", "tempb/x"], &["temp", "tempab"]),
            ("**/*.go", &["a.go", "a/b.go", "a/b/c.go"], &["a.rs"]),
            ("**", &["a", "a/b"], &[]),
            ("a/**", &["a/b", "a/b/c"], &["b"]),
            ("a/**/z", &["a/z", "a/b/z", "a/b/c/z"], &["z", "b/z"]),
            (
                "**/node_modules",
                &["node_modules/x", "a/node_modules/x"],
                &["node_modules2"],
            ),
            ("*.md\n!README.md", &["a.md"], &["README.md"]),
            (
                "*.md\n!README*.md\nREADME-secret.md",
                &["a.md", "README-secret.md"],
                &["README.md"],
            ),
            (
                "*.md\nREADME-secret.md\n!README*.md",
                &["a.md"],
                &["README-secret.md"],
            ),
            ("*\n!app", &["b", ".git/config"], &["app", "app/x/y"]),
            ("*\n!a/b", &["a", "a/c"], &["a/b", "a/b/d"]),
            ("[a-c].txt", &["a.txt", "c.txt"], &["d.txt"]),
            ("[^a].txt", &["b.txt"], &["a.txt"]),
            (r"a\*", &["a*"], &["ab"]),
            ("a.b", &["a.b"], &["axb"]),
            (".", &[], &["a"]),
            ("a+b(c)", &["a+b(c)"], &["aab(c)"]),
        ];
        for (rules, ignored, kept) in cases {
            for path in *ignored {
                assert!(ignores(rules, path), "{rules:?} must ignore {path}");
            }
            for path in *kept {
                assert!(!ignores(rules, path), "{rules:?} must not ignore {path}");
            }
        }
    }

    #[test]
    fn a_bad_pattern_is_named_with_its_line() {
        for rules in ["a\n[", "a\n!", "a\nb\\", "a\n[b-a]"] {
            let error = Ignore::parse(".dockerignore", rules).unwrap_err();
            assert_eq!(error.location.line, 2, "{rules}");
        }
    }
}
