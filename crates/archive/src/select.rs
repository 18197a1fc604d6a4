//! Which files an artifact holds: the globs of a buildspec's `artifacts` (AWS CodeBuild, build specification
//! reference). `*` matches within a name, names that begin with a dot included; `**` matches any number of
//! folders, none included.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::{EntryPath, Error};

/// Globs of one key of the buildspec.
pub(crate) struct Globs {
    set: GlobSet,
    patterns: Vec<String>,
}

impl Globs {
    pub(crate) fn new(key: &'static str, globs: &[String]) -> Result<Self, Error> {
        let mut set = GlobSetBuilder::new();
        let mut patterns = Vec::new();
        for glob in globs {
            let pattern = normalised(key, glob)?;
            let compiled = GlobBuilder::new(&pattern)
                .literal_separator(true)
                .build()
                .map_err(|error| bad(key, glob, error.kind().to_string()))?;
            set.add(compiled);
            patterns.push(pattern);
        }
        let set = set
            .build()
            .map_err(|error| bad(key, &globs.join(", "), error.kind().to_string()))?;
        Ok(Self { set, patterns })
    }

    pub(crate) fn matches(&self, path: &EntryPath) -> bool {
        self.set.is_match(path.as_path())
    }

    /// Where a search for what the globs match begins: the longest folders without a wildcard. `None` is
    /// the top. A glob without wildcards is its own beginning.
    pub(crate) fn beginnings(&self) -> Vec<Option<EntryPath>> {
        let mut all: Vec<_> = self
            .patterns
            .iter()
            .map(|pattern| beginning(pattern))
            .collect();
        all.sort();
        let mut kept: Vec<Option<EntryPath>> = Vec::new();
        for path in all {
            let covered = kept
                .iter()
                .any(|folder| covers(folder.as_ref(), path.as_ref()));
            if !covered {
                kept.push(path);
            }
        }
        kept
    }
}

fn covers(folder: Option<&EntryPath>, path: Option<&EntryPath>) -> bool {
    match (folder, path) {
        (None, _) => true,
        (Some(folder), Some(path)) => path == folder || path.is_in(folder),
        (Some(_), None) => false,
    }
}

fn beginning(pattern: &str) -> Option<EntryPath> {
    let literal: Vec<_> = pattern
        .split('/')
        .take_while(|part| !part.contains(['*', '?', '[', '{', '\\']))
        .collect();
    EntryPath::parse(literal.join("/").as_bytes()).ok()
}

fn normalised(key: &'static str, glob: &str) -> Result<String, Error> {
    if glob.starts_with('/') {
        return Err(bad(
            key,
            glob,
            "it is absolute, paths begin in the source folder".to_owned(),
        ));
    }
    let parts: Vec<_> = glob
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    if parts.contains(&"..") {
        return Err(bad(
            key,
            glob,
            "`..` would leave the source folder".to_owned(),
        ));
    }
    if parts.is_empty() {
        return Err(bad(key, glob, "it names no file".to_owned()));
    }
    Ok(parts.join("/"))
}

fn bad(key: &'static str, glob: &str, reason: String) -> Error {
    Error::Glob {
        key,
        glob: glob.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(glob: &str, path: &str) -> bool {
        Globs::new("files", &[glob.to_owned()])
            .unwrap()
            .matches(&path.parse().unwrap())
    }

    #[test]
    fn globs_follow_the_buildspec_reference() {
        for (glob, path, expected) in [
            ("**/*", "a", true),
            ("**/*", "a/b/.c", true),
            ("*", "a", true),
            ("*", "a/b", false),
            ("my-file.jar", "my-file.jar", true),
            ("my-file.jar", "x/my-file.jar", false),
            ("sub/*", "sub/a", true),
            ("sub/*", "sub/a/b", false),
            ("sub/**/*", "sub/a", true),
            ("sub/**/*", "sub/a/b", true),
            ("./sub/a", "sub/a", true),
            ("**/file-name/**/*", "x/file-name/y/z", true),
            ("**/.*/**/*", ".git/config", true),
            ("**/.*/**/*", "a/.git/x/y", true),
            ("**/.*", "a/.env", true),
            ("**/.*", "a/env", false),
            ("*.{jar,war}", "a.war", true),
        ] {
            assert_eq!(matches(glob, path), expected, "{glob} {path}");
        }
    }

    #[test]
    fn globs_that_could_not_match_are_errors() {
        for glob in ["/abs", "../x", "", ".", "a[", "a/../b"] {
            assert!(Globs::new("files", &[glob.to_owned()]).is_err(), "{glob}");
        }
    }

    #[test]
    fn a_search_begins_as_deep_as_it_can() {
        for (globs, expected) in [
            (&["**/*"][..], &[""][..]),
            (&["a/b/*.js", "a/b/c"], &["a/b"]),
            (&["a/x", "b/**/*"], &["a/x", "b"]),
            (&["a/x", "*"], &[""]),
        ] {
            let globs: Vec<_> = globs.iter().map(|glob| (*glob).to_owned()).collect();
            let beginnings: Vec<_> = Globs::new("files", &globs)
                .unwrap()
                .beginnings()
                .iter()
                .map(|path| path.as_ref().map_or(String::new(), EntryPath::to_string))
                .collect();
            assert_eq!(beginnings, expected);
        }
    }
}
