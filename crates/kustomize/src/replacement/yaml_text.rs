//! Fields within a text that is YAML itself, such as a configuration in a ConfigMap.

use towpath_yaml::node_to_yaml;
use towpath_yaml::syntax::{Document, Node, parse};

use super::source::Copied;
use crate::field_path::{Create, find_in_yaml};

/// The text with the fields of a path set, written anew as upstream does; none where there is no such field.
///
/// # Errors
/// When we cannot write the text as upstream does, or when the value does not fit.
pub(super) fn set(
    text: &str,
    path: &[String],
    copied: &Copied,
    create: Option<Create>,
) -> Result<Option<String>, String> {
    let mut documents = parse("", text).unwrap_or_default();
    let refused = refusal(&documents);
    let Some(Document { root, .. }) = documents.first_mut() else {
        return Ok(None);
    };
    let found = match find_in_yaml(root, path, create) {
        Err(_) => return Ok(None),
        Ok(found) if found.is_empty() => return Ok(None),
        Ok(found) => found,
    };
    if let Some(what) = refused {
        return Err(format!("not supported yet: a path into YAML with {what}"));
    }
    found
        .into_iter()
        .try_for_each(|node| set_node(node, copied))?;
    Ok(Some(node_to_yaml(root).trim().to_owned()))
}

/// What stands in a text that we cannot write again, or that upstream loses.
fn refusal(documents: &[Document]) -> Option<&'static str> {
    if documents.len() > 1 {
        return Some("several documents");
    }
    let mut comments = documents.iter().flat_map(|document| &document.comments);
    comments.next().map(|_| "comments")
}

fn set_node(node: &mut Node, copied: &Copied) -> Result<(), String> {
    if node.text().is_none() {
        return Err(
            "not supported yet: a mapping or a list within YAML replaced as a whole".to_owned(),
        );
    }
    let set = node.set_text(&copied.text);
    set.map_err(|problem| format!("cannot replace a field within YAML: {problem}"))
}
