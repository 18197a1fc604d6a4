//! Comments of nodes. They come out nowhere but where a replacement copies a mapping or a list into a text of YAML.

use std::sync::Arc;

use towpath_yaml::syntax::{self, Entry, Node};

use super::Value;

/// Those of one node; none for most.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Comments(Option<Arc<syntax::Comments>>);

impl Comments {
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    fn of(node: &Node) -> Self {
        let comments = node.comments();
        let is_some = *comments != syntax::Comments::default();
        Self(is_some.then(|| Arc::new(comments.clone())))
    }

    /// Takes over those of a patch (kyaml's `SetComments`).
    pub(crate) fn merge(&mut self, patch: &Self) {
        let Some(patch) = &patch.0 else { return };
        let mut merged = self.0.as_deref().cloned().unwrap_or_default();
        for (own, patch) in [
            (&mut merged.head, &patch.head),
            (&mut merged.line, &patch.line),
            (&mut merged.foot, &patch.foot),
        ] {
            if !patch.is_empty() {
                own.clone_from(patch);
            }
        }
        self.0 = Some(Arc::new(merged));
    }

    pub(super) fn put_on(&self, mut node: Node) -> Node {
        if let Some(comments) = &self.0 {
            node.set_comments(comments.as_ref().clone());
        }
        node
    }
}

impl Value {
    /// Gives it and what is in it the comments of the same nodes of a text.
    pub(crate) fn adopt_comments(&mut self, node: &Node) {
        *self.comments_mut() = Comments::of(node);
        match self {
            Value::Scalar(_) => {}
            Value::Array(list) => {
                let items = list.items.iter_mut().zip(node.items());
                items.for_each(|(item, node)| item.adopt_comments(node));
            }
            Value::Object(map) => {
                for Entry { key, value } in node.entries() {
                    if let Some(entry) = map.entry_mut(key.text().unwrap_or_default()) {
                        entry.key.comments = Comments::of(key);
                        entry.value.adopt_comments(value);
                    }
                }
            }
        }
    }

    pub(crate) fn comments(&self) -> &Comments {
        match self {
            Value::Scalar(scalar) => &scalar.comments,
            Value::Array(list) => &list.comments,
            Value::Object(map) => &map.comments,
        }
    }

    pub(crate) fn comments_mut(&mut self) -> &mut Comments {
        match self {
            Value::Scalar(scalar) => &mut scalar.comments,
            Value::Array(list) => &mut list.comments,
            Value::Object(map) => &mut map.comments,
        }
    }
}
