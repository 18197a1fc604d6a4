//! Fields within a text that is YAML itself, such as a configuration in a ConfigMap.

use towpath_yaml::document_to_yaml;
use towpath_yaml::syntax::{Document, Node, parse};

use super::source::Live;
use crate::field_path::{Create, FoundInYaml, find_in_yaml};

/// The text with the fields of a path set, written anew as upstream does; none where there is no such field.
///
/// # Errors
/// When we cannot write the text as upstream does, or when the value does not fit.
pub(super) fn set(
    text: &str,
    path: &[String],
    live: &Live,
    create: Option<Create>,
) -> Result<Option<String>, String> {
    match changed(text, path, live, create)? {
        None => Ok(None),
        Some(changed) if changed.are_some_lost => Err(
            "a path into YAML leads through a null or a scalar, where nothing is kept".to_owned(),
        ),
        Some(Changed { document, .. }) => Ok(Some(document_to_yaml(&document).trim().to_owned())),
    }
}

pub(super) struct Changed {
    pub(super) document: Document,
    /// Whether the path leads through a null or a scalar too, where upstream loses what it sets.
    are_some_lost: bool,
}

/// The first document of a text with the fields of a path set; none where there is no such field.
///
/// # Errors
/// When there are other documents, which upstream loses, or when the value does not fit.
pub(super) fn changed(
    text: &str,
    path: &[String],
    live: &Live,
    create: Option<Create>,
) -> Result<Option<Changed>, String> {
    let documents = parse("", text).unwrap_or_default();
    let are_several = documents.len() > 1;
    let Some(mut document) = documents.into_iter().next() else {
        return Ok(None);
    };
    let found = match find_in_yaml(&mut document.root, path, create) {
        Err(_) => return Ok(None),
        Ok(found) if found.is_empty() => return Ok(None),
        Ok(_) if are_several => {
            return Err("not supported yet: a path into YAML with several documents".to_owned());
        }
        Ok(found) => found,
    };
    let FoundInYaml {
        nodes,
        are_some_lost,
    } = found;
    nodes
        .into_iter()
        .try_for_each(|node| set_node(node, live))?;
    if let Some(name) = document.root.dangling_alias() {
        return Err(format!(
            "cannot replace what has the anchor `{name}` within YAML: an alias needs it"
        ));
    }
    Ok(Some(Changed {
        document,
        are_some_lost,
    }))
}

fn set_node(node: &mut Node, live: &Live) -> Result<(), String> {
    if node.text().is_none() {
        *node = live.node()?;
        return Ok(());
    }
    let set = node.set_text(&live.text());
    set.map_err(|problem| format!("cannot replace a field within YAML: {problem}"))
}
