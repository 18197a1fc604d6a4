use std::collections::{HashMap, HashSet};

use super::{Content, Entry, Node};
use crate::limits::MAX_NODES;

impl Node {
    /// The first alias of a name that no node before it has as its anchor.
    pub fn dangling_alias(&self) -> Option<&str> {
        dangling(self, &mut HashSet::new())
    }

    /// The same with copies in the place of aliases, and without anchors. None with merge keys, with an alias within
    /// its own anchor, and where it becomes larger than [`limits`](crate::limits) allow.
    pub fn without_aliases(&self) -> Option<Self> {
        let mut copier = Copier {
            anchors: HashMap::new(),
            nodes: 0,
        };
        copier.node(self)
    }
}

fn dangling<'n>(node: &'n Node, anchors: &mut HashSet<&'n str>) -> Option<&'n str> {
    anchors.extend(node.anchor());
    match &node.content {
        Content::Scalar(_) => None,
        Content::Alias(name) => (!anchors.contains(&**name)).then_some(name),
        Content::Sequence(items) => items.iter().find_map(|item| dangling(item, anchors)),
        Content::Mapping(entries) => entries
            .iter()
            .flat_map(|entry| [&entry.key, &entry.value])
            .find_map(|node| dangling(node, anchors)),
    }
}

struct Copier<'n> {
    anchors: HashMap<&'n str, Node>,
    nodes: usize,
}

impl<'n> Copier<'n> {
    fn node(&mut self, node: &'n Node) -> Option<Node> {
        self.charge(1)?;
        if let Content::Alias(name) = &node.content {
            let size = size(self.anchors.get(&**name)?);
            self.charge(size)?;
            return self.anchors.get(&**name).cloned();
        }
        let copy = Node {
            content: self.content(&node.content)?,
            anchor: None,
            ..node.clone_outside()
        };
        if let Some(name) = node.anchor() {
            self.charge(size(&copy))?;
            self.anchors.insert(name, copy.clone());
        }
        Some(copy)
    }

    fn content(&mut self, content: &'n Content) -> Option<Content> {
        Some(match content {
            Content::Scalar(_) | Content::Alias(_) => content.clone(),
            Content::Sequence(items) => {
                let copies = items.iter().map(|item| self.node(item));
                Content::Sequence(copies.collect::<Option<_>>()?)
            }
            Content::Mapping(entries) => {
                let copies = entries.iter().map(|entry| self.entry(entry));
                Content::Mapping(copies.collect::<Option<_>>()?)
            }
        })
    }

    fn entry(&mut self, entry: &'n Entry) -> Option<Entry> {
        let is_merge = entry.key.is_merge();
        let copy = Entry {
            key: self.node(&entry.key)?,
            value: self.node(&entry.value)?,
        };
        (!is_merge).then_some(copy)
    }

    fn charge(&mut self, nodes: usize) -> Option<()> {
        self.nodes += nodes;
        (self.nodes <= MAX_NODES).then_some(())
    }
}

impl Node {
    /// All of it but its content.
    fn clone_outside(&self) -> Self {
        Self {
            content: Content::Sequence(Vec::new()),
            style: self.style,
            tag: self.tag.clone(),
            anchor: self.anchor.clone(),
            comments: self.comments.clone(),
        }
    }
}

fn size(node: &Node) -> usize {
    let items = node.items().iter().map(size).sum::<usize>();
    let entries = node.entries().iter();
    1 + items
        + entries
            .map(|entry| size(&entry.key) + size(&entry.value))
            .sum::<usize>()
}
