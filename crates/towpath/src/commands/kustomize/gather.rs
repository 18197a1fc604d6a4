//! Reads what a kustomization names, and what those name in turn: the build itself touches no disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use towpath_kustomize::{FileTree, LoadRestrictor};
use towpath_yaml::{Kind, Node};

const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Fields that name files which name files.
const PLUGINS: [&str; 4] = ["generators", "transformers", "validators", "replacements"];

pub struct Gathered {
    pub tree: FileTree,
    /// What is to be built, in the tree.
    pub folder: String,
    root: PathBuf,
}

impl Gathered {
    /// A path of the tree, relative to the working directory where it is below that.
    pub fn shown(&self, path: &str) -> String {
        let path = self.root.join(path);
        let here = std::env::current_dir().unwrap_or_default();
        let shown = path.strip_prefix(&here).unwrap_or(&path);
        shown.display().to_string()
    }
}

/// Every text in a kustomization that is the path of something there is taken for one. What the load
/// restrictor forbids is left to the build to refuse, but for links that lead out of the folder.
pub fn gather(folder: &Path, restrictor: LoadRestrictor) -> Result<Gathered> {
    let start = folder
        .canonicalize()
        .with_context(|| format!("cannot read {}", folder.display()))?;
    if !start.is_dir() {
        bail!("{} is not a folder", folder.display());
    }
    let mut gatherer = Gatherer {
        restrictor,
        files: BTreeMap::new(),
        folders: BTreeSet::from([start.clone()]),
        queue: vec![start.clone()],
    };
    while let Some(folder) = gatherer.queue.pop() {
        gatherer.folder(&folder)?;
    }
    gatherer.finish(&start)
}

struct Gatherer {
    restrictor: LoadRestrictor,
    files: BTreeMap<PathBuf, Vec<u8>>,
    folders: BTreeSet<PathBuf>,
    queue: Vec<PathBuf>,
}

impl Gatherer {
    fn folder(&mut self, folder: &Path) -> Result<()> {
        for name in KUSTOMIZATIONS {
            let path = folder.join(name);
            if path.is_file() {
                self.file(folder, &path)?;
                self.named_in(folder, &path)?;
            }
        }
        Ok(())
    }

    fn named_in(&mut self, folder: &Path, kustomization: &Path) -> Result<()> {
        let documents = self.documents(kustomization);
        for root in &documents {
            for text in texts(root) {
                self.named(folder, text)?;
            }
            let plugins = PLUGINS.iter().filter_map(|field| root.get(field));
            for text in plugins.flat_map(texts) {
                self.plugin(folder, text)?;
            }
        }
        Ok(())
    }

    /// A plugin is a file or stands in the kustomization itself.
    fn plugin(&mut self, folder: &Path, text: &str) -> Result<()> {
        let documents = match text.contains('\n') {
            true => parse(text),
            false => self.documents(&lexical(&folder.join(text))),
        };
        for text in documents.iter().flat_map(texts) {
            self.named(folder, text)?;
        }
        Ok(())
    }

    /// `path` or, of a generator, `key=path`.
    fn named(&mut self, folder: &Path, text: &str) -> Result<()> {
        let value = text.split_once('=').map(|(_, value)| value);
        for path in [Some(text), value].into_iter().flatten() {
            if path.is_empty() || path.contains(['\n', '\0']) || path.len() > 4096 {
                continue;
            }
            let path = lexical(&folder.join(path));
            if path.is_file() {
                self.file(folder, &path)?;
            } else if path.is_dir() && self.folders.insert(path.clone()) {
                self.queue.push(path);
            }
        }
        Ok(())
    }

    fn file(&mut self, folder: &Path, path: &Path) -> Result<()> {
        if self.files.contains_key(path) || self.is_link_out(folder, path)? {
            return Ok(());
        }
        let content = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        self.files.insert(path.to_owned(), content);
        Ok(())
    }

    fn is_link_out(&self, folder: &Path, path: &Path) -> Result<bool> {
        let real = path
            .canonicalize()
            .with_context(|| format!("cannot read {}", path.display()))?;
        let stays = real == path || real.starts_with(folder.canonicalize()?);
        Ok(!stays && self.restrictor == LoadRestrictor::RootOnly)
    }

    /// What is no YAML is left to the build to say.
    fn documents(&self, path: &Path) -> Vec<Node> {
        let text = self
            .files
            .get(path)
            .map(|content| std::str::from_utf8(content));
        match text {
            Some(Ok(text)) => parse(text),
            _ => Vec::new(),
        }
    }

    fn finish(self, start: &Path) -> Result<Gathered> {
        let folders = self.folders.iter().map(PathBuf::as_path);
        let parents = self.files.keys().filter_map(|path| path.parent());
        let root = folders.chain(parents).fold(start.to_owned(), common);
        let mut tree = FileTree::default();
        for (path, content) in self.files {
            tree.insert(&relative(&path, &root)?, content);
        }
        Ok(Gathered {
            tree,
            folder: relative(start, &root)?,
            root,
        })
    }
}

fn parse(text: &str) -> Vec<Node> {
    let documents = towpath_yaml::parse("", text).unwrap_or_default();
    documents
        .into_iter()
        .map(|document| document.root)
        .collect()
}

/// All texts in a tree of nodes.
fn texts(node: &Node) -> Vec<&str> {
    match node.kind() {
        Kind::String(text) => vec![text],
        Kind::Sequence(items) => items.iter().flat_map(texts).collect(),
        Kind::Mapping(entries) => {
            let values = entries.iter().map(|entry| &entry.value);
            values.flat_map(texts).collect()
        }
        _ => Vec::new(),
    }
}

/// Without `.` and `..`, links not resolved.
fn lexical(path: &Path) -> PathBuf {
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

fn common(one: PathBuf, other: &Path) -> PathBuf {
    let shared = one.components().zip(other.components());
    shared
        .take_while(|(a, b)| a == b)
        .map(|(part, _)| part)
        .collect()
}

fn relative(path: &Path, root: &Path) -> Result<String> {
    let text = path.strip_prefix(root)?.to_str();
    text.map(str::to_owned)
        .with_context(|| format!("{} is not UTF-8", path.display()))
}
