use std::collections::BTreeSet;

use serde_json::{Value, json};
use towpath_model::{Diagnostic, Diagnostics, Namespace};

use crate::object::{Object, is_cluster_scoped};
use crate::order;

/// Puts the objects without a namespace into `namespace`, adds the Namespace objects that are missing,
/// and sorts for applying.
///
/// # Errors
/// Objects that became the same object by this.
pub fn place(objects: Vec<Object>, namespace: &Namespace) -> Result<Vec<Object>, Diagnostics> {
    let mut placed: Vec<Object> = objects
        .into_iter()
        .map(|object| place_one(object, namespace))
        .collect();
    check_unique(&placed)?;
    let named: BTreeSet<Namespace> = placed
        .iter()
        .filter(|object| object.kind == "Namespace" && object.group().is_empty())
        .filter_map(|object| object.name.parse().ok())
        .collect();
    let mut used: BTreeSet<Namespace> = placed
        .iter()
        .filter_map(|object| object.namespace.clone())
        .collect();
    used.insert(namespace.clone());
    placed.extend(used.difference(&named).filter_map(namespace_object));
    order::sort(&mut placed);
    Ok(placed)
}

fn place_one(mut object: Object, namespace: &Namespace) -> Object {
    if object.namespace.is_none() && !is_cluster_scoped(object.group(), &object.kind) {
        object.namespace = Some(namespace.clone());
        if let Some(metadata) = object
            .value
            .get_mut("metadata")
            .and_then(Value::as_object_mut)
        {
            metadata.insert("namespace".to_owned(), namespace.as_str().into());
        }
    }
    object
}

fn namespace_object(namespace: &Namespace) -> Option<Object> {
    Object::generated("(made for the project)", bare_namespace(namespace.as_str()))
}

/// A Namespace of which nobody says more than its name.
pub(crate) fn bare_namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

fn check_unique(objects: &[Object]) -> Result<(), Diagnostics> {
    let mut seen = BTreeSet::new();
    let twice = objects.iter().filter(|object| !seen.insert(object.id()));
    let errors: Vec<Diagnostic> = twice
        .map(|object| {
            Diagnostic::new(
                object.location.clone(),
                format!("{} appears twice", object.id().for_people()),
            )
        })
        .collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Diagnostics(errors))
    }
}
