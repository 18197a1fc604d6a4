//! How images are named (distribution reference grammar, `github.com/distribution/reference`).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use towpath_model::{Digest, ProjectName};

/// The registry that a name without one belongs to.
const DOCKER_HUB: &str = "docker.io";
/// Limit of the grammar for host and repository together.
const NAME_LIMIT: usize = 255;
const TAG_LIMIT: usize = 128;

/// Why a text is not an image reference, a repository or a tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {what}: {why}")]
pub struct ReferenceError {
    text: String,
    what: &'static str,
    why: String,
}

impl ReferenceError {
    fn new(text: &str, what: &'static str, why: impl Into<String>) -> Self {
        let text = text.chars().take(NAME_LIMIT).collect();
        Self {
            text,
            what,
            why: why.into(),
        }
    }
}

towpath_model::checked_text!(
    /// Where a registry listens: `host`, `host:port` or `[v6]:port`.
    pub Host,
    ReferenceError,
    check_host
);
towpath_model::checked_text!(
    /// The path of a repository within its registry, such as `library/busybox`.
    pub Repository,
    ReferenceError,
    check_repository
);
towpath_model::checked_text!(
    /// A name for a manifest that may move.
    pub Tag,
    ReferenceError,
    check_tag
);

impl Tag {
    /// The tag of a reference that names none.
    pub fn latest() -> Self {
        Self("latest".to_owned())
    }
}

impl From<&ProjectName> for Repository {
    /// The repository of a project's own image: a project name is always a path component.
    fn from(project: &ProjectName) -> Self {
        Self(project.as_str().to_owned())
    }
}

/// An image in a registry, in full: `busybox` has become `docker.io/library/busybox:latest`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageReference {
    host: Host,
    repository: Repository,
    version: Version,
}

/// Which manifest of the repository is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    Tag(Tag),
    /// The digest decides; a tag beside it is a remark for people.
    Digest {
        digest: Digest,
        tag: Option<Tag>,
    },
}

impl ImageReference {
    /// Whatever the tag points at when it is asked for.
    pub fn tagged(host: Host, repository: Repository, tag: Tag) -> Self {
        Self {
            host,
            repository,
            version: Version::Tag(tag),
        }
    }

    /// The one image, for ever.
    pub fn pinned(host: Host, repository: Repository, digest: Digest) -> Self {
        Self {
            host,
            repository,
            version: Version::Digest { digest, tag: None },
        }
    }

    pub fn host(&self) -> &Host {
        &self.host
    }

    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    pub fn version(&self) -> &Version {
        &self.version
    }

    /// Also the remark beside a digest.
    pub fn tag(&self) -> Option<&Tag> {
        match &self.version {
            Version::Tag(tag) => Some(tag),
            Version::Digest { tag, .. } => tag.as_ref(),
        }
    }

    pub fn digest(&self) -> Option<Digest> {
        match &self.version {
            Version::Tag(_) => None,
            Version::Digest { digest, .. } => Some(*digest),
        }
    }
}

impl FromStr for ImageReference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text)
    }
}

impl TryFrom<String> for ImageReference {
    type Error = ReferenceError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        parse(&text)
    }
}

impl From<ImageReference> for String {
    fn from(reference: ImageReference) -> Self {
        reference.to_string()
    }
}

impl fmt::Display for ImageReference {
    /// The full form, which parses back to the same reference.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.repository)?;
        match &self.version {
            Version::Tag(tag) => write!(f, ":{tag}"),
            Version::Digest { digest, tag: None } => write!(f, "@{digest}"),
            Version::Digest {
                digest,
                tag: Some(tag),
            } => write!(f, ":{tag}@{digest}"),
        }
    }
}

const REFERENCE: &str = "an image reference";

fn parse(text: &str) -> Result<ImageReference, ReferenceError> {
    let (name_and_tag, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(parse_digest(text, digest)?)),
        None => (text, None),
    };
    let (name, tag) = split_tag(name_and_tag);
    let tag = tag.map(Tag::from_str).transpose()?;
    let (host, repository) = split_host(name);
    if host.len() + repository.len() >= NAME_LIMIT {
        let why = format!("the name has more than {NAME_LIMIT} characters");
        return Err(ReferenceError::new(text, REFERENCE, why));
    }
    let version = match (digest, tag) {
        (Some(digest), tag) => Version::Digest { digest, tag },
        (None, tag) => Version::Tag(tag.unwrap_or_else(Tag::latest)),
    };
    Ok(ImageReference {
        host: host.parse()?,
        repository: repository.parse()?,
        version,
    })
}

fn parse_digest(text: &str, digest: &str) -> Result<Digest, ReferenceError> {
    digest.parse().map_err(|error: towpath_model::DigestError| {
        ReferenceError::new(text, REFERENCE, error.to_string())
    })
}

/// A colon before the last slash belongs to the host's port.
fn split_tag(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (name, None),
    }
}

/// `ParseNormalizedNamed`: the first component is a host when it looks like one.
fn split_host(name: &str) -> (&str, String) {
    let (host, path) = match name.split_once('/') {
        Some((first, rest)) if looks_like_host(first) => (first, rest),
        _ => (DOCKER_HUB, name),
    };
    let host = if host == "index.docker.io" {
        DOCKER_HUB
    } else {
        host
    };
    if host == DOCKER_HUB && !path.contains('/') {
        return (host, format!("library/{path}"));
    }
    (host, path.to_owned())
}

fn looks_like_host(component: &str) -> bool {
    component == "localhost"
        || component.contains(['.', ':'])
        || component.bytes().any(|b| b.is_ascii_uppercase())
}

fn check_host(text: &str) -> Result<(), ReferenceError> {
    let error = |why: &str| Err(ReferenceError::new(text, "a registry host", why));
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (text, None),
    };
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return error("expected a port from 0 to 65535 after the colon");
    }
    match name.strip_prefix('[').map(|rest| rest.strip_suffix(']')) {
        Some(Some(v6)) if v6.parse::<std::net::Ipv6Addr>().is_ok() => Ok(()),
        Some(_) => error("expected an IPv6 address in the brackets"),
        None if name.split('.').all(is_host_label) => Ok(()),
        None => error("expected letters, digits, - and . and perhaps :port"),
    }
}

fn is_host_label(label: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    !label.is_empty()
        && label.bytes().all(inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn check_repository(text: &str) -> Result<(), ReferenceError> {
    let error = |why: String| Err(ReferenceError::new(text, "a repository name", why));
    if text.len() > NAME_LIMIT {
        return error(format!("it has more than {NAME_LIMIT} characters"));
    }
    match text
        .split('/')
        .find(|component| !is_path_component(component))
    {
        None => Ok(()),
        Some("") => error("a part between slashes is empty".to_owned()),
        Some(bad) if bad.bytes().any(|b| b.is_ascii_uppercase()) => error(format!(
            "{bad:?} has upper-case letters; repository names are lower-case"
        )),
        Some(bad) => error(format!(
            "{bad:?} is not a-z and 0-9 joined by a dot, one or two underscores, or dashes"
        )),
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` (distribution spec, "Pulling manifests").
fn is_path_component(component: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let mut rest = component.as_bytes();
    loop {
        let word = rest.iter().take_while(|b| alphanumeric(**b)).count();
        if word == 0 {
            return false;
        }
        rest = &rest[word..];
        if rest.is_empty() {
            return true;
        }
        let separator = rest.iter().take_while(|b| !alphanumeric(**b)).count();
        let dashes = rest[..separator].iter().all(|b| *b == b'-');
        if !(dashes || matches!(&rest[..separator], b"." | b"_" | b"__")) {
            return false;
        }
        rest = &rest[separator..];
    }
}

fn check_tag(text: &str) -> Result<(), ReferenceError> {
    let error = |why: &str| Err(ReferenceError::new(text, "a tag", why));
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    match text.as_bytes() {
        [] => error("it is empty"),
        bytes if bytes.len() > TAG_LIMIT => error("it has more than 128 characters"),
        [first, ..] if !word(*first) => error("expected a letter, a digit or _ first"),
        bytes if !bytes.iter().all(|b| word(*b) || matches!(b, b'.' | b'-')) => {
            error("expected only letters, digits, _, . and -")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised_as_docker_does() {
        let digest = Digest::of(b"x");
        let cases = [
            ("busybox", "docker.io/library/busybox:latest".to_owned()),
            ("busybox:1.36", "docker.io/library/busybox:1.36".to_owned()),
            (
                "index.docker.io/busybox",
                "docker.io/library/busybox:latest".to_owned(),
            ),
            ("a/b", "docker.io/a/b:latest".to_owned()),
            ("localhost/a", "localhost/a:latest".to_owned()),
            ("localhost:5000/a:b", "localhost:5000/a:b".to_owned()),
            ("ghcr.io/a/b/c", "ghcr.io/a/b/c:latest".to_owned()),
            ("Host/a", "Host/a:latest".to_owned()),
            ("[::1]:80/a", "[::1]:80/a:latest".to_owned()),
            ("a__b/c---d.e", "docker.io/a__b/c---d.e:latest".to_owned()),
            (
                &format!("a@{digest}"),
                format!("docker.io/library/a@{digest}"),
            ),
            (&format!("h:1/a:t@{digest}"), format!("h:1/a:t@{digest}")),
        ];
        for (text, expected) in cases {
            let parsed: ImageReference = text.parse().unwrap();
            assert_eq!(parsed.to_string(), expected, "{text}");
            assert_eq!(expected.parse(), Ok(parsed), "{expected}");
        }
    }

    #[test]
    fn an_error_says_what_is_wrong() {
        let long = "a".repeat(300);
        let cases = [
            ("", "empty"),
            ("BusyBox", "upper-case"),
            ("a//b", "empty"),
            ("a/", "empty"),
            ("a:", "empty"),
            ("a:-x", "letter, a digit"),
            ("a:x y", "only letters"),
            ("a b", "joined by"),
            ("a___b", "joined by"),
            ("a..b", "joined by"),
            ("-a", "joined by"),
            ("h:99999/a", "port"),
            ("-h.io/a", "expected letters"),
            ("[x]:1/a", "IPv6"),
            ("a@sha256:12", "digest"),
            ("a@", "digest"),
            (&long, "255"),
        ];
        for (text, message) in cases {
            let error = text.parse::<ImageReference>().unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_parses_prints_and_parses_the_same(text in "[a-zA-Z0-9./:@_\\[\\]-]{0,40}|\\PC{0,40}") {
            if let Ok(reference) = text.parse::<ImageReference>() {
                assert_eq!(reference.to_string().parse(), Ok(reference));
            }
        }
    }
}
