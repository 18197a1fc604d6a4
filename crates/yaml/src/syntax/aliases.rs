use std::collections::{HashMap, HashSet};

use super::{Content, Entry, Node};
use crate::limits::MAX_NODES;

impl Node {
    /// The first alias of a name that no node before it has as its anchor.
    pub fn dangling_alias(&self) -> Option<&str> {
        dangling(self, &mut HashSet::new())
    }

    /// The same with copies in the place of aliases and merge keys, and without anchors. What a mapping merges stands
    /// behind what is its own, which counts, as kyaml has it (`DeAnchor`). None where something else than mappings is
    /// merged, with an alias within its own anchor, and where it becomes larger than [`limits`](crate::limits) allow.
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
            Content::Mapping(entries) => Content::Mapping(self.entries(entries)?),
        })
    }

    fn entries(&mut self, entries: &'n [Entry]) -> Option<Vec<Entry>> {
        let (mut own, mut merged) = (Vec::new(), Vec::new());
        for entry in entries {
            let value = self.node(&entry.value)?;
            if entry.key.is_merge() {
                merged = merged_entries(value)?;
                continue;
            }
            let key = self.node(&entry.key)?;
            own.push(Entry { key, value });
        }
        let names: HashSet<&str> = own.iter().map(Entry::name).collect();
        merged.retain(|entry| !names.contains(entry.name()));
        own.extend(merged);
        Some(own)
    }

    fn charge(&mut self, nodes: usize) -> Option<()> {
        self.nodes += nodes;
        (self.nodes <= MAX_NODES).then_some(())
    }
}

/// Of several mappings the last one begins, and the first one counts.
fn merged_entries(value: Node) -> Option<Vec<Entry>> {
    let sources = match value.content {
        Content::Sequence(items) => items,
        _ => vec![value],
    };
    let mut merged: Vec<Entry> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for source in sources.into_iter().rev() {
        let Content::Mapping(entries) = source.content else {
            return None;
        };
        for entry in entries {
            match places.get(entry.name()) {
                Some(place) => merged[*place] = entry,
                None => {
                    places.insert(entry.name().to_owned(), merged.len());
                    merged.push(entry);
                }
            }
        }
    }
    Some(merged)
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
