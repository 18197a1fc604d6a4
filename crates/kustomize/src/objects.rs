//! Reading objects out of a file (upstream's `Factory.SliceFromBytes`).

use std::collections::VecDeque;
use std::sync::Arc;

use towpath_model::{Diagnostic, Location};
use towpath_yaml::{Kind, Node, Resolution, syntax};

use crate::commented;
use crate::resource::Resource;
use crate::value::Value;

/// An object of a file.
#[derive(Debug)]
pub(crate) struct Object<'n> {
    pub(crate) node: &'n Node,
    pub(crate) at: Location,
    /// With its comments, if the file has any.
    commented: Option<syntax::Node>,
    /// Whether upstream has made JSON of it, to take it out of a list.
    is_of_list: bool,
}

impl<'n> Object<'n> {
    /// # Errors
    /// When a key is no string, or when a scalar is not what its tag says.
    pub(crate) fn value(&self) -> Result<Value, Diagnostic> {
        let mut value = Value::read(&self.at.file, self.node)?;
        if !self.is_of_list {
            if let Some(commented) = &self.commented {
                value.adopt_comments(commented);
            }
            return Ok(value);
        }
        let json = value.to_json();
        let json = json.map_err(|problem| Diagnostic::new(self.at.clone(), problem))?;
        Ok(Value::read_json(json))
    }

    fn resource(&self) -> Result<Resource, Diagnostic> {
        let mut resource = Resource::new(self.value()?);
        resource.at = Some(Arc::new(self.at.clone()));
        Ok(resource)
    }

    /// Those of a list. Upstream takes the nodes of the only `List` of a file as they are.
    fn items(&self, file: &str, items: &'n [Node], is_alone: bool) -> impl Iterator<Item = Self> {
        let is_unwrapped = is_alone && !self.is_of_list && text(self.node, &["kind"]) == "List";
        let commented = self.commented.as_ref().and_then(|node| node.get("items"));
        let commented = move |index| commented.and_then(|node| node.items().get(index)).cloned();
        let items = items.iter().enumerate();
        let items = items.filter(|(_, item)| !is_empty(item));
        items.map(move |(index, node)| Self {
            node,
            at: node.location(file),
            commented: commented(index),
            is_of_list: !is_unwrapped,
        })
    }
}

/// The documents of a file.
///
/// # Errors
/// When the text is not YAML.
pub(crate) fn parse(file: &str, text: &str) -> Result<Vec<Node>, Diagnostic> {
    let documents = towpath_yaml::parse_with(file, text, Resolution::GoYaml3)?;
    Ok(documents
        .into_iter()
        .map(|document| document.root)
        .collect())
}

/// The objects of the documents of a text, without empty ones. Lists stand for their items, which come last.
///
/// # Errors
/// When an object has no kind or no name.
pub(crate) fn objects<'n>(
    file: &str,
    text: &str,
    documents: &'n [Node],
) -> Result<Vec<Object<'n>>, Diagnostic> {
    let filled: Vec<&Node> = documents.iter().filter(|node| !is_empty(node)).collect();
    let mut commented = commented::documents(text, filled.len()).into_iter();
    let roots = filled.into_iter().map(|node| Object {
        node,
        at: node.location(file),
        commented: commented.next(),
        is_of_list: false,
    });
    let mut queue: VecDeque<Object<'_>> = roots.collect();
    let mut objects = Vec::new();
    while let Some(object) = queue.pop_front() {
        check(file, object.node)?;
        match items(file, object.node)? {
            Some(items) => queue.extend(object.items(file, items, documents.len() == 1)),
            None => objects.push(object),
        }
    }
    Ok(objects)
}

/// All objects of a file. Each document goes once its object is read: large files hold thousands.
///
/// # Errors
/// As [`parse`] and [`objects`].
pub(crate) fn read(file: &str, text: &str) -> Result<Vec<Resource>, Diagnostic> {
    let documents = parse(file, text)?;
    let holds_list = |node: &Node| self::text(node, &["kind"]).ends_with("List");
    if text.contains('#') || documents.iter().any(holds_list) {
        let objects = objects(file, text, &documents)?;
        return objects.iter().map(Object::resource).collect();
    }
    let mut resources = Vec::with_capacity(documents.len());
    for document in documents {
        // Without comments the text is not looked at again.
        let objects = objects(file, "", std::slice::from_ref(&document))?;
        for object in &objects {
            resources.push(object.resource()?);
        }
    }
    Ok(resources)
}

fn is_empty(node: &Node) -> bool {
    match node.kind() {
        Kind::Null => true,
        Kind::Mapping(entries) => entries.is_empty(),
        Kind::Sequence(items) => items.is_empty(),
        _ => false,
    }
}

fn check(file: &str, node: &Node) -> Result<(), Diagnostic> {
    let wrong = |message: String| Err(Diagnostic::new(node.location(file), message));
    if !matches!(node.kind(), Kind::Mapping(_)) {
        return wrong(format!(
            "an object is expected, found {}",
            node.kind().describe()
        ));
    }
    let kind = text(node, &["kind"]);
    if kind.is_empty() {
        return wrong("missing kind in object".to_owned());
    }
    if !kind.ends_with("List") && text(node, &["metadata", "name"]).is_empty() {
        return wrong(format!("missing metadata.name in object of kind {kind}"));
    }
    check_strings(file, node)
}

/// What makes up an object's id. Kubernetes takes nothing but strings there.
fn check_strings(file: &str, node: &Node) -> Result<(), Diagnostic> {
    let paths: [&[&str]; 4] = [
        &["apiVersion"],
        &["kind"],
        &["metadata", "name"],
        &["metadata", "namespace"],
    ];
    let present = paths.iter().filter_map(|path| Some((path, node.at(path)?)));
    for (path, value) in present {
        let is_blank = value.is_null() && path.len() > 1;
        if !is_blank && !matches!(value.kind(), Kind::String(_)) {
            let (path, found) = (path.join("."), value.kind().describe());
            let message = format!("{path}: expected a string, found {found}");
            let problem = Diagnostic::new(value.location(file), message);
            return Err(problem.help("put quotes around it"));
        }
    }
    Ok(())
}

/// Of a list; an object whose kind only sounds like one has no field `items`.
fn items<'n>(file: &str, node: &'n Node) -> Result<Option<&'n [Node]>, Diagnostic> {
    let Some(items) = node
        .get("items")
        .filter(|_| text(node, &["kind"]).ends_with("List"))
    else {
        return Ok(None);
    };
    match items.kind() {
        Kind::Sequence(_) | Kind::Null => Ok(Some(items.items())),
        other => Err(Diagnostic::new(
            items.location(file),
            format!(
                "`items` of a list: expected a list, found {}",
                other.describe()
            ),
        )),
    }
}

fn text<'n>(node: &'n Node, path: &[&str]) -> &'n str {
    let node = node.at(path).filter(|node| !node.is_null());
    node.and_then(Node::text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Result<Vec<String>, String> {
        let read = read("f.yaml", text).map_err(|problem| problem.to_string())?;
        let names = read.iter().map(|resource| resource.name().to_owned());
        Ok(names.collect())
    }

    #[test]
    fn lists_stand_for_their_items() {
        let text = "kind: PodList\nitems: [{kind: Pod, metadata: {name: a}}]\n---\n---\nkind: B\nmetadata: {name: b}\n";
        assert_eq!(names(text), Ok(vec!["b".to_owned(), "a".to_owned()]));
    }

    #[test]
    fn an_object_needs_kind_and_name() {
        for (text, problem) in [
            ("a: 1", "f.yaml:1:1: missing kind in object"),
            (
                "kind: A",
                "f.yaml:1:1: missing metadata.name in object of kind A",
            ),
            ("[a]", "f.yaml:1:1: an object is expected, found a list"),
            (
                "kind: AList\nitems: 1",
                "f.yaml:2:8: `items` of a list: expected a list, found a number",
            ),
        ] {
            assert_eq!(names(text), Err(problem.to_owned()), "{text}");
        }
    }
}
