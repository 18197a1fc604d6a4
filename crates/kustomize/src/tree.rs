use std::collections::{BTreeMap, BTreeSet};

/// The files that a build may see, by path relative to the tree's root, with `/` between names.
///
/// ```
/// let mut tree = towpath_kustomize::FileTree::default();
/// tree.insert("app/kustomization.yaml", b"resources: [web.yaml]".to_vec());
/// assert!(tree.is_folder("app"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct FileTree {
    files: BTreeMap<String, Vec<u8>>,
    folders: BTreeSet<String>,
    links: BTreeMap<String, String>,
    remotes: BTreeMap<String, Remote>,
}

/// What the caller has fetched for a URL that a kustomization names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remote {
    /// The file, or the folder with the kustomization, in the tree.
    pub path: String,
    /// For `originAnnotations`: the repository as git is told it; empty for a file.
    pub repo: String,
    /// The branch, tag or commit, as far as the URL names one.
    pub git_ref: String,
    /// The folder in the repository.
    pub folder: String,
}

impl FileTree {
    /// Adds a file. `.`, `..` and empty names in the path are resolved; what would leave the root is not
    /// added, which the answer says.
    pub fn insert(&mut self, path: &str, content: Vec<u8>) -> bool {
        let Some(path) = join("", path) else {
            return false;
        };
        let parents = path
            .match_indices('/')
            .map(|(end, _)| path[..end].to_owned());
        self.folders.extend(parents);
        self.files.insert(path, content);
        true
    }

    /// Adds a folder, also one without files.
    pub fn insert_folder(&mut self, path: &str) {
        self.folders.extend(join("", path));
    }

    /// Makes `path` another name of the folder `target`: what is relative to it is relative to that.
    pub fn insert_link(&mut self, path: &str, target: &str) {
        if let (Some(path), Some(target)) = (join("", path), join("", target)) {
            self.links.insert(path, target);
        }
    }

    /// Says what a URL stands for.
    pub fn insert_remote(&mut self, url: &str, remote: Remote) {
        self.remotes.insert(url.to_owned(), remote);
    }

    pub(crate) fn remote(&self, url: &str) -> Option<&Remote> {
        self.remotes.get(url)
    }

    /// The folder that a name means.
    pub(crate) fn follow(&self, path: String) -> String {
        self.links.get(&path).cloned().unwrap_or(path)
    }

    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// Whether a file lies below this path; the root is a folder always.
    pub fn is_folder(&self, path: &str) -> bool {
        path.is_empty() || self.folders.contains(path)
    }
}

/// The path that `relative` means in the folder `base`, none where it leaves the tree's root. The empty
/// path is the root.
pub(crate) fn join(base: &str, relative: &str) -> Option<String> {
    let mut names: Vec<&str> = base.split('/').filter(|name| !name.is_empty()).collect();
    for name in relative.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop()?;
            }
            name => names.push(name),
        }
    }
    Some(names.join("/"))
}

/// Whether `path` is `folder` or lies below it.
pub(crate) fn is_within(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_tree() {
        assert_eq!(join("a/b", "../c/./d"), Some("a/c/d".to_owned()));
        assert_eq!(join("a", ".."), Some(String::new()));
        assert_eq!(join("a", "../.."), None);
        assert!(is_within("a/b", "a") && is_within("a", "") && !is_within("ab", "a"));
    }
}
