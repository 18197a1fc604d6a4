//! Paths by their names alone, without a look at the disk.

use std::path::{Component, Path, PathBuf};

use towpath_model::{Diagnostic, Diagnostics};

/// `.` and `..` resolved; `..` at the root stays there.
pub fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    clean
}

/// The folder that holds both.
pub fn common(a: &Path, b: &Path) -> PathBuf {
    let same = a.components().zip(b.components());
    same.take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
}

/// The path below `root` with `/` between names; none for what is not UTF-8 or not below.
pub fn relative(root: &Path, path: &Path) -> Option<String> {
    Some(path.strip_prefix(root).ok()?.to_str()?.to_owned())
}

/// As the user would write the path: relative where it lies below the working folder.
pub fn shown(path: &Path) -> String {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    let relative = here
        .ok()
        .and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    relative
        .unwrap_or_else(|| path.to_owned())
        .display()
        .to_string()
}

/// The same diagnostics about files that the user knows, instead of those of the tree at `root`.
pub fn located(diagnostics: Diagnostics, root: &Path) -> Diagnostics {
    let located = diagnostics.0.into_iter().map(|mut diagnostic: Diagnostic| {
        diagnostic.location.file = shown(&root.join(&diagnostic.location.file));
        diagnostic
    });
    Diagnostics(located.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_resolved() {
        assert_eq!(clean(Path::new("/a/./b/../c")), Path::new("/a/c"));
        assert_eq!(clean(Path::new("/../a")), Path::new("/a"));
        assert_eq!(
            common(Path::new("/a/b"), Path::new("/a/bc")),
            Path::new("/a")
        );
        assert_eq!(
            relative(Path::new("/a"), Path::new("/a/b/c")),
            Some("b/c".to_owned())
        );
    }
}
