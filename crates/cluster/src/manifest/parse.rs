use std::collections::BTreeMap;

use towpath_model::{Diagnostic, Diagnostics, Location, Namespace};
use towpath_yaml::{Node, Resolution, parse_1_2};

use super::kustomization::{is_kustomization, not_rendered};
use crate::object::{Object, ObjectId, Positions, is_cluster_scoped, pointer_step};

/// Reads every object of several files (`(path, text)`), of which none may appear twice.
///
/// # Errors
/// Everything wrong in them.
pub fn parse_files<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Vec<Object>, Diagnostics> {
    let (mut objects, mut errors) = (Vec::new(), Vec::new());
    for (file, text) in files {
        match read_file(file, text) {
            Ok(read) => objects.extend(read),
            Err(Diagnostics(wrong)) => errors.extend(wrong),
        }
    }
    errors.extend(duplicates(&objects));
    if errors.is_empty() {
        Ok(objects)
    } else {
        Err(Diagnostics(errors))
    }
}

/// Reads every object of one file: YAML or JSON, any number of documents. Empty documents are skipped,
/// lists (`kind: List`) are flattened, as kubectl does.
///
/// # Errors
/// Everything wrong in the file, each with line and column.
pub fn parse(file: &str, text: &str) -> Result<Vec<Object>, Diagnostics> {
    parse_files([(file, text)])
}

fn read_file(file: &str, text: &str) -> Result<Vec<Object>, Diagnostics> {
    if is_kustomization(file) {
        return Err(not_rendered(start_of(file)).into());
    }
    // `sigs.k8s.io/yaml`, through which Kubernetes reads, stands on go-yaml v2.
    let documents = parse_1_2(file, text, Resolution::GoYaml2)?;
    let (mut objects, mut errors) = (Vec::new(), Vec::new());
    for document in documents.iter().filter(|document| !document.root.is_null()) {
        read_object(file, &document.root, &mut objects, &mut errors);
    }
    if errors.is_empty() {
        Ok(objects)
    } else {
        Err(Diagnostics(errors))
    }
}

fn start_of(file: &str) -> Location {
    Location {
        file: file.to_owned(),
        line: 1,
        column: 1,
    }
}

fn read_object(file: &str, node: &Node, objects: &mut Vec<Object>, errors: &mut Vec<Diagnostic>) {
    let kind = node.get("kind").and_then(Node::as_str).unwrap_or_default();
    if kind.ends_with("List") && node.get("items").is_some() {
        for item in node.get("items").into_iter().flat_map(Node::items) {
            read_object(file, item, objects, errors);
        }
        return;
    }
    match object(file, node) {
        Ok(object) => objects.push(object),
        Err(wrong) => errors.push(wrong),
    }
}

fn object(file: &str, node: &Node) -> Result<Object, Diagnostic> {
    let api_version = text(file, node, node, "apiVersion")?;
    let kind = text(file, node, node, "kind")?;
    if api_version.starts_with("kustomize.config.k8s.io/") {
        return Err(not_rendered(node.location(file)));
    }
    let Some(metadata) = node.get("metadata").filter(|node| !node.is_null()) else {
        return Err(missing(file, node, "metadata.name"));
    };
    let name = text(file, node, metadata, "name").map_err(|error| named(error, "metadata.name"))?;
    check_name(file, metadata, &api_version, &kind, &name)?;
    let namespace = namespace(file, metadata, &api_version, &kind)?;
    Ok(Object {
        namespace,
        value: node.to_json(),
        location: node.location(file),
        positions: positions(node),
        is_ours: false,
        api_version,
        kind,
        name,
    })
}

fn text(file: &str, object: &Node, within: &Node, key: &str) -> Result<String, Diagnostic> {
    let Some(value) = within.get(key).filter(|value| !value.is_null()) else {
        return Err(missing(file, object, key));
    };
    match value.as_str() {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        Some(_) => Err(Diagnostic::new(
            value.location(file),
            format!("`{key}` is empty"),
        )),
        None => Err(Diagnostic::new(
            value.location(file),
            format!(
                "`{key}`: expected a string, found {}",
                value.kind().describe()
            ),
        )
        .help("put it in quotes")),
    }
}

fn missing(file: &str, object: &Node, key: &str) -> Diagnostic {
    let help = "a Kubernetes object has apiVersion, kind and metadata.name";
    Diagnostic::new(object.location(file), format!("`{key}` is missing")).help(help)
}

fn named(mut error: Diagnostic, key: &str) -> Diagnostic {
    error.message = error.message.replace("`name`", &format!("`{key}`"));
    error
}

/// RFC 1123 subdomains for what we run, since these names become host names and folders; of other
/// objects only that the name can be part of a path (Kubernetes, "Object Names and IDs").
fn check_name(
    file: &str,
    metadata: &Node,
    api_version: &str,
    kind: &str,
    name: &str,
) -> Result<(), Diagnostic> {
    let core = matches!(api_version, "v1" | "apps/v1");
    let (longest, strict) = match kind {
        "Service" | "Namespace" if core => (63, true),
        "Deployment" | "ConfigMap" | "Secret" if core => (253, true),
        _ => (253, false),
    };
    let label = |part: &str| !part.is_empty() && !part.starts_with('-') && !part.ends_with('-');
    let subdomain = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.')
        && name.split('.').all(label);
    let segment = !name.contains(['/', '%', '\0']) && name != "." && name != "..";
    if name.len() <= longest && segment && (subdomain || !strict) {
        return Ok(());
    }
    let place = metadata.get("name").unwrap_or(metadata).location(file);
    let message = format!(
        "{:?} is not a name for a {kind}",
        name.chars().take(100).collect::<String>()
    );
    Err(Diagnostic::new(place, message).help("expected a-z, 0-9, - and ."))
}

fn namespace(
    file: &str,
    metadata: &Node,
    api_version: &str,
    kind: &str,
) -> Result<Option<Namespace>, Diagnostic> {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let Some(node) = metadata.get("namespace").filter(|node| !node.is_null()) else {
        return Ok(None);
    };
    let error = |message: String| Diagnostic::new(node.location(file), message);
    if is_cluster_scoped(group, kind) {
        return Err(
            error(format!("a {kind} lives outside of namespaces")).help("remove `namespace`")
        );
    }
    match node.as_str().map(str::parse) {
        Some(Ok(namespace)) => Ok(Some(namespace)),
        Some(Err(wrong)) => Err(error(format!("{wrong}"))),
        None => Err(error("`namespace`: expected a string".to_owned()).help("put it in quotes")),
    }
}

fn positions(node: &Node) -> Positions {
    let mut found = BTreeMap::new();
    collect(node, &mut String::new(), &mut found);
    Positions(found)
}

fn collect(node: &Node, pointer: &mut String, found: &mut BTreeMap<String, (u32, u32)>) {
    let length = pointer.len();
    for entry in node.entries() {
        pointer.push('/');
        pointer.push_str(&pointer_step(&entry.json_key()));
        let start = entry.key.span().start;
        found.insert(pointer.clone(), (start.line, start.column));
        collect(&entry.value, pointer, found);
        pointer.truncate(length);
    }
    for (index, item) in node.items().iter().enumerate() {
        pointer.push_str(&format!("/{index}"));
        let start = item.span().start;
        found.insert(pointer.clone(), (start.line, start.column));
        collect(item, pointer, found);
        pointer.truncate(length);
    }
}

fn duplicates(objects: &[Object]) -> Vec<Diagnostic> {
    let mut seen: BTreeMap<ObjectId, &Location> = BTreeMap::new();
    let mut found = Vec::new();
    for object in objects {
        match seen.get(&object.id()) {
            Some(first) => found.push(Diagnostic::new(
                object.location.clone(),
                format!(
                    "{} appears twice; first at {first}",
                    object.id().for_people()
                ),
            )),
            None => drop(seen.insert(object.id(), &object.location)),
        }
    }
    found
}
