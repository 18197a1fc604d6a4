//! `images`.

use regex::Regex;

use crate::fieldspec::{FieldSpec, Make, apply_all};
use crate::kustomization::Image;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::value::{Scalar, Value, set_scalar, wrong_kind};

/// Changes name, tag or digest of an image in all containers and in what the specs lead to (upstream's
/// `ImageTagTransformer`).
///
/// # Errors
/// When the image's name is no regular expression, or when an image is no scalar.
pub(crate) fn set_image(
    map: &mut ResMap,
    image: &Image,
    specs: &[FieldSpec],
) -> Result<(), String> {
    let update = Update::new(image)?;
    let has_images = |resource: &&mut Resource| resource.kind() != "CustomResourceDefinition";
    for resource in map.list.iter_mut().filter(has_images) {
        enter(&mut resource.value, &update)?;
    }
    for resource in map.list.iter_mut().filter(has_images) {
        apply_all(specs, resource, Make::Nothing, &mut |node| {
            update.apply(node)
        })?;
    }
    Ok(())
}

struct Update<'i> {
    image: &'i Image,
    pattern: Pattern<'i>,
}

/// Which images a name means. It counts as a regular expression, as upstream has it.
enum Pattern<'i> {
    /// Without special characters but dots, each of which stands for any character.
    Plain(&'i str),
    Regex(Regex),
}

impl<'i> Pattern<'i> {
    fn new(name: &'i str) -> Result<Self, String> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '_' | '-');
        if name.chars().all(is_plain) {
            return Ok(Self::Plain(name));
        }
        let pattern = format!("^{name}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$");
        Regex::new(&pattern)
            .map(Self::Regex)
            .map_err(|_| format!("image name `{name}` is not a regular expression"))
    }

    fn matches(&self, image: &str) -> bool {
        match self {
            Self::Plain(name) => {
                let mut rest = image.chars();
                let fits = |c, have| c == have || (c == '.' && have != '\n');
                let mut name = name.chars();
                name.all(|c| rest.next().is_some_and(|have| fits(c, have)))
                    && is_version(rest.as_str())
            }
            Self::Regex(regex) => regex.is_match(image),
        }
    }
}

/// A tag and a digest, as far as they are there.
fn is_version(text: &str) -> bool {
    let rest = text.strip_prefix(':').map_or(text, behind_word);
    let digest = rest.strip_prefix("@sha256:").map(behind_word);
    rest.is_empty() || digest == Some("")
}

fn behind_word(text: &str) -> &str {
    text.trim_start_matches(|c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '{' | '}' | '-')
    })
}

impl<'i> Update<'i> {
    fn new(image: &'i Image) -> Result<Self, String> {
        let pattern = Pattern::new(&image.name)?;
        Ok(Self { image, pattern })
    }

    fn apply(&self, node: &mut Value) -> Result<(), String> {
        if !node.is_scalar() {
            return Err(wrong_kind("ScalarNode", node));
        }
        let old = node.text();
        match self.pattern.matches(old) {
            true => set_scalar(node, Scalar::untagged(self.updated(old))),
            false => Ok(()),
        }
    }

    fn updated(&self, old: &str) -> String {
        let Image {
            new_name,
            new_tag,
            digest: new_digest,
            tag_suffix,
            ..
        } = self.image;
        let (name, tag, digest) = split(old);
        let name = if new_name.is_empty() { name } else { new_name };
        let (tag, digest) = if !new_tag.is_empty() {
            (new_tag.clone(), new_digest.as_str())
        } else if !new_digest.is_empty() {
            (String::new(), new_digest.as_str())
        } else if !tag_suffix.is_empty() {
            (format!("{tag}{tag_suffix}"), "")
        } else {
            (tag.to_owned(), digest)
        };
        let mut updated = name.to_owned();
        for (separator, part) in [(':', tag.as_str()), ('@', digest)] {
            if !part.is_empty() {
                updated.push(separator);
                updated.push_str(part);
            }
        }
        updated
    }
}

/// Changes the images of containers, wherever those are: in every field `containers` or `initContainers`.
fn enter(node: &mut Value, update: &Update<'_>) -> Result<(), String> {
    match node {
        Value::Object(map) => map.iter_mut().try_for_each(|(key, value)| {
            enter(value, update)?;
            match (value, &**key) {
                (Value::Array(list), "containers" | "initContainers") => {
                    let mut containers = list.items.iter_mut();
                    containers.try_for_each(|container| self::container(container, update))
                }
                _ => Ok(()),
            }
        }),
        Value::Array(list) => {
            let mut items = list.items.iter_mut();
            items.try_for_each(|item| enter(item, update))
        }
        Value::Scalar(_) => Ok(()),
    }
}

fn container(container: &mut Value, update: &Update<'_>) -> Result<(), String> {
    match container {
        Value::Object(map) => match map.get_mut("image") {
            Some(image) => update.apply(image),
            None => Ok(()),
        },
        null if null.is_null() => Ok(()),
        _ => Err("wrong node kind: a container is expected to be a mapping".to_owned()),
    }
}

/// Name, tag and digest. A `:` before the first `/` is a port.
fn split(image: &str) -> (&str, &str, &str) {
    let after_host = image.find('/').unwrap_or(0);
    let find = |c: char| image[after_host..].find(c).map(|index| index + after_host);
    match (find(':'), find('@')) {
        (None, None) => (image, "", ""),
        (Some(colon), Some(at)) if colon < at => {
            (&image[..colon], &image[colon + 1..at], &image[at + 1..])
        }
        (_, Some(at)) => (&image[..at], "", &image[at + 1..]),
        (Some(colon), None) => (&image[..colon], &image[colon + 1..], ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_match_as_the_regular_expression_would() {
        let names = ["nginx", "a.b/c", "", "a-b_c", "nginx:1"];
        let images = [
            "nginx",
            "nginx:1",
            "nginx:",
            "nginx:1@sha256:ab",
            "nginx@sha256:",
            "nginx@sha512:1",
            "nginx:1:2",
            "nginxx",
            "ngin",
            "a.b/c:1",
            "axb/c",
            "a\nb/c",
            "",
            ":1",
            "a-b_c:{x}",
            "nginx:1@sha256:\n",
            "é",
        ];
        for name in names {
            let pattern = format!("^{name}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$");
            let regex = Regex::new(&pattern).unwrap();
            for image in images {
                let matches = Pattern::new(name).unwrap().matches(image);
                assert_eq!(matches, regex.is_match(image), "{name} {image:?}");
            }
        }
    }

    #[test]
    fn images_split_behind_the_host() {
        for (image, parts) in [
            ("nginx", ("nginx", "", "")),
            ("nginx:1", ("nginx", "1", "")),
            (
                "host:5000/a/b:1@sha256:2",
                ("host:5000/a/b", "1", "sha256:2"),
            ),
            ("host:5000/a", ("host:5000/a", "", "")),
            ("a@sha256:2", ("a", "", "sha256:2")),
        ] {
            assert_eq!(split(image), parts);
        }
    }
}
