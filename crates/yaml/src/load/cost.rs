use crate::Node;
use crate::node::Content;

/// What the tree has cost so far, or what a part of it costs.
#[derive(Clone, Copy, Default)]
pub(super) struct Cost {
    pub(super) nodes: usize,
    pub(super) bytes: usize,
    pub(super) depth: usize,
}

/// Recursion is bounded: a node that exists is at most `MAX_DEPTH` deep.
pub(super) fn cost_of(node: &Node) -> Cost {
    let children: Box<dyn Iterator<Item = &Node>> = match &node.content {
        Content::Scalar { text, .. } => {
            return Cost {
                nodes: 1,
                bytes: text.len(),
                depth: 0,
            };
        }
        Content::Sequence(items) => Box::new(items.iter()),
        Content::Mapping(entries) => Box::new(entries.iter().flat_map(|e| [&e.key, &e.value])),
    };
    children.map(cost_of).fold(
        Cost {
            nodes: 1,
            bytes: 0,
            depth: 0,
        },
        |sum, child| Cost {
            nodes: sum.nodes + child.nodes,
            bytes: sum.bytes + child.bytes,
            depth: sum.depth.max(child.depth + 1),
        },
    )
}
