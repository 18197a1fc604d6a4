//! Keys of a text of YAML with which go-yaml makes no JSON of it (`isStringMap` and `merge` of its `decode.go`).

use std::collections::HashMap;

use towpath_yaml::syntax::{Kind, Node};

/// What is wrong with a key, if one is.
pub(super) fn problem(root: &Node) -> Option<&'static str> {
    Anchors::default().problem(root)
}

/// Whether the node with an anchor is a mapping, for those so far.
#[derive(Default)]
struct Anchors<'n>(HashMap<&'n str, bool>);

impl<'n> Anchors<'n> {
    fn problem(&mut self, node: &'n Node) -> Option<&'static str> {
        if let Some(name) = node.anchor() {
            let is_mapping = matches!(node.kind(), Kind::Mapping(_));
            self.0.insert(name, is_mapping);
        }
        if let Some(problem) = node.items().iter().find_map(|item| self.problem(item)) {
            return Some(problem);
        }
        node.entries().iter().find_map(|entry| {
            let key = &entry.key;
            if key
                .tag()
                .is_some_and(|tag| tag != "!!str" && tag != "!!merge")
            {
                return Some("a key has a tag and is no string");
            }
            if key.is_merge() && !self.is_merged(&entry.value) {
                return Some("`<<` merges mappings only");
            }
            self.problem(key).or_else(|| self.problem(&entry.value))
        })
    }

    fn is_merged(&self, value: &Node) -> bool {
        match value.kind() {
            Kind::Sequence(items) => items.iter().all(|item| self.is_mapping(item)),
            _ => self.is_mapping(value),
        }
    }

    fn is_mapping(&self, node: &Node) -> bool {
        match node.kind() {
            Kind::Mapping(_) => true,
            Kind::Alias(name) => self.0.get(name).copied().unwrap_or_default(),
            _ => false,
        }
    }
}
