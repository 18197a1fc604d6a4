//! Reads what a kustomization may need into memory: its file, what that names, and so on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use towpath_kustomize::{FileTree, LoadRestrictor, Remote};
use towpath_model::{Diagnostic, Location};
use towpath_yaml::{Kind, Node};

use super::git_url;
use super::paths::{clean, common, relative, shown};
use super::remote::Fetched;

/// What one build may read in all.
const MOST_FILES: usize = 100_000;
const MOST_BYTES: u64 = 512 << 20;

pub const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Fields that name files or folders with more of the same.
pub const FOLDERS: [&str; 6] = [
    "resources",
    "bases",
    "components",
    "generators",
    "transformers",
    "validators",
];

/// Fields that may name URLs.
const REMOTE: [&str; 3] = ["resources", "bases", "components"];

/// Fields whose files name files themselves.
const PLUGINS: [&str; 3] = ["generators", "transformers", "validators"];

/// Fields that name no file.
pub const PATHLESS: [&str; 15] = [
    "apiVersion",
    "kind",
    "metadata",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "images",
    "imageTags",
    "replicas",
    "vars",
    "sortOptions",
    "buildMetadata",
];

/// What was read.
pub struct Gathered {
    pub tree: FileTree,
    /// The folder that is the tree's root: the deepest that holds all of it.
    pub root: PathBuf,
    /// The kustomization's folder in the tree.
    pub folder: String,
    /// Paths of the tree's files.
    pub files: BTreeSet<String>,
    /// Folders of the tree by other names.
    pub links: BTreeMap<String, String>,
    /// What was not read and why: the reason of a build that fails for want of it.
    pub refused: Vec<Diagnostic>,
    /// URLs that stand for files and folders which nobody has fetched.
    pub unfetched: BTreeSet<String>,
}

impl Gathered {
    /// The tree of a kustomization's file in a folder of the tree, and the file's path.
    pub fn kustomization(&self, folder: &str) -> Option<(String, Node)> {
        let paths = NAMES.iter().map(|name| in_folder(folder, name));
        let path = paths.into_iter().find(|path| self.files.contains(path))?;
        let text = std::str::from_utf8(self.tree.file(&path)?).ok()?;
        let (documents, _) = towpath_yaml::parse_last_counts(&path, text).ok()?;
        let root = documents.into_iter().next()?.root;
        Some((path, root))
    }

    /// What a text of a kustomization in `folder` names, as a path of the tree.
    pub fn named(&self, folder: &str, text: &str) -> Option<String> {
        let path = clean(&self.root.join(folder).join(text));
        let path = relative(&self.root, &path)?;
        Some(self.links.get(&path).cloned().unwrap_or(path))
    }
}

/// The path of a name in a folder of the tree.
pub fn in_folder(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

/// Reads all that the kustomization in `dir` may need, without what is remote.
///
/// # Errors
/// When `dir` is no folder, a file cannot be read, or all is too large.
pub fn gather(dir: &Path, restrictor: LoadRestrictor) -> Result<Gathered> {
    gather_with(dir, restrictor, &BTreeMap::new())
}

/// The same, with what was fetched for URLs.
pub fn gather_with(
    dir: &Path,
    restrictor: LoadRestrictor,
    fetched: &BTreeMap<String, Fetched>,
) -> Result<Gathered> {
    let top = dir
        .canonicalize()
        .with_context(|| format!("cannot read the folder {}", dir.display()))?;
    if !top.is_dir() {
        bail!("{} is not a folder", dir.display());
    }
    let mut reading = Reading {
        restrictor,
        fetched: fetched.clone(),
        ..Reading::default()
    };
    reading.waiting.push(top.clone());
    while let Some(folder) = reading.waiting.pop() {
        reading.kustomization(&folder)?;
    }
    reading.into_tree(&top)
}

#[derive(Default)]
struct Reading {
    restrictor: LoadRestrictor,
    files: BTreeMap<PathBuf, Vec<u8>>,
    folders: BTreeSet<PathBuf>,
    /// Folders by a name that is a link, or leads through one.
    links: BTreeMap<PathBuf, PathBuf>,
    waiting: Vec<PathBuf>,
    refused: Vec<Diagnostic>,
    fetched: BTreeMap<String, Fetched>,
    /// URLs that are used.
    remotes: BTreeMap<String, Fetched>,
    unfetched: BTreeSet<String>,
    bytes: u64,
}

/// The place of a kustomization that names paths.
struct Place<'p> {
    folder: &'p Path,
    file: &'p Path,
    /// The field.
    field: &'p str,
}

impl Reading {
    fn kustomization(&mut self, folder: &Path) -> Result<()> {
        if !self.folders.insert(folder.to_owned()) {
            return Ok(());
        }
        for path in NAMES.map(|name| folder.join(name)) {
            if path.is_file() {
                self.file(&path)?;
                self.named_by(folder, &path)?;
            }
        }
        Ok(())
    }

    /// Reads what a kustomization file names. One that is not YAML names nothing: the build says so.
    fn named_by(&mut self, folder: &Path, file: &Path) -> Result<()> {
        let Some(documents) = self.documents(file) else {
            return Ok(());
        };
        for document in &documents {
            let entries = document.root.entries().iter();
            for entry in entries.filter(|entry| !PATHLESS.contains(&entry.name())) {
                let field = entry.name();
                let place = Place {
                    folder,
                    file,
                    field,
                };
                self.named_in(&place, &entry.value)?;
            }
        }
        Ok(())
    }

    fn documents(&self, file: &Path) -> Option<Vec<towpath_yaml::Document>> {
        let text = std::str::from_utf8(self.files.get(file)?).ok()?;
        // The build tells what is wrong, and which keys stand twice.
        let (documents, _) = towpath_yaml::parse_last_counts(file.to_str()?, text).ok()?;
        Some(documents)
    }

    /// Whatever text of the field is the path of something is taken for that.
    fn named_in(&mut self, place: &Place<'_>, node: &Node) -> Result<()> {
        match node.kind() {
            Kind::Sequence(items) => items.iter().try_for_each(|item| self.named_in(place, item)),
            Kind::Mapping(entries) => entries
                .iter()
                .try_for_each(|entry| self.named_in(place, &entry.value)),
            Kind::String(text) if text.contains('\n') => self.inline(place, text),
            _ => {
                let text = node.text().unwrap_or_default();
                self.named(place, node, text)?;
                match text.split_once('=') {
                    Some((_, path)) => self.named(place, node, path),
                    None => Ok(()),
                }
            }
        }
    }

    /// A plugin that is written in the kustomization itself.
    fn inline(&mut self, place: &Place<'_>, text: &str) -> Result<()> {
        if !PLUGINS.contains(&place.field) {
            return Ok(());
        }
        let documents = towpath_yaml::parse("inline", text).unwrap_or_default();
        documents
            .iter()
            .try_for_each(|document| self.named_in(place, &document.root))
    }

    fn named(&mut self, place: &Place<'_>, node: &Node, text: &str) -> Result<()> {
        let is_path = !text.is_empty() && text.len() < 4096 && !text.contains('\0');
        if !is_path || text.starts_with('/') {
            return Ok(());
        }
        let path = clean(&place.folder.join(text));
        let Ok(canonical) = path.canonicalize() else {
            return self.url(place, text);
        };
        if canonical.is_dir() {
            if FOLDERS.contains(&place.field) && self.is_outside(place, &canonical) {
                self.refuse(place, node, text, &canonical);
            } else if FOLDERS.contains(&place.field) {
                self.folder(path, canonical);
            }
            return Ok(());
        }
        if !canonical.is_file() || self.files.contains_key(&path) {
            return Ok(());
        }
        if self.leaves(place, &path, &canonical) {
            self.refuse(place, node, text, &canonical);
            return Ok(());
        }
        self.file(&path)?;
        match PLUGINS.contains(&place.field) {
            true => self.plugin(place, &path),
            false => Ok(()),
        }
    }

    fn url(&mut self, place: &Place<'_>, text: &str) -> Result<()> {
        let is_url = text.contains("://") || git_url::parse(text).is_some();
        if !is_url || !REMOTE.contains(&place.field) {
            return Ok(());
        }
        let Some(fetched) = self.fetched.get(text).cloned() else {
            self.unfetched.insert(text.to_owned());
            return Ok(());
        };
        self.remotes.insert(text.to_owned(), fetched.clone());
        match fetched.path.is_dir() {
            true => {
                self.waiting.push(fetched.path);
                Ok(())
            }
            false => self.file(&fetched.path),
        }
    }

    /// Whether a folder lies outside of the repository that names it.
    fn is_outside(&self, place: &Place<'_>, folder: &Path) -> bool {
        let roots = self.fetched.values().map(|fetched| &fetched.root);
        let mut own = roots.filter(|root| place.folder.starts_with(root));
        own.any(|root| !folder.starts_with(root))
    }

    /// Paths in a plugin's file are relative to the kustomization that names it.
    fn plugin(&mut self, place: &Place<'_>, file: &Path) -> Result<()> {
        let documents = self.documents(file).unwrap_or_default();
        documents
            .iter()
            .try_for_each(|document| self.named_in(place, &document.root))
    }

    fn folder(&mut self, path: PathBuf, canonical: PathBuf) {
        if path != canonical {
            self.links.insert(path, canonical.clone());
        }
        self.waiting.push(canonical);
    }

    /// Whether a link leads out of the kustomization's folder; what leaves it by its name is the build's.
    fn leaves(&self, place: &Place<'_>, path: &Path, canonical: &Path) -> bool {
        self.restrictor == LoadRestrictor::RootOnly
            && path.starts_with(place.folder)
            && !canonical.starts_with(place.folder)
    }

    fn refuse(&mut self, place: &Place<'_>, node: &Node, text: &str, canonical: &Path) {
        let message = format!(
            "security; file `{text}` is `{}`, which is not in or below `{}`",
            canonical.display(),
            place.folder.display()
        );
        let location: Location = node.location(&shown(place.file));
        self.refused.push(
            Diagnostic::new(location, message)
                .help("put the file there, or build with --load-restrictor LoadRestrictionsNone"),
        );
    }

    fn file(&mut self, path: &Path) -> Result<()> {
        let mut content = Vec::new();
        let left = MOST_BYTES - self.bytes;
        let file = fs::File::open(path);
        let read = file.and_then(|file| file.take(left + 1).read_to_end(&mut content));
        let read = read.with_context(|| format!("cannot read {}", shown(path)))? as u64;
        if read > left || self.files.len() >= MOST_FILES {
            bail!(
                "the files of this kustomization are more than {MOST_FILES} or {} MiB",
                MOST_BYTES >> 20
            );
        }
        self.bytes += read;
        self.files.insert(path.to_owned(), content);
        Ok(())
    }

    fn into_tree(self, top: &Path) -> Result<Gathered> {
        let files = self.files.keys().filter_map(|file| file.parent());
        let all = files.chain(self.folders.iter().map(PathBuf::as_path));
        let all = all.chain(self.links.keys().map(PathBuf::as_path));
        let all = all.chain(self.remotes.values().map(|fetched| fetched.path.as_path()));
        let root = all.fold(top.to_owned(), |root, path| common(&root, path));
        let inside = |path: &Path| {
            relative(&root, path).with_context(|| format!("{} is not UTF-8", path.display()))
        };
        let mut tree = FileTree::default();
        for folder in &self.folders {
            tree.insert_folder(&inside(folder)?);
        }
        let mut links = BTreeMap::new();
        for (path, target) in &self.links {
            links.insert(inside(path)?, inside(target)?);
        }
        for (path, target) in &links {
            tree.insert_link(path, target);
        }
        for (url, fetched) in self.remotes {
            let path = inside(&fetched.path)?;
            let remote = fetched.remote;
            tree.insert_remote(&url, Remote { path, ..remote });
        }
        let mut files = BTreeSet::new();
        for (path, content) in self.files {
            let path = inside(&path)?;
            tree.insert(&path, content);
            files.insert(path);
        }
        Ok(Gathered {
            tree,
            folder: inside(top)?,
            files,
            links,
            refused: self.refused,
            unfetched: self.unfetched,
            root,
        })
    }
}
