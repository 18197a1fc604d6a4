use towpath_yaml::node_to_yaml;
use towpath_yaml::syntax::parse;

use super::lookup::wrong_kind;
use super::pattern::Pattern;
use super::{check_length, element, find_in_yaml, index, makes_list};
use crate::value::{List, Map, Scalar, Value};

/// What is made where the last part of a path is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Create {
    Scalar,
    Mapping,
    List,
}

/// All nodes that a path leads to.
#[derive(Debug, Default)]
pub(crate) struct Found<'v> {
    pub(crate) nodes: Vec<&'v mut Value>,
    /// Whether more were made in nulls: kyaml hangs them onto a scalar, where they are found and never written.
    pub(crate) are_some_lost: bool,
}

/// All nodes that a path leads to (kyaml's `PathMatcher`): `*` is every element of a list, `[key=regex]`
/// every one that the unanchored regular expression matches, a number the one at this place.
///
/// # Errors
/// When the path does not fit the value, is too long or goes into a field where nothing is written, or when a
/// regular expression is none.
pub(crate) fn find<'v>(
    node: &'v mut Value,
    path: &[String],
    create: Option<Create>,
) -> Result<Found<'v>, String> {
    check_length(path)?;
    let mut search = Search {
        create,
        found: Found::default(),
    };
    search.node(node, path)?;
    Ok(search.found)
}

impl Found<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty() && !self.are_some_lost
    }
}

struct Search<'v> {
    create: Option<Create>,
    found: Found<'v>,
}

impl<'v> Search<'v> {
    fn node(&mut self, node: &'v mut Value, path: &[String]) -> Result<(), String> {
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
            true => Value::Array(List::default()),
            false => Value::Object(Map::new()),
        };
        let found = find(&mut lost, path, self.create)?;
        self.found.are_some_lost |= !found.is_empty();
        Ok(())
    }

    fn field(&mut self, node: &'v mut Value, name: &str, rest: &[String]) -> Result<(), String> {
        if name.is_empty() {
            return Err("a part of the path is empty".to_owned());
        }
        let map = match node {
            Value::Object(map) => map,
            other => return Err(wrong_kind("a mapping", other)),
        };
        if !map.contains_key(name) {
            let Some(made) = self.make(rest) else {
                return Ok(());
            };
            map.insert(name, made);
        }
        match map.get_mut(name) {
            Some(Value::Scalar(scalar)) if !rest.is_empty() => self.in_text(name, scalar, rest),
            Some(value) => self.node(value, rest),
            None => Ok(()),
        }
    }

    /// Upstream reads a scalar's text as YAML, and loses what it sets there.
    fn in_text(&mut self, name: &str, scalar: &Scalar, rest: &[String]) -> Result<(), String> {
        let documents = parse("", scalar.text()).map_err(|problem| problem.to_string())?;
        let first = documents.into_iter().next();
        let mut root = match first {
            Some(document) if !scalar.text().is_empty() => document.root,
            _ => {
                return Err(format!(
                    "nothing is written at `{name}`, which is on the way: write `{{}}` or `[]`"
                ));
            }
        };
        if find_in_yaml(&mut root, rest, self.create)?.is_empty() {
            return Ok(());
        }
        self.found.are_some_lost = true;
        match scalar.is_null() {
            true => Ok(()),
            false => Err(format!(
                "not supported yet: a path into the text of `{name}`, where it is not found by exact names"
            )),
        }
    }

    fn at_index(
        &mut self,
        node: &'v mut Value,
        index: usize,
        rest: &[String],
    ) -> Result<(), String> {
        let items = items(node)?;
        let count = items.len();
        if count == index {
            items.extend(self.make(rest));
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
        node: &'v mut Value,
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
    fn make(&self, rest: &[String]) -> Option<Value> {
        let next = rest.first().map(String::as_str).unwrap_or_default();
        let kind = match self.create? {
            _ if makes_list(next) => Create::List,
            create if next.is_empty() => create,
            _ => Create::Mapping,
        };
        Some(match kind {
            Create::Scalar => Scalar::untagged("").into(),
            Create::Mapping => Value::Object(Map::new()),
            Create::List => Value::Array(List::default()),
        })
    }
}

fn items(node: &mut Value) -> Result<&mut Vec<Value>, String> {
    match node {
        Value::Array(list) => Ok(&mut list.items),
        other => Err(wrong_kind("a list", other)),
    }
}

/// Upstream looks at the text as it is written, with its quotes.
fn is_match(item: &Value, name: &str, pattern: &Pattern<'_>) -> bool {
    let node = match name {
        "" => Some(item),
        _ => item.get(name),
    };
    node.is_some_and(|node| pattern.is_in(node_to_yaml(&node.to_node()).trim()))
}

fn made_element(name: &str, pattern: &str) -> Value {
    let value = Value::from(Scalar::untagged(pattern));
    match name {
        "" => value,
        _ => Map::from_iter([(name.into(), value)]).into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use crate::value::json;

    use super::*;
    use crate::field_path::split;

    /// Sets what the path leads to to `x`.
    fn set(mut value: Value, path: &str, create: Option<Create>) -> Result<Json, String> {
        for found in find(&mut value, &split(path), create)?.nodes {
            *found = "x".into();
        }
        value.to_json()
    }

    #[test]
    fn paths_lead_to_many_nodes() {
        let list = json!({"a": [{"n": "web-1", "v": 1}, {"n": "web-2"}, {"n": "db", "v": 2}]});
        for (value, path, create, expect) in [
            (
                json!({"a": {"b.c": 1}}),
                "a.[b.c]",
                None,
                json!({"a": {"b.c": "x"}}),
            ),
            (
                list.clone(),
                "a.*.n",
                None,
                json!({"a": [{"n": "x", "v": 1}, {"n": "x"}, {"n": "x", "v": 2}]}),
            ),
            (
                list.clone(),
                "a.[n=web].v",
                None,
                json!({"a": [{"n": "web-1", "v": "x"}, {"n": "web-2"}, {"n": "db", "v": 2}]}),
            ),
            (
                json!({"a": ["p", "q"]}),
                "a.[=q]",
                None,
                json!({"a": ["p", "x"]}),
            ),
            (
                json!({"a": ["p", "q"]}),
                "a.0",
                None,
                json!({"a": ["x", "q"]}),
            ),
            (json!({}), "a.b", None, json!({})),
            (
                json!({"a": {"b": "x: [1]"}}),
                "a.b.y",
                None,
                json!({"a": {"b": "x: [1]"}}),
            ),
            (
                json!({}),
                "a.b",
                Some(Create::Scalar),
                json!({"a": {"b": "x"}}),
            ),
            (
                json!({}),
                "a.[n=1].b",
                Some(Create::Scalar),
                json!({"a": [{"n": 1, "b": "x"}]}),
            ),
            (
                json!({"a": [null, {"b": 1}]}),
                "a.*.b",
                Some(Create::Scalar),
                json!({"a": [null, {"b": "x"}]}),
            ),
            (
                json!({"a": [null]}),
                "a.0.[b=1].c",
                Some(Create::Scalar),
                json!({"a": [null]}),
            ),
            (
                json!({"a": {"b": null, "c": "x: [1]"}}),
                "a.b.c",
                Some(Create::Scalar),
                json!({"a": {"b": null, "c": "x: [1]"}}),
            ),
            (
                json!({"a": ["p"]}),
                "a.1",
                Some(Create::Scalar),
                json!({"a": ["p", "x"]}),
            ),
        ] {
            assert_eq!(set(value, path, create), expect.to_json(), "{path}");
        }
        for (value, path) in [
            (json!({"a": []}), "a.0"),
            (json!({"a": 1}), "a.*"),
            (json!({"a": 1}), "a.b"),
            (json!({"a": []}), "a.[b]c"),
            (json!({"a": [1]}), "a.[b=(]"),
            (json!({"a": {"b": "x: [1]"}}), "a.b.x.0"),
        ] {
            assert!(set(value, path, None).is_err(), "{path}");
        }
    }
}
