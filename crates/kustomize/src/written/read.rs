//! What a file, a generator or JSON says of how an object is written.

use smol_str::SmolStr;
use towpath_yaml::{Kind, Node, Style};

use super::{Made, Path, Written, element, element_of, is_annotation, with};
use crate::object_value::point_in_time;
use crate::scalar::{self, text};
use crate::value::Value;

impl Written {
    pub(crate) fn of(object: &Node) -> Self {
        let mut written = Self::default();
        written.add(object, &mut Vec::new());
        written
    }

    /// Of an object that has been JSON just now: what is empty has brackets.
    pub(crate) fn json(object: &Value) -> Self {
        let mut written = Self {
            is_json: true,
            ..Self::default()
        };
        written.add_empties(object, &mut Vec::new());
        written
    }

    /// Of an object that was generated just now.
    pub(crate) fn generated(object: &Value) -> Self {
        let mut written = Self::default();
        let made: [&[&str]; 4] = [
            &["data"],
            &["binaryData"],
            &["metadata", "labels"],
            &["metadata", "annotations"],
        ];
        for path in made {
            written.set_fields(object, path);
        }
        written
    }

    fn add<'n>(&mut self, node: &'n Node, path: &mut Vec<Name<'n>>) {
        match node.kind() {
            Kind::Mapping(entries) => {
                self.add_flow(node, path);
                entries.iter().for_each(|entry| {
                    self.add_below(&entry.value, Name::Key(entry.name()), path);
                });
            }
            Kind::Sequence(items) => {
                self.add_flow(node, path);
                items.iter().for_each(|item| {
                    let name = item.get("name").filter(|name| !name.is_null());
                    let name = name.and_then(Node::text).unwrap_or_default();
                    self.add_below(item, Name::Element(name), path);
                });
            }
            Kind::Null => {
                self.add_null(node, path);
                self.add_text(node, path);
            }
            Kind::String(text) if !matches!(node.style(), Style::Plain) => {
                let path: Path = path.iter().map(Name::text).collect();
                if node.style() == Style::Folded {
                    self.folded.insert(with(&path, text));
                }
                self.quoted.insert(with(&path, text));
            }
            Kind::String(_) if !node.is_timestamp() => {}
            _ => self.add_text(node, path),
        }
    }

    /// Where nothing stands within brackets the value is an empty string.
    fn add_null(&mut self, node: &Node, path: &[Name<'_>]) {
        let names: Path = path.iter().map(Name::text).collect();
        if !node.span().bytes.is_empty() {
            let text = node.text().unwrap_or_default();
            self.nulls.insert(names, text.into());
        } else if self.is_in_flow(&names) {
            self.replaced_bare(&names, "");
            let (value, text) = ("".into(), "".into());
            self.odd.insert(names, Made { value, text });
        }
    }

    /// Annotations are strings already.
    fn add_text(&mut self, node: &Node, path: &[Name<'_>]) {
        let written = match node.span().bytes.is_empty() {
            true => "",
            false => node.text().unwrap_or_default(),
        };
        let value = match point_in_time(written) {
            Some(time) => time.into(),
            None => scalar::of(node),
        };
        if value.is_null() || text(&value) != written {
            let path: Path = path.iter().map(Name::text).collect();
            let value = match is_annotation(&path) {
                true => written.into(),
                false => value,
            };
            let text = written.into();
            if !value.is_null() {
                self.odd.insert(path, Made { value, text });
            }
        }
    }

    fn add_flow(&mut self, node: &Node, path: &[Name<'_>]) {
        if node.style() == Style::Flow {
            self.flow.insert(path.iter().map(Name::text).collect());
        }
    }

    fn add_empties(&mut self, value: &Value, path: &mut Path) {
        match value {
            Value::Array(items) if !items.is_empty() => {
                for item in items {
                    path.push(element_of(item));
                    self.add_empties(item, path);
                    path.pop();
                }
            }
            Value::Object(map) if !map.is_empty() => {
                for (name, value) in map {
                    path.push(name.clone());
                    self.add_empties(value, path);
                    path.pop();
                }
            }
            Value::Array(_) | Value::Object(_) => {
                self.flow.insert(path.clone());
            }
            _ => {}
        }
    }

    fn add_below<'n>(&mut self, node: &'n Node, name: Name<'n>, path: &mut Vec<Name<'n>>) {
        path.push(name);
        self.add(node, path);
        path.pop();
    }
}

/// Most names on the way to a scalar are not needed as a path.
#[derive(Clone, Copy)]
enum Name<'n> {
    Key(&'n str),
    Element(&'n str),
}

impl Name<'_> {
    fn text(&self) -> SmolStr {
        match self {
            Name::Key(key) => (*key).into(),
            Name::Element(name) => element(name),
        }
    }
}
