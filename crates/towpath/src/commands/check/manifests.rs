//! Objects, once they are read: whether they can be deployed together, and what the cluster makes of them.

use serde_json::Value;
use towpath_cluster::{Object, manifest, spec};
use towpath_model::{Diagnostic, Diagnostics, Digest, ProjectName};

use super::problem::Problem;
use crate::cli::check::Target;

/// Whose image the manifests are to name.
pub struct Project {
    pub name: ProjectName,
    /// It was not said, only guessed.
    pub guessed: bool,
}

/// What is wrong with them, given that they parse. `project`: when an image is built for it.
pub fn judge(objects: &[Object], target: Target, project: Option<&Project>) -> Vec<Problem> {
    let mut problems = Vec::new();
    if target == Target::Local {
        problems.extend(objects.iter().flat_map(on_this_machine));
    }
    if let Some(project) = project {
        problems.extend(image(objects, project));
    }
    problems.extend(together(objects));
    problems
}

/// Two objects of one name, whatever the namespace is that those without one get.
fn together(objects: &[Object]) -> Vec<Problem> {
    let Ok(namespace) = "default".parse() else {
        return Vec::new();
    };
    match manifest::place(objects.to_vec(), &namespace) {
        Ok(_) => Vec::new(),
        Err(Diagnostics(wrong)) => wrong.into_iter().map(Problem::error).collect(),
    }
}

/// What the local cluster refuses, or keeps without a meaning.
fn on_this_machine(object: &Object) -> Vec<Problem> {
    match spec::read(object) {
        Ok(Some((_, notes))) => notes.into_iter().map(Problem::warning).collect(),
        Ok(None) => {
            let message = format!(
                "the local cluster keeps {} {} and does not run it",
                object.kind, object.name
            );
            let diagnostic = Diagnostic::new(object.location.clone(), message);
            vec![Problem::warning(diagnostic.help(
                "a Kubernetes cluster may: check with --for kubernetes",
            ))]
        }
        Err(Diagnostics(wrong)) => wrong.into_iter().map(Problem::error).collect(),
    }
}

/// A deployment in which nothing uses the image that was built fails.
fn image(objects: &[Object], project: &Project) -> Option<Problem> {
    let mut pinned = objects.to_vec();
    let digest = Digest::of(b"");
    let error = manifest::pin_images(&mut pinned, &project.name, &digest, "localhost").err()?;
    let place = objects.iter().find_map(|object| {
        let pointer = first_image(&object.value, String::new())?;
        Some(object.locate(&pointer))
    });
    let place = place.or_else(|| Some(objects.first()?.location.clone()))?;
    let (message, help) = match error.to_string().split_once("; ") {
        Some((message, help)) => (message.to_owned(), help.to_owned()),
        None => (error.to_string(), String::new()),
    };
    if project.guessed {
        let help = format!("{help}, or name the project with --project");
        return Some(Problem::warning(Diagnostic::new(place, message).help(help)));
    }
    Some(Problem::error(Diagnostic::new(place, message).help(help)))
}

/// The place (JSON pointer, RFC 6901) of the first container's image.
fn first_image(value: &Value, at: String) -> Option<String> {
    match value {
        Value::Object(map) => {
            let containers = map.get("containers").and_then(Value::as_array);
            let image = containers.and_then(|containers| {
                containers
                    .iter()
                    .position(|container| container.get("image").is_some())
            });
            if let Some(index) = image {
                return Some(format!("{at}/containers/{index}/image"));
            }
            map.iter()
                .find_map(|(key, value)| first_image(value, format!("{at}/{}", escaped(key))))
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, value)| first_image(value, format!("{at}/{index}"))),
        _ => None,
    }
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
