use crate::dockerfile::Word;
use crate::glob::{Glob, is_glob};
use crate::tree::{Kind, Node, Tree};
use crate::tree_path::TreePath;

use towpath_model::Diagnostic;

use super::{CopyError, missing};

/// More files than this in one `COPY` are refused: the wrong folder was meant.
const MAX_FILES: usize = 1_000_000;

/// A source of a `COPY`, found.
#[derive(Clone, Debug)]
pub(crate) struct Gathered {
    /// A file, or a folder whose content is meant.
    pub(crate) top: Node,
    /// What it is called at the destination, when that is a folder: the name as written, not that of what a
    /// link points to.
    pub(crate) name: TreePath,
    /// Everything in the folder, parents first, in the order of names.
    pub(crate) below: Vec<Node>,
}

/// Finds what `path`, the expanded `word`, means in the tree: one file or folder, or all that a pattern
/// matches, which may be none. A leading `/` or `..` cannot leave the tree.
pub(crate) fn gather(tree: &Tree, word: &Word, path: &str) -> Result<Vec<Gathered>, CopyError> {
    let clean = TreePath::new(path);
    let tops = if is_glob(path) {
        matches(tree, word, &clean)?
    } else {
        vec![named(tree, word, &clean)?]
    };
    let mut gathered = Vec::new();
    for (top, name) in tops {
        let below = below(tree, word, &top)?;
        gathered.push(Gathered { top, name, below });
    }
    Ok(gathered)
}

fn named(tree: &Tree, word: &Word, path: &TreePath) -> Result<(Node, TreePath), CopyError> {
    let found = tree.find(path).map_err(CopyError::io(path))?;
    let Some(node) = found else {
        return Err(missing::explain(tree, word, path)?.into());
    };
    Ok((node, name_of(path)))
}

fn name_of(path: &TreePath) -> TreePath {
    path.file_name().map(TreePath::new).unwrap_or_default()
}

/// Links are followed in what stands before the first pattern only, as BuildKit does.
fn matches(tree: &Tree, word: &Word, path: &TreePath) -> Result<Vec<(Node, TreePath)>, CopyError> {
    let mut found = vec![TreePath::default()];
    let mut globbing = false;
    for component in path.as_path().components() {
        let text = component.as_os_str().to_string_lossy();
        globbing = globbing || is_glob(&text);
        found = if globbing {
            let glob = Glob::new(&text).map_err(|error| {
                let message = format!("`{}`: {error}", word.raw);
                Diagnostic::new(word.location.clone(), message)
                    .help("escape `[` as `[[]`; patterns are those of Go's filepath.Match")
            })?;
            children_matching(tree, &found, &glob)?
        } else {
            vec![found.remove(0).join(component)]
        };
    }
    let mut nodes = Vec::new();
    for path in found {
        let node = tree.find(&path).map_err(CopyError::io(&path))?;
        nodes.extend(node.map(|node| (node, name_of(&path))));
    }
    Ok(nodes)
}

fn children_matching(
    tree: &Tree,
    folders: &[TreePath],
    glob: &Glob,
) -> Result<Vec<TreePath>, CopyError> {
    let mut matching = Vec::new();
    for folder in folders {
        let folder = tree.resolve(folder).map_err(CopyError::io(folder))?;
        let node = tree.node(&folder).map_err(CopyError::io(&folder))?;
        if !node.is_some_and(|node| node.is_folder()) {
            continue;
        }
        let children = tree.children(&folder).map_err(CopyError::io(&folder))?;
        let matched = children
            .into_iter()
            .filter(|node| glob.matches(node.name()));
        matching.extend(matched.map(|node| node.path));
    }
    Ok(matching)
}

fn below(tree: &Tree, word: &Word, top: &Node) -> Result<Vec<Node>, CopyError> {
    refuse_special(word, top)?;
    let mut below = Vec::new();
    let mut folders = Vec::new();
    if top.is_folder() {
        folders.push(top.path.clone());
    }
    while let Some(folder) = folders.pop() {
        let children = tree.children(&folder).map_err(CopyError::io(&folder))?;
        for child in children {
            refuse_special(word, &child)?;
            if child.is_folder() {
                folders.push(child.path.clone());
            }
            below.push(child);
        }
        if below.len() > MAX_FILES {
            let message = format!("`{}` holds more than {MAX_FILES} files", word.raw);
            return Err(Diagnostic::new(word.location.clone(), message)
                .help("name what is not meant in .dockerignore")
                .into());
        }
    }
    below.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(below)
}

fn refuse_special(word: &Word, node: &Node) -> Result<(), CopyError> {
    if node.kind != Kind::Special {
        return Ok(());
    }
    let message = format!(
        "{} is a device, pipe or socket, which cannot be copied",
        node.path
    );
    Err(Diagnostic::new(word.location.clone(), message)
        .help("name it in .dockerignore")
        .into())
}
