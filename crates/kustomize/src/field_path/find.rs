use regex::Regex;
use smol_str::SmolStr;

use super::lookup::wrong_kind;
use super::{element, index};
use crate::scalar::{resolve, text};
use crate::value::{Map, Value};
use crate::written::{Path, Written, element_of};

/// What is made where the last part of a path is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Create {
    Scalar,
    Mapping,
    List,
}

/// A node that a path leads to.
#[derive(Debug)]
pub(crate) struct Found<'v> {
    pub(crate) node: &'v mut Value,
    pub(crate) path: Path,
    /// Whether it is a scalar that was made just now, or in something that was, so that its text decides its type.
    pub(crate) is_new: bool,
}

/// All nodes that a path leads to.
#[derive(Debug, Default)]
pub(crate) struct AllFound<'v> {
    pub(crate) nodes: Vec<Found<'v>>,
    /// Whether more were made in nulls: kyaml hangs them onto a scalar, where they are found and never written.
    pub(crate) are_some_lost: bool,
    /// What was made just now, apart from elements of a list with others of their name.
    pub(crate) made: Vec<Path>,
    /// Where the keys of elements that were made stand, and their texts.
    pub(crate) made_keys: Vec<(Path, SmolStr)>,
}

/// All nodes that a path leads to (kyaml's `PathMatcher`): `*` is every element of a list, `[key=regex]`
/// every one that the unanchored regular expression matches, a number the one at this place.
///
/// # Errors
/// When the path does not fit the value or goes into a field where nothing is written, or when a regular
/// expression is none.
pub(crate) fn find<'v>(
    node: &'v mut Value,
    path: &[String],
    create: Option<Create>,
    written: &Written,
) -> Result<AllFound<'v>, String> {
    let mut search = Search {
        create,
        written,
        way: Path::new(),
        found: AllFound::default(),
    };
    search.node(node, path, false)?;
    Ok(search.found)
}

impl AllFound<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty() && !self.are_some_lost
    }
}

struct Search<'v, 'w> {
    create: Option<Create>,
    written: &'w Written,
    /// To the node that is searched.
    way: Path,
    found: AllFound<'v>,
}

impl<'v> Search<'v, '_> {
    fn node(&mut self, node: &'v mut Value, path: &[String], is_new: bool) -> Result<(), String> {
        let Some((part, rest)) = path.split_first() else {
            self.push(node, is_new);
            return Ok(());
        };
        if let Some(index) = index(part) {
            return self.at_index(node, index, rest, is_new);
        }
        if let Some(element) = element(part) {
            let (name, pattern) = element?;
            return self.matching(node, (name, pattern), rest, is_new);
        }
        match part.as_str() {
            "*" => list(node)?
                .iter_mut()
                .try_for_each(|item| self.item(item, rest, is_new)),
            name => self.field(node, name, rest, is_new),
        }
    }

    fn push(&mut self, node: &'v mut Value, is_new: bool) {
        let path = self.way.clone();
        self.found.nodes.push(Found { node, path, is_new });
    }

    fn item(&mut self, item: &'v mut Value, rest: &[String], is_new: bool) -> Result<(), String> {
        self.way.push(element_of(item));
        match (&*item, rest.first()) {
            (Value::Null, Some(next)) if !is_new => self.in_null(next, rest)?,
            _ => self.node(item, rest, is_new)?,
        }
        self.way.pop();
        Ok(())
    }

    fn in_null(&mut self, next: &str, rest: &[String]) -> Result<(), String> {
        let mut lost = match index(next).is_some() || element(next).is_some() || next == "*" {
            true => Value::Array(Vec::new()),
            false => Value::Object(Map::new()),
        };
        let found = find(&mut lost, rest, self.create, &Written::default())?;
        self.found.are_some_lost |= !found.is_empty();
        Ok(())
    }

    fn field(
        &mut self,
        node: &'v mut Value,
        name: &str,
        rest: &[String],
        is_new: bool,
    ) -> Result<(), String> {
        let map = match node {
            Value::Object(map) => map,
            other => return Err(wrong_kind("a mapping", other)),
        };
        let is_missing = !map.contains_key(name);
        if is_missing {
            let Some(made) = self.make(rest) else {
                return Ok(());
            };
            map.insert(name.to_owned(), made);
        }
        self.way.push(name.into());
        if is_missing {
            self.found.made.push(self.way.clone());
        }
        match (map.get_mut(name), rest.first()) {
            (Some(Value::Bool(_) | Value::Number(_) | Value::String(_)), Some(_)) => {
                return Err(format!(
                    "not supported yet: a path into the text of `{name}`"
                ));
            }
            (Some(Value::Null), Some(next)) => match self.written.null_text(&self.way) {
                "" => {
                    return Err(format!(
                        "nothing is written at `{name}`, which is on the way: write `{{}}` or `[]`"
                    ));
                }
                _ => self.in_null(next, rest)?,
            },
            (Some(value), _) => self.node(value, rest, is_new || is_missing)?,
            (None, _) => {}
        }
        self.way.pop();
        Ok(())
    }

    fn at_index(
        &mut self,
        node: &'v mut Value,
        index: usize,
        rest: &[String],
        is_new: bool,
    ) -> Result<(), String> {
        let items = list(node)?;
        let count = items.len();
        let is_missing = count == index;
        if let (true, Some(made)) = (is_missing, self.make(rest)) {
            self.note_made(items, &made);
            items.push(made);
        }
        match items.get_mut(index) {
            Some(item) => self.item(item, rest, is_new || is_missing),
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
        is_new: bool,
    ) -> Result<(), String> {
        let regex =
            Regex::new(pattern).map_err(|error| format!("error parsing regexp: {error}"))?;
        let items = list(node)?;
        let is_missing = !items.iter().any(|item| is_match(item, name, &regex));
        if is_missing && self.create.is_some() {
            let made = made_element(name, pattern);
            if self.note_made(items, &made) && !name.is_empty() {
                let element = with(&self.way, element_of(&made));
                let key = (with(&element, name.into()), pattern.into());
                self.found.made_keys.push(key);
            }
            items.push(made);
        }
        let is_new = is_new || is_missing;
        for item in items.iter_mut().filter(|item| is_match(item, name, &regex)) {
            match name {
                "" => self.push(item, is_new),
                _ => self.item(item, rest, is_new)?,
            }
        }
        Ok(())
    }

    /// Whether no other element has its name.
    fn note_made(&mut self, others: &[Value], made: &Value) -> bool {
        let name = element_of(made);
        let is_alone = !others.iter().any(|other| element_of(other) == name);
        if is_alone {
            self.found.made.push(with(&self.way, name));
        }
        is_alone
    }

    /// What comes in the place of a missing node with this path behind it.
    fn make(&self, rest: &[String]) -> Option<Value> {
        let next = rest.first().map(String::as_str).unwrap_or_default();
        let kind = match self.create? {
            _ if element(next).is_some() || index(next).is_some() => Create::List,
            create if next.is_empty() => create,
            _ => Create::Mapping,
        };
        Some(match kind {
            Create::Scalar => Value::Null,
            Create::Mapping => Value::Object(Map::new()),
            Create::List => Value::Array(Vec::new()),
        })
    }
}

fn with(way: &[SmolStr], name: SmolStr) -> Path {
    let mut path = way.to_vec();
    path.push(name);
    path
}

fn list(node: &mut Value) -> Result<&mut Vec<Value>, String> {
    match node {
        Value::Array(items) => Ok(items),
        other => Err(wrong_kind("a list", other)),
    }
}

fn is_match(item: &Value, name: &str, regex: &Regex) -> bool {
    match name {
        "" => regex.is_match(&text(item)),
        _ => item
            .get(name)
            .is_some_and(|value| regex.is_match(&text(value))),
    }
}

fn made_element(name: &str, pattern: &str) -> Value {
    match name {
        "" => resolve(pattern),
        _ => Value::Object(Map::from_iter([(name.into(), resolve(pattern))])),
    }
}

#[cfg(test)]
mod tests {
    use crate::value::json;

    use super::*;
    use crate::field_path::split;

    /// Sets what the path leads to to `x`.
    fn set(mut value: Value, path: &str, create: Option<Create>) -> Result<Value, String> {
        for found in find(&mut value, &split(path), create, &Written::default())?.nodes {
            *found.node = "x".into();
        }
        Ok(value)
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
                json!({"a": ["p"]}),
                "a.1",
                Some(Create::Scalar),
                json!({"a": ["p", "x"]}),
            ),
        ] {
            assert_eq!(set(value, path, create), Ok(expect), "{path}");
        }
        for (value, path) in [
            (json!({"a": []}), "a.0"),
            (json!({"a": 1}), "a.*"),
            (json!({"a": 1}), "a.b"),
            (json!({"a": []}), "a.[b]c"),
            (json!({"a": [1]}), "a.[b=(]"),
        ] {
            assert!(set(value, path, None).is_err(), "{path}");
        }
    }
}
