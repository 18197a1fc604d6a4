//! Fields within a text that is YAML itself, such as a configuration in a ConfigMap.

use towpath_yaml::{Document, Node, Resolution, node_to_yaml, parse_with};

use super::source::Copied;
use crate::field_path::{Create, FoundInYaml, find_in_yaml};

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
    let mut documents = parse_with("", text, Resolution::GoYaml3).unwrap_or_default();
    let refused = documents.iter().find_map(refusal);
    let several = (documents.len() > 1).then_some("several documents");
    let Some(Document { root, .. }) = documents.first_mut() else {
        return Ok(None);
    };
    let found = match find_in_yaml(root, path, create) {
        Err(_) => return Ok(None),
        Ok(found) if found.is_empty() => return Ok(None),
        Ok(found) => found,
    };
    if let Some(what) = several.or(refused) {
        return Err(format!("not supported yet: a path into YAML with {what}"));
    }
    found
        .into_iter()
        .try_for_each(|found| set_node(found, copied))?;
    Ok(Some(node_to_yaml(root).trim().to_owned()))
}

/// What stands in a document that we cannot write again.
fn refusal(document: &Document) -> Option<&'static str> {
    if document.has_anchors {
        return Some("anchors or merge keys");
    }
    if !document.comments.is_empty() {
        return Some("comments");
    }
    has_unusual_tag(&document.root).then_some("tags of other characters than letters and digits")
}

/// Whether a tag has more than letters, which go-yaml may write otherwise.
fn has_unusual_tag(node: &Node) -> bool {
    let is_usual = |tag: &str| {
        let name = tag.trim_start_matches('!');
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let entries = node.entries().iter();
    node.tag().is_some_and(|tag| !is_usual(tag))
        || node.items().iter().any(has_unusual_tag)
        || entries
            .flat_map(|entry| [&entry.key, &entry.value])
            .any(has_unusual_tag)
}

fn set_node(found: FoundInYaml<'_>, copied: &Copied) -> Result<(), String> {
    let FoundInYaml { node, is_new } = found;
    if node.text().is_none() {
        return Err(
            "not supported yet: a mapping or a list within YAML replaced as a whole".to_owned(),
        );
    }
    if is_new {
        *node = Node::plain(&copied.text);
        return Ok(());
    }
    let set = node.set_text(&copied.text);
    set.map_err(|problem| format!("cannot replace a field within YAML: {problem}"))
}
