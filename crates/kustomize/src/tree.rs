use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use towpath_model::{Diagnostic, Diagnostics};

use crate::chart::Chart;
use crate::kustomization::{self, Kustomization};
use crate::objects;
use crate::resource::Resource;

/// The files that a build may see, by path relative to the tree's root, with `/` between names.
///
/// ```
/// let mut tree = towpath_kustomize::FileTree::default();
/// tree.insert("app/kustomization.yaml", b"resources: [web.yaml]".to_vec());
/// assert!(tree.is_folder("app"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct FileTree {
    files: BTreeMap<String, Arc<File>>,
    keeps_parsed: bool,
    folders: BTreeSet<String>,
    links: BTreeMap<String, String>,
    remotes: BTreeMap<String, Remote>,
    charts: Vec<(Chart, Arc<str>)>,
}

/// A file, and what was found in it when [`FileTree::keep_parsed`] asks for that.
#[derive(Debug, Default)]
pub(crate) struct File {
    pub(crate) content: Vec<u8>,
    objects: OnceLock<Vec<Resource>>,
    kustomization: OnceLock<Arc<Kustomization>>,
}

/// What the caller has fetched for a URL that a kustomization names.
///
/// ```
/// use towpath_kustomize::{FileTree, Options, Remote, build};
/// let mut tree = FileTree::default();
/// tree.insert("kustomization.yaml", b"resources: ['https://example.com/web.yaml']".to_vec());
/// tree.insert("fetched/web.yaml", b"kind: A\nmetadata: {name: a}\n".to_vec());
/// let remote = Remote { path: "fetched/web.yaml".to_owned(), ..Remote::default() };
/// tree.insert_remote("https://example.com/web.yaml", remote);
/// assert!(build(&tree, "", &Options::default()).is_ok());
/// ```
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
    /// Remembers what was read in each file, for all builds of this tree and its copies: overlays then share
    /// the reading of their base, and what has not changed is not read again. It costs several times the
    /// memory of the files.
    ///
    /// ```
    /// use towpath_kustomize::{FileTree, Options, build};
    /// let mut tree = FileTree::default();
    /// tree.keep_parsed();
    /// tree.insert("base/kustomization.yaml", b"resources: [web.yaml]\n".to_vec());
    /// tree.insert("base/web.yaml", b"apiVersion: v1\nkind: Service\nmetadata: {name: web}\n".to_vec());
    /// for name in ["test", "live"] {
    ///     let overlay = format!("resources: [../base]\nnamePrefix: {name}-\n");
    ///     tree.insert(&format!("{name}/kustomization.yaml"), overlay.into_bytes());
    ///     let built = build(&tree, name, &Options::default()).unwrap();
    ///     assert!(built.yaml.contains(&format!("{name}-web")));
    /// }
    /// ```
    pub fn keep_parsed(&mut self) {
        self.keeps_parsed = true;
    }

    /// Adds a file. `.`, `..` and empty names in the path are resolved; what would leave the root is not
    /// added, which the answer says.
    ///
    /// ```
    /// let mut tree = towpath_kustomize::FileTree::default();
    /// assert!(tree.insert("app/./base/../web.yaml", b"kind: A".to_vec()));
    /// assert!(!tree.insert("app/../../web.yaml", b"kind: A".to_vec()));
    /// assert_eq!(tree.file("app/web.yaml"), Some(&b"kind: A"[..]));
    /// ```
    pub fn insert(&mut self, path: &str, content: Vec<u8>) -> bool {
        let Some(path) = join("", path) else {
            return false;
        };
        let parents = path
            .match_indices('/')
            .map(|(end, _)| path[..end].to_owned());
        self.folders.extend(parents);
        let file = File {
            content,
            ..File::default()
        };
        self.files.insert(path, Arc::new(file));
        true
    }

    /// Adds a folder, also one without files.
    ///
    /// ```
    /// let mut tree = towpath_kustomize::FileTree::default();
    /// tree.insert_folder("empty");
    /// assert!(tree.is_folder("empty") && !tree.is_folder("absent"));
    /// ```
    pub fn insert_folder(&mut self, path: &str) {
        self.folders.extend(join("", path));
    }

    /// Makes `path` another name of the folder `target`: what is relative to it is relative to that.
    ///
    /// ```
    /// use towpath_kustomize::{FileTree, Options, build};
    /// let mut tree = FileTree::default();
    /// tree.insert("kustomization.yaml", b"resources: [latest]".to_vec());
    /// tree.insert("v2/kustomization.yaml", b"resources: [web.yaml]".to_vec());
    /// tree.insert("v2/web.yaml", b"kind: A\nmetadata: {name: a}\n".to_vec());
    /// tree.insert_link("latest", "v2");
    /// assert!(build(&tree, "", &Options::default()).is_ok());
    /// ```
    pub fn insert_link(&mut self, path: &str, target: &str) {
        if let (Some(path), Some(target)) = (join("", path), join("", target)) {
            self.links.insert(path, target);
        }
    }

    /// Says what a URL stands for; see [`Remote`] for an example.
    pub fn insert_remote(&mut self, url: &str, remote: Remote) {
        self.remotes.insert(url.to_owned(), remote);
    }

    pub(crate) fn remote(&self, url: &str) -> Option<&Remote> {
        self.remotes.get(url)
    }

    /// Says what helm has rendered for a chart that [`charts`](crate::charts) has told of; see [`Chart`] for an
    /// example.
    pub fn insert_chart(&mut self, chart: Chart, rendered: String) {
        self.charts.push((chart, rendered.into()));
    }

    pub(crate) fn chart(&self, wanted: &Chart) -> Option<&str> {
        let mut charts = self.charts.iter();
        let (_, rendered) = charts.find(|(chart, _)| chart == wanted)?;
        Some(rendered)
    }

    /// The folder that a name means.
    pub(crate) fn follow(&self, path: String) -> String {
        self.links.get(&path).cloned().unwrap_or(path)
    }

    /// What a file holds.
    ///
    /// ```
    /// let tree = towpath_kustomize::FileTree::default();
    /// assert_eq!(tree.file("kustomization.yaml"), None);
    /// ```
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        Some(&self.get(path)?.content)
    }

    pub(crate) fn get(&self, path: &str) -> Option<&File> {
        self.files.get(path).map(Arc::as_ref)
    }

    /// The objects of a file of this tree, and `path` its name.
    ///
    /// # Errors
    /// As [`objects::read`].
    pub(crate) fn objects(
        &self,
        path: &str,
        file: &File,
        text: &str,
    ) -> Result<Vec<Resource>, Diagnostic> {
        if !self.keeps_parsed {
            return objects::read(path, text);
        }
        if let Some(objects) = file.objects.get() {
            return Ok(objects.clone());
        }
        let read = objects::read(path, text)?;
        Ok(file.objects.get_or_init(|| read).clone())
    }

    /// The same for a kustomization.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn kustomization(
        &self,
        path: &str,
        file: &File,
        text: &str,
    ) -> Result<Arc<Kustomization>, Diagnostics> {
        if let Some(kustomization) = file.kustomization.get() {
            return Ok(kustomization.clone());
        }
        let read = Arc::new(kustomization::read(path, text)?);
        if self.keeps_parsed {
            file.kustomization.get_or_init(|| read.clone());
        }
        Ok(read)
    }

    /// Whether a file lies below this path; the root is a folder always.
    ///
    /// ```
    /// let mut tree = towpath_kustomize::FileTree::default();
    /// tree.insert("app/web.yaml", Vec::new());
    /// assert!(tree.is_folder("") && tree.is_folder("app") && !tree.is_folder("app/web.yaml"));
    /// ```
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
