//! Paths under `/v2/`. Repository names hold slashes, so a path is read from its end.

use percent_encoding::percent_decode_str;
use towpath_model::Digest;

use super::error::{Code, HttpError};
use crate::reference::{Repository, Version};
use crate::registry::uploads::UploadId;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    Base,
    Catalog,
    Tags(Repository),
    Referrers(Repository, Digest),
    Manifest(Repository, Version),
    Blob(Repository, Digest),
    Uploads(Repository),
    Upload(Repository, UploadId),
}

pub(super) fn parse(path: &str) -> Result<Route, HttpError> {
    let no_such_path = || HttpError::new(Code::NoSuchPath, "there is no such path in a registry");
    let path = percent_decode_str(path)
        .decode_utf8()
        .map_err(|_| no_such_path())?;
    let rest = match path.strip_prefix("/v2") {
        Some("" | "/") => return Ok(Route::Base),
        Some(rest) => rest.strip_prefix('/').ok_or_else(no_such_path)?,
        None => return Err(no_such_path()),
    };
    if rest == "_catalog" {
        return Ok(Route::Catalog);
    }
    let parts: Vec<&str> = rest.split('/').collect();
    match parts.as_slice() {
        [name @ .., "tags", "list"] => Ok(Route::Tags(repository(name)?)),
        [name @ .., "referrers", subject] => {
            Ok(Route::Referrers(repository(name)?, digest(subject)?))
        }
        [name @ .., "manifests", reference] => {
            Ok(Route::Manifest(repository(name)?, version(reference)?))
        }
        [name @ .., "blobs", "uploads", ""] | [name @ .., "blobs", "uploads"] => {
            Ok(Route::Uploads(repository(name)?))
        }
        [name @ .., "blobs", "uploads", id] => Ok(Route::Upload(repository(name)?, upload(id)?)),
        [name @ .., "blobs", of] => Ok(Route::Blob(repository(name)?, digest(of)?)),
        _ => Err(no_such_path()),
    }
}

fn repository(parts: &[&str]) -> Result<Repository, HttpError> {
    parts
        .join("/")
        .parse()
        .map_err(|error: crate::reference::ReferenceError| {
            HttpError::new(Code::NameInvalid, error.to_string())
        })
}

pub(super) fn digest(text: &str) -> Result<Digest, HttpError> {
    text.parse().map_err(|error: towpath_model::DigestError| {
        HttpError::new(Code::DigestInvalid, error.to_string())
    })
}

fn version(text: &str) -> Result<Version, HttpError> {
    if text.contains(':') {
        let digest = digest(text)?;
        return Ok(Version::Digest { digest, tag: None });
    }
    let tag = text
        .parse()
        .map_err(|error: crate::reference::ReferenceError| {
            HttpError::new(Code::ManifestInvalid, error.to_string())
        })?;
    Ok(Version::Tag(tag))
}

fn upload(text: &str) -> Result<UploadId, HttpError> {
    text.parse()
        .map_err(|()| HttpError::new(Code::BlobUploadUnknown, "there is no such upload"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_hold_slashes_and_the_words_of_the_api() {
        let digest = Digest::of(b"x");
        let name = |text: &str| text.parse::<Repository>().unwrap();
        let tag = |text: &str| Version::Tag(text.parse().unwrap());
        let id = "0123456789abcdef0123456789abcdef";
        let encoded = digest.to_string().replace(':', "%3A");
        let cases = [
            ("/v2", Route::Base),
            ("/v2/", Route::Base),
            ("/v2/_catalog", Route::Catalog),
            ("/v2/a/tags/list", Route::Tags(name("a"))),
            ("/v2/tags/list/tags/list", Route::Tags(name("tags/list"))),
            (
                "/v2/a/b/manifests/t",
                Route::Manifest(name("a/b"), tag("t")),
            ),
            (
                "/v2/a/blobs/manifests/t",
                Route::Manifest(name("a/blobs"), tag("t")),
            ),
            (
                &format!("/v2/a/blobs/{encoded}"),
                Route::Blob(name("a"), digest),
            ),
            (
                &format!("/v2/a/referrers/{digest}"),
                Route::Referrers(name("a"), digest),
            ),
            ("/v2/a/blobs/uploads", Route::Uploads(name("a"))),
            ("/v2/a/blobs/uploads/", Route::Uploads(name("a"))),
            (
                &format!("/v2/a/blobs/uploads/{id}"),
                Route::Upload(name("a"), id.parse().unwrap()),
            ),
        ];
        for (path, expected) in cases {
            assert_eq!(parse(path), Ok(expected), "{path}");
        }
    }

    #[test]
    fn what_is_no_path_of_a_registry_is_refused() {
        for path in [
            "",
            "/",
            "/v1/",
            "/v2x",
            "/v2/a",
            "/v2/A/tags/list",
            "/v2//tags/list",
            "/v2/tags/list",
            "/v2/../a/tags/list",
            "/v2/%2e%2e/tags/list",
            "/v2/@docker.io/a/tags/list",
            "/v2/a/manifests/-x",
            "/v2/a/manifests/sha256:0",
            "/v2/a/blobs/latest",
            "/v2/a/blobs/uploads/x",
            "/v2/a/blobs/uploads/..",
            "/v2/%ff",
        ] {
            assert!(parse(path).is_err(), "{path}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_path_is_too_strange(path in "(/v2)?(/|[a-z_]|%[0-9a-f]{2}|\\PC|blobs|uploads|manifests|tags/list){0,12}") {
            drop(parse(&path));
        }
    }
}
