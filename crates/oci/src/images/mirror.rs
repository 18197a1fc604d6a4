use std::fmt;
use std::str::FromStr;

use super::ImageError;
use crate::reference::{Host, ImageReference, ReferenceError, Repository, Version};

/// `docker.io=http://127.0.0.1:8480/mirror`: images of the one registry are fetched from the other, beneath
/// a path of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// The registry whose images these are.
    pub of: Host,
    host: Host,
    path: Option<Repository>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a registry mirror: {why}; expected for example docker.io=https://mirror.example/path"
)]
pub struct MirrorError {
    text: String,
    why: String,
}

impl Mirror {
    pub(super) fn apply(&self, asked: &ImageReference) -> Result<ImageReference, ImageError> {
        let repository = match &self.path {
            None => Ok(asked.repository().clone()),
            Some(path) => format!("{path}/{}", asked.repository()).parse(),
        };
        let repository = repository.map_err(|reason| ImageError::Mirror {
            asked: Box::new(asked.clone()),
            reason: Box::new(reason),
        })?;
        let host = self.host.clone();
        Ok(match asked.version() {
            Version::Tag(tag) => ImageReference::tagged(host, repository, tag.clone()),
            Version::Digest { digest, .. } => ImageReference::pinned(host, repository, *digest),
        })
    }
}

impl FromStr for Mirror {
    type Err = MirrorError;

    fn from_str(text: &str) -> Result<Self, MirrorError> {
        let error = |why: String| MirrorError {
            text: text.chars().take(200).collect(),
            why,
        };
        let invalid = |invalid: ReferenceError| error(invalid.to_string());
        let (of, url) = text
            .split_once('=')
            .ok_or_else(|| error("there is no = in it".to_owned()))?;
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| error("the address has no https:// or http://".to_owned()))?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host: Host = host.parse().map_err(invalid)?;
        let path = path.trim_end_matches('/');
        match scheme {
            "https" if !is_loopback(&host) => {}
            "https" => {
                return Err(error(
                    "registries on this machine are asked with http".to_owned(),
                ));
            }
            "http" if is_loopback(&host) => {}
            "http" => {
                return Err(error(
                    "plain http is only for this machine itself".to_owned(),
                ));
            }
            other => return Err(error(format!("{other} is neither https nor http"))),
        }
        Ok(Self {
            of: of.parse().map_err(invalid)?,
            host,
            path: (!path.is_empty())
                .then(|| path.parse().map_err(invalid))
                .transpose()?,
        })
    }
}

impl fmt::Display for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if is_loopback(&self.host) {
            "http"
        } else {
            "https"
        };
        write!(f, "{}={scheme}://{}", self.of, self.host)?;
        match &self.path {
            Some(path) => write!(f, "/{path}"),
            None => Ok(()),
        }
    }
}

/// As Docker has it, a registry on this machine is spoken to without TLS.
pub(super) fn is_loopback(host: &Host) -> bool {
    let text = host.as_str();
    let name = match text.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => text,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_rename_images() {
        let cases = [
            (
                "docker.io=http://127.0.0.1:8480/mirror",
                "127.0.0.1:8480/mirror/library/a:latest",
            ),
            (
                "docker.io=https://mirror.example/",
                "mirror.example/library/a:latest",
            ),
            (
                "docker.io=http://[::1]:1/x/y",
                "[::1]:1/x/y/library/a:latest",
            ),
        ];
        for (mirror, expected) in cases {
            let mirror: Mirror = mirror.parse().unwrap();
            let image = mirror.apply(&"a".parse().unwrap()).unwrap();
            assert_eq!(image.to_string(), expected);
            assert_eq!(mirror.to_string().parse(), Ok(mirror));
        }
    }

    #[test]
    fn what_is_no_mirror_is_refused() {
        for (text, message) in [
            ("docker.io", "no ="),
            ("docker.io=mirror.example", "no https://"),
            ("docker.io=http://mirror.example", "only for this machine"),
            ("docker.io=https://localhost:1", "with http"),
            ("docker.io=ftp://mirror.example", "neither"),
            ("docker.io=https://a b", "not a registry host"),
            ("docker.io=https://a.b/C", "upper-case"),
        ] {
            let error = text.parse::<Mirror>().unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
