use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

/// One thing that a layer adds, changes or takes away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub path: EntryPath,
    pub kind: EntryKind,
    /// Permission bits with set-user-id, set-group-id and sticky: 0o7777 at most.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// The value of `security.capability`, for files only.
    pub capability: Option<Vec<u8>>,
}

/// What lies at a path (OCI image specification, "Layer Filesystem Changeset").
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    Folder,
    File(Source),
    /// The text of the link, never followed here.
    Symlink(OsString),
    /// Another name for a file of the same layer.
    HardLink(EntryPath),
    Fifo,
    CharDevice {
        major: u32,
        minor: u32,
    },
    BlockDevice {
        major: u32,
        minor: u32,
    },
    /// The path is gone from the layers below.
    Whiteout,
    /// The folder at the path hides the one in the layers below.
    Opaque,
}

/// Where a file's content is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Bytes(Vec<u8>),
    /// A regular file on this machine; not a link to one.
    Path(PathBuf),
}

impl Entry {
    pub fn new(path: EntryPath, kind: EntryKind, mode: u32) -> Self {
        Self {
            path,
            kind,
            mode,
            uid: 0,
            gid: 0,
            capability: None,
        }
    }
}

/// A path within an image: relative, without `.` and `..`. The empty path is the root.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EntryPath(Vec<u8>);

/// A path that leads out of the image, or is longer or deeper than we unpack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path:?} cannot be a path in an image: {why}")]
pub struct EntryPathError {
    path: String,
    why: &'static str,
}

/// Longer ones are refused, as the kernel does.
const PATH_LIMIT: usize = 4095;
/// So that removing what was unpacked needs few open folders.
const DEPTH_LIMIT: usize = 256;

impl EntryPath {
    /// Takes `/a/b`, `a/b/` and `./a/b` as `a/b`; refuses `..`.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, EntryPathError> {
        let path = path.as_ref();
        let error = |why| {
            let path = path.to_string_lossy().chars().take(200).collect();
            EntryPathError { path, why }
        };
        let mut names: Vec<&[u8]> = Vec::new();
        for component in path.components() {
            match component {
                Component::RootDir | Component::CurDir => {}
                Component::Normal(name) => names.push(name.as_bytes()),
                Component::ParentDir => return Err(error("it holds `..`")),
                Component::Prefix(_) => return Err(error("it holds a drive")),
            }
        }
        let joined = names.join(&b'/');
        match () {
            () if joined.contains(&0) => Err(error("it holds a NUL byte")),
            () if joined.len() > PATH_LIMIT => Err(error("it has more than 4095 bytes")),
            () if names.len() > DEPTH_LIMIT => Err(error("it is deeper than 256 folders")),
            () => Ok(Self(joined)),
        }
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    pub fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.0))
    }

    /// `None` for the root.
    pub fn file_name(&self) -> Option<&OsStr> {
        self.as_path().file_name()
    }

    /// The folder that holds it; the root's is the root.
    pub fn parent(&self) -> Self {
        let slash = self.0.iter().rposition(|b| *b == b'/');
        Self(self.0[..slash.unwrap_or(0)].to_vec())
    }

    /// The path and the folders above it, the topmost first, without the root.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = Self> + '_ {
        let slashes = self.0.iter().enumerate().filter(|(_, b)| **b == b'/');
        slashes
            .map(|(index, _)| Self(self.0[..index].to_vec()))
            .chain((!self.is_root()).then(|| self.clone()))
    }

    pub(crate) fn child(&self, name: &[u8]) -> Result<Self, EntryPathError> {
        let mut path = self.0.clone();
        path.push(b'/');
        path.extend_from_slice(name);
        Self::new(PathBuf::from(OsString::from_vec(path)))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.as_path().display())
    }
}

impl fmt::Debug for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_relative() {
        for (text, expected) in [
            ("a/b", "/a/b"),
            ("/a/b", "/a/b"),
            ("./a//b/", "/a/b"),
            ("/", "/"),
            ("", "/"),
            (".", "/"),
        ] {
            assert_eq!(EntryPath::new(text).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn paths_that_lead_out_are_refused() {
        let (long, deep) = ("a".repeat(5000), "a/".repeat(300));
        for bad in ["..", "a/../b", "/..", "a\0b", &long, &deep] {
            assert!(EntryPath::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn parents() {
        let path = EntryPath::new("a/b/c").unwrap();
        let prefixes: Vec<String> = path.prefixes().map(|p| p.to_string()).collect();
        assert_eq!(prefixes, ["/a", "/a/b", "/a/b/c"]);
        assert_eq!(path.parent().to_string(), "/a/b");
        assert_eq!(path.parent().parent().parent().to_string(), "/");
        assert_eq!(EntryPath::default().prefixes().count(), 0);
    }
}
