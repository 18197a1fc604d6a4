use std::borrow::Borrow;
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::Refusal;

/// Linux's PATH_MAX, less the closing zero.
const LONGEST_PATH: usize = 4095;
/// Linux's NAME_MAX.
const LONGEST_NAME: usize = 255;

/// A path of a file within a folder or an archive: relative, at least one component, no `.`, no `..`, no
/// NUL, at most 4095 bytes with components of at most 255. Bytes, since file names are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryPath(Vec<u8>);

impl EntryPath {
    /// Reads a path as archives write them: `.` components, doubled and closing slashes are dropped.
    pub fn parse(name: &[u8]) -> Result<Self, Refusal> {
        if name.starts_with(b"/") {
            return Err(Refusal::Absolute);
        }
        let mut path = Vec::with_capacity(name.len());
        for component in name.split(|&byte| byte == b'/') {
            match component {
                b"" | b"." => continue,
                b".." => return Err(Refusal::Leaves),
                _ if component.contains(&0) => return Err(Refusal::Nul),
                _ if component.len() > LONGEST_NAME => return Err(Refusal::TooLong),
                _ => {}
            }
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(component);
        }
        match path.len() {
            0 => Err(Refusal::Empty),
            1..=LONGEST_PATH => Ok(Self(path)),
            _ => Err(Refusal::TooLong),
        }
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.0))
    }

    pub fn components(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|&byte| byte == b'/')
    }

    /// The folder it is in; none at the top.
    pub fn parent(&self) -> Option<EntryPath> {
        let end = self.0.iter().rposition(|&byte| byte == b'/')?;
        Some(Self(self.0[..end].to_vec()))
    }

    /// The last component.
    pub fn file_name(&self) -> EntryPath {
        let start = self.0.iter().rposition(|&byte| byte == b'/');
        Self(self.0[start.map_or(0, |slash| slash + 1)..].to_vec())
    }

    /// This path within a folder.
    pub fn within(&self, folder: Option<&EntryPath>) -> Result<EntryPath, Refusal> {
        match folder {
            None => Ok(self.clone()),
            Some(folder) => Self::parse(&[folder.as_bytes(), b"/", &self.0].concat()),
        }
    }

    /// This path as seen from a folder above it (none: the top); `None` when it is not in that folder.
    pub fn relative_to(&self, folder: Option<&EntryPath>) -> Option<EntryPath> {
        let Some(folder) = folder else {
            return Some(self.clone());
        };
        let rest = self.0.strip_prefix(folder.as_bytes())?.strip_prefix(b"/")?;
        Some(Self(rest.to_vec()))
    }

    /// Whether it lies somewhere in `folder`.
    pub fn is_in(&self, folder: &EntryPath) -> bool {
        self.relative_to(Some(folder)).is_some()
    }
}

impl Borrow<[u8]> for EntryPath {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for EntryPath {
    type Err = Refusal;

    fn from_str(name: &str) -> Result<Self, Refusal> {
        Self::parse(name.as_bytes())
    }
}

impl From<&EntryPath> for PathBuf {
    fn from(path: &EntryPath) -> Self {
        path.as_path().to_owned()
    }
}

impl fmt::Display for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.0))
    }
}

/// A name may hold anything, an escape sequence for a terminal for example: control characters are escaped.
pub(crate) fn printable(name: &[u8]) -> String {
    let mut text = String::new();
    for character in String::from_utf8_lossy(name).chars() {
        if character.is_control() {
            text.extend(character.escape_default());
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_archives_become_plain_relative_paths() {
        for (name, expected) in [
            ("a", "a"),
            ("./a//b/", "a/b"),
            ("a/./b", "a/b"),
            ("a\\b", "a\\b"),
            ("...", "..."),
        ] {
            assert_eq!(
                EntryPath::parse(name.as_bytes()).unwrap().as_bytes(),
                expected.as_bytes()
            );
        }
    }

    #[test]
    fn what_is_not_a_path_within_a_folder_is_refused() {
        let long_name = "x".repeat(256);
        let long_path = "x/".repeat(2048) + "x";
        for (name, expected) in [
            ("", Refusal::Empty),
            ("./", Refusal::Empty),
            ("/etc", Refusal::Absolute),
            ("..", Refusal::Leaves),
            ("a/../b", Refusal::Leaves),
            ("a\0b", Refusal::Nul),
            (&long_name, Refusal::TooLong),
            (&long_path, Refusal::TooLong),
        ] {
            assert_eq!(EntryPath::parse(name.as_bytes()), Err(expected), "{name:?}");
        }
    }

    #[test]
    fn control_characters_are_not_printed_as_they_are() {
        assert_eq!(
            EntryPath::parse(b"it's \x1b[31m\n\\").unwrap().to_string(),
            "it's \\u{1b}[31m\\n\\"
        );
    }

    #[test]
    fn parents_and_names() {
        let path: EntryPath = "a/b/c".parse().unwrap();
        assert_eq!(path.parent().unwrap().to_string(), "a/b");
        assert_eq!(path.file_name().to_string(), "c");
        let name = path.file_name();
        assert_eq!((name.parent(), name.file_name()), (None, name.clone()));
        assert!(path.is_in(&"a".parse().unwrap()));
        assert!(!path.is_in(&"a/b/c".parse().unwrap()));
        assert!(
            !"ab/c"
                .parse::<EntryPath>()
                .unwrap()
                .is_in(&"a".parse().unwrap())
        );
    }
}
