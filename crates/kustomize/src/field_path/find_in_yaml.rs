//! The same as [`find`](super::find), in a text of YAML whose styles stay.

use towpath_yaml::node_to_yaml;
use towpath_yaml::syntax::{Entry, Kind, Node, parse};

use super::pattern::Pattern;
use super::{Create, check_length, element, index, makes_list};

/// All nodes that a path leads to.
#[derive(Debug, Default)]
pub(crate) struct FoundInYaml<'n> {
    pub(crate) nodes: Vec<&'n mut Node>,
    /// Whether there are more in nulls and in the texts of scalars: kyaml finds them there and never writes them.
    pub(crate) are_some_lost: bool,
}

/// All nodes that a path leads to.
///
/// # Errors
/// When the path does not fit the text, goes on behind a scalar or is too long, or when a regular expression
/// is none.
pub(crate) fn find_in_yaml<'n>(
    root: &'n mut Node,
    path: &[String],
    create: Option<Create>,
) -> Result<FoundInYaml<'n>, String> {
    check_length(path)?;
    let mut search = Search {
        create,
        found: FoundInYaml::default(),
    };
    search.node(root, path)?;
    Ok(search.found)
}

impl FoundInYaml<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty() && !self.are_some_lost
    }
}

struct Search<'n> {
    create: Option<Create>,
    found: FoundInYaml<'n>,
}

impl<'n> Search<'n> {
    fn node(&mut self, node: &'n mut Node, path: &[String]) -> Result<(), String> {
        let Some((part, rest)) = path.split_first() else {
            self.found.nodes.push(node);
            return Ok(());
        };
        if node.is_null() {
            return self.in_null(part, path);
        }
        if let Some(index) = index(part) {
            return self.at_index(node, index, rest);
        }
        if let Some(element) = element(part) {
            let (name, pattern) = element?;
            return self.matching(node, (name, pattern), rest);
        }
        match part.as_str() {
            "*" => items(node)?
                .iter_mut()
                .try_for_each(|item| self.node(item, rest)),
            name => self.field(node, name, rest),
        }
    }

    fn in_null(&mut self, next: &str, path: &[String]) -> Result<(), String> {
        let mut lost = match makes_list(next) || next == "*" {
            true => Node::sequence(),
            false => Node::mapping(),
        };
        let found = find_in_yaml(&mut lost, path, self.create)?;
        self.found.are_some_lost |= !found.is_empty();
        Ok(())
    }

    /// Upstream reads a scalar's text as YAML again, and loses what it sets there.
    fn in_text(&mut self, text: &str, path: &[String]) -> Result<(), String> {
        let documents = parse("", text).map_err(|problem| problem.to_string())?;
        let root = documents.into_iter().next().map(|document| document.root);
        let mut root = root
            .filter(|_| !text.is_empty())
            .ok_or("nothing is written on the way")?;
        let found = find_in_yaml(&mut root, path, self.create)?;
        self.found.are_some_lost |= !found.is_empty();
        Ok(())
    }

    fn field(&mut self, node: &'n mut Node, name: &str, rest: &[String]) -> Result<(), String> {
        let kind = node.kind().describe();
        let entries = node
            .entries_mut()
            .filter(|_| !name.is_empty())
            .ok_or_else(|| format!("expected a mapping, found {kind}"))?;
        let is_missing = !entries.iter().any(|entry| entry.name() == name);
        if is_missing {
            let Some(value) = self.make(rest) else {
                return Ok(());
            };
            let key = Node::plain(name);
            entries.push(Entry { key, value });
        }
        let entry = entries.iter_mut().find(|entry| entry.name() == name);
        match entry.map(|entry| &mut entry.value) {
            Some(value) => match value.text() {
                Some(text) if !rest.is_empty() => self.in_text(text, rest),
                _ => self.node(value, rest),
            },
            None => Ok(()),
        }
    }

    fn at_index(
        &mut self,
        node: &'n mut Node,
        index: usize,
        rest: &[String],
    ) -> Result<(), String> {
        let items = items(node)?;
        let count = items.len();
        let is_missing = count == index;
        if let (true, Some(made)) = (is_missing, self.make(rest)) {
            items.push(made);
        }
        match items.get_mut(index) {
            Some(item) => self.node(item, rest),
            None => Err(format!(
                "index {index} specified but only {count} elements found"
            )),
        }
    }

    fn matching(
        &mut self,
        node: &'n mut Node,
        (name, pattern): (&str, &str),
        rest: &[String],
    ) -> Result<(), String> {
        let wanted = Pattern::new(pattern)?;
        let items = items(node)?;
        let is_missing = !items.iter().any(|item| is_match(item, name, &wanted));
        if is_missing && self.create.is_some() {
            items.push(made_element(name, pattern));
        }
        // Upstream does not look at what follows `[=value]`.
        let rest = if name.is_empty() { &[] } else { rest };
        let mut matching = items
            .iter_mut()
            .filter(|item| is_match(item, name, &wanted));
        matching.try_for_each(|item| self.node(item, rest))
    }

    /// What comes in the place of a missing node with this path behind it.
    fn make(&self, rest: &[String]) -> Option<Node> {
        let create = self.create?;
        Some(match rest.first() {
            Some(next) if makes_list(next) => Node::sequence(),
            Some(_) => Node::mapping(),
            None => match create {
                Create::Scalar => Node::plain(""),
                Create::Mapping => Node::mapping(),
                Create::List => Node::sequence(),
            },
        })
    }
}

fn items(node: &mut Node) -> Result<&mut Vec<Node>, String> {
    let kind = node.kind().describe();
    node.items_mut()
        .ok_or_else(|| format!("expected a list, found {kind}"))
}

/// Upstream looks at the text as it is written, with its quotes.
fn is_match(item: &Node, name: &str, pattern: &Pattern<'_>) -> bool {
    let node = match (name, item.kind()) {
        ("", _) => Some(item),
        (_, Kind::Mapping(_)) => item.get(name),
        _ => None,
    };
    node.is_some_and(|node| pattern.is_in(node_to_yaml(node).trim()))
}

fn made_element(name: &str, pattern: &str) -> Node {
    let value = Node::plain(pattern);
    let mut element = Node::mapping();
    match element.entries_mut() {
        Some(entries) if !name.is_empty() => {
            let key = Node::plain(name);
            entries.push(Entry { key, value });
            element
        }
        _ => value,
    }
}
