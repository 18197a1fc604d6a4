//! Fields within a text that is YAML itself, such as a configuration in a ConfigMap.

use towpath_yaml::node_to_yaml;
use towpath_yaml::syntax::{Document, Node, parse};

use super::source::Copied;
use crate::field_path::{Create, FoundInYaml, find_in_yaml};

/// The text with the fields of a path set, written anew as upstream does; none where there is no such field.
///
/// # Errors
/// When we cannot write the text as upstream does, or when the value does not fit.
pub(super) fn set(
    text: &str,
    path: &[String],
    copied: &Copied<'_>,
    create: Option<Create>,
) -> Result<Option<String>, String> {
    let documents = parse("", text).unwrap_or_default();
    let mut comments = documents.iter().flat_map(|document| &document.comments);
    let refused = comments.next().map(|_| "comments");
    match (changed(documents, path, copied, create)?, refused) {
        (None, _) => Ok(None),
        (Some(_), Some(what)) => Err(not_supported(what)),
        (Some(changed), None) if changed.are_some_lost => {
            Err("nothing can be made within a null".to_owned())
        }
        (Some(Changed { root, .. }), None) => Ok(Some(node_to_yaml(&root).trim().to_owned())),
    }
}

pub(super) struct Changed {
    pub(super) root: Node,
    /// Whether something was made in a null, where upstream loses it.
    are_some_lost: bool,
}

/// The first of these documents with the fields of a path set; none where there is no such field.
///
/// # Errors
/// When there are others, which upstream loses, or when the value does not fit.
pub(super) fn changed(
    mut documents: Vec<Document>,
    path: &[String],
    copied: &Copied<'_>,
    create: Option<Create>,
) -> Result<Option<Changed>, String> {
    let are_several = documents.len() > 1;
    let Some(Document { root, .. }) = documents.first_mut() else {
        return Ok(None);
    };
    let found = match find_in_yaml(root, path, create) {
        Err(_) => return Ok(None),
        Ok(found) if found.is_empty() => return Ok(None),
        Ok(_) if are_several => return Err(not_supported("several documents")),
        Ok(found) => found,
    };
    let FoundInYaml {
        nodes,
        are_some_lost,
    } = found;
    nodes
        .into_iter()
        .try_for_each(|node| set_node(node, copied))?;
    if let Some(name) = root.dangling_alias() {
        return Err(format!(
            "cannot replace what has the anchor `{name}` within YAML: an alias needs it"
        ));
    }
    let first = documents.into_iter().next();
    Ok(first.map(|Document { root, .. }| Changed {
        root,
        are_some_lost,
    }))
}

fn not_supported(what: &str) -> String {
    format!("not supported yet: a path into YAML with {what}")
}

fn set_node(node: &mut Node, copied: &Copied<'_>) -> Result<(), String> {
    if node.text().is_none() {
        *node = copied.node()?;
        return Ok(());
    }
    let set = node.set_text(&copied.text);
    set.map_err(|problem| format!("cannot replace a field within YAML: {problem}"))
}
