use towpath_model::Diagnostic;

use super::CopyError;
use crate::dockerfile::Word;
use crate::nearest::nearest;
use crate::tree::Tree;
use crate::tree_path::TreePath;

/// So many names are shown of what is there.
const SHOWN: usize = 8;

/// Says that a source is not there, and what is near.
pub(crate) fn explain(tree: &Tree, word: &Word, path: &TreePath) -> Result<Diagnostic, CopyError> {
    let error = Diagnostic::new(word.location.clone(), format!("{path} is not there"));
    let hidden = tree
        .without_ignore()
        .find(path)
        .map_err(CopyError::io(path))?;
    if hidden.is_some() {
        return Ok(error.help("the file is there, but .dockerignore takes it out of the context"));
    }
    let folder = deepest_folder(tree, path)?;
    let names: Vec<String> = tree
        .children(&folder)
        .map_err(CopyError::io(&folder))?
        .iter()
        .map(|node| String::from_utf8_lossy(node.name()).into_owned())
        .collect();
    let wanted = path
        .as_path()
        .components()
        .nth(folder.as_path().components().count())
        .map(|component| component.as_os_str().to_string_lossy().into_owned())
        .unwrap_or_default();
    Ok(
        error.help(match nearest(&wanted, names.iter().map(String::as_str)) {
            Some(name) => format!("did you mean {}?", folder.join(name)),
            None => format!("{folder} holds {}", listing(&names)),
        }),
    )
}

fn deepest_folder(tree: &Tree, path: &TreePath) -> Result<TreePath, CopyError> {
    let mut folder = TreePath::default();
    for prefix in path.prefixes() {
        let found = tree.find(&prefix).map_err(CopyError::io(&prefix))?;
        match found {
            Some(node) if node.is_folder() => folder = node.path,
            _ => break,
        }
    }
    Ok(folder)
}

fn listing(names: &[String]) -> String {
    match names.len() {
        0 => "nothing".to_owned(),
        count if count <= SHOWN => names.join(", "),
        count => format!("{} and {} more", names[..SHOWN].join(", "), count - SHOWN),
    }
}
