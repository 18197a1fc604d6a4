use std::ffi::OsStr;
use std::fmt;
use std::path::{Component, Path, PathBuf};

/// A place in a file tree, as seen from its root: no `.`, no `..`, no links left to follow when
/// [`Tree`](crate::tree::Tree) gives it. Empty is the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TreePath(PathBuf);

impl TreePath {
    /// Reads a path, absolute or relative to the root. `..` at the root stays there, as in `chroot`.
    pub(crate) fn new(path: impl AsRef<Path>) -> Self {
        Self::default().join(path)
    }

    /// A path as seen from here: an absolute one from the root.
    pub(crate) fn join(&self, path: impl AsRef<Path>) -> Self {
        let mut joined = self.0.clone();
        for component in path.as_ref().components() {
            match component {
                Component::Prefix(_) | Component::CurDir => {}
                Component::RootDir => joined.clear(),
                Component::ParentDir => {
                    joined.pop();
                }
                Component::Normal(name) => joined.push(name),
            }
        }
        Self(joined)
    }

    /// The folder it is in; the root is in itself.
    pub(crate) fn parent(&self) -> Self {
        Self(self.0.parent().map(Path::to_owned).unwrap_or_default())
    }

    pub(crate) fn file_name(&self) -> Option<&OsStr> {
        self.0.file_name()
    }

    pub(crate) fn is_root(&self) -> bool {
        self.0.as_os_str().is_empty()
    }

    /// Relative to the root.
    pub(crate) fn as_path(&self) -> &Path {
        &self.0
    }

    /// The folders on the way, root excluded, and the path itself last.
    pub(crate) fn prefixes(&self) -> Vec<TreePath> {
        let mut prefixes: Vec<_> = self
            .0
            .ancestors()
            .filter(|path| !path.as_os_str().is_empty())
            .map(|path| Self(path.to_owned()))
            .collect();
        prefixes.reverse();
        prefixes
    }

    /// This path below `base`, moved to below `to`.
    pub(crate) fn moved(&self, base: &TreePath, to: &TreePath) -> Self {
        let relative = self.0.strip_prefix(&base.0).unwrap_or(&self.0);
        Self(to.0.join(relative))
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.0.display())
    }
}

#[cfg(test)]
mod tests {
    use super::TreePath;

    #[test]
    fn paths_stay_below_the_root() {
        let cases = [
            ("", "/"),
            ("/", "/"),
            (".", "/"),
            ("a/./b//c/", "/a/b/c"),
            ("/a/../../b", "/b"),
            ("../../../etc", "/etc"),
        ];
        for (path, expected) in cases {
            assert_eq!(TreePath::new(path).to_string(), expected, "{path}");
        }
        let base = TreePath::new("app/src");
        assert_eq!(base.join("../x").to_string(), "/app/x");
        assert_eq!(base.join("/x").to_string(), "/x");
        assert_eq!(base.prefixes().len(), 2);
    }
}
