use serde_json::Value;
use towpath_model::{Digest, ProjectName};

use crate::object::Object;

/// No container runs the image that was built: the deployment would change nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no container in the manifests uses the project's image `{project}`: {}; \
     set `image: {project}:latest` (any host and tag) on the container that is to run it",
    list(found)
)]
pub struct PinError {
    pub project: ProjectName,
    /// Images that the manifests name, sorted.
    pub found: Vec<String>,
}

/// Pins each container whose repository path, host aside, is the project's image to the digest just
/// built: `image: anything.example/hello:v1` becomes `<registry>/hello@sha256:...`. Gives the number of
/// containers that were pinned.
///
/// # Errors
/// When no container uses the project's image.
pub fn pin_images(
    objects: &mut [Object],
    project: &ProjectName,
    digest: &Digest,
    registry: &str,
) -> Result<usize, PinError> {
    let (mut pinned, mut found) = (0, Vec::new());
    for object in objects {
        for image in images(&mut object.value) {
            if repository_path(image) == project.as_str() {
                *image = format!("{registry}/{project}@{digest}");
                pinned += 1;
            } else {
                found.push(image.clone());
            }
        }
    }
    if pinned > 0 {
        return Ok(pinned);
    }
    found.sort();
    found.dedup();
    Err(PinError {
        project: project.clone(),
        found,
    })
}

fn list(found: &[String]) -> String {
    match found {
        [] => "they name no image at all".to_owned(),
        images => format!("found {}", images.join(", ")),
    }
}

/// The `image` fields of all pod specs of an object, whatever kind it is of: a pod spec is where a list
/// `containers` is.
fn images(value: &mut Value) -> Vec<&mut String> {
    let mut images = Vec::new();
    match value {
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| images.extend(self::images(item))),
        Value::Object(map) => {
            for (key, value) in map {
                match key.as_str() {
                    "containers" | "initContainers" => images.extend(images_of(value)),
                    _ => images.extend(self::images(value)),
                }
            }
        }
        _ => {}
    }
    images
}

fn images_of(containers: &mut Value) -> impl Iterator<Item = &mut String> {
    let containers = containers.as_array_mut().into_iter().flatten();
    containers.filter_map(|container| match container.get_mut("image") {
        Some(Value::String(image)) => Some(image),
        _ => None,
    })
}

/// `localhost:5000/team/hello:v1@sha256:...` is `team/hello`. The first part is a host when it has a dot
/// or a port or is `localhost` (Docker's reference grammar).
fn repository_path(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or_default();
    let path = match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => path,
        _ => name,
    };
    path.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_what_remains_without_host_and_tag() {
        for (image, path) in [
            ("hello", "hello"),
            ("hello:latest", "hello"),
            ("localhost/hello", "hello"),
            ("127.0.0.1:8480/hello:abc", "hello"),
            ("ghcr.io/acme/hello@sha256:00", "acme/hello"),
            ("acme/hello", "acme/hello"),
            ("registry.example:5000/a/b:1@sha256:00", "a/b"),
            ("", ""),
        ] {
            assert_eq!(repository_path(image), path, "{image}");
        }
    }
}
