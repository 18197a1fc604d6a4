use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderValue, Method, Response, StatusCode, header, request};
use http_body_util::BodyExt;
use towpath_model::Digest;

use super::Answer;
use super::body::{self, Body};
use super::error::{Code, HttpError};
use crate::manifest::MANIFEST_LIMIT;
use crate::reference::{Repository, Tag, Version};
use crate::registry::{PutManifest, Registry};

pub(super) async fn get(
    registry: &Registry,
    repository: &Repository,
    version: &Version,
    method: &Method,
) -> Answer {
    let row = registry.row(repository.as_str(), version).await?;
    let row = row.ok_or_else(|| unknown(repository, version))?;
    let body = match *method {
        Method::HEAD => Body::Empty,
        _ => Body::Full(registry.blobs.read(&row.digest, MANIFEST_LIMIT).await?),
    };
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(row.size));
    body::set(&mut response, "content-type", &row.media_type);
    body::set(&mut response, "docker-content-digest", row.digest);
    Ok(response)
}

pub(super) async fn put<B>(
    registry: &Registry,
    repository: &Repository,
    version: &Version,
    parts: &request::Parts,
    body: B,
) -> Answer
where
    B: http_body::Body<Data: Buf + Send, Error: std::fmt::Display> + Send,
{
    let bytes = read_limited(body).await?;
    let (tag, expected) = match version {
        Version::Tag(tag) => (Some(tag), None),
        Version::Digest { digest, tag } => (tag.as_ref(), Some(*digest)),
    };
    let media_type = parts.headers.get(header::CONTENT_TYPE);
    let tags: Vec<&str> = tag.map(Tag::as_str).into_iter().collect();
    let put = PutManifest {
        repository: repository.as_str(),
        media_type: media_type.and_then(|value| value.to_str().ok()),
        bytes,
        expected,
        tags: &tags,
        partial: false,
    };
    let (manifest, digest) = registry.put_manifest(put).await?;
    let mut response = body::empty(StatusCode::CREATED);
    body::set(&mut response, "location", location(repository, &digest));
    body::set(&mut response, "docker-content-digest", digest);
    if let Some(subject) = manifest.subject {
        body::set(&mut response, "oci-subject", subject.digest);
    }
    Ok(response)
}

pub(super) async fn delete(
    registry: &Registry,
    repository: &Repository,
    version: &Version,
) -> Answer {
    let name = repository.as_str();
    let deleted = match version {
        Version::Tag(tag) => registry.store.delete_tag(name, tag.as_str()).await?,
        Version::Digest { digest, .. } => registry.store.delete_manifest(name, digest).await?,
    };
    if !deleted {
        return Err(unknown(repository, version));
    }
    Ok(body::empty(StatusCode::ACCEPTED))
}

fn location(repository: &Repository, digest: &Digest) -> String {
    format!("/v2/{repository}/manifests/{digest}")
}

fn unknown(repository: &Repository, version: &Version) -> HttpError {
    let message = match version {
        Version::Tag(tag) => format!("repository {repository} has no tag {tag}"),
        Version::Digest { digest, .. } => format!("repository {repository} has no {digest}"),
    };
    HttpError::new(Code::ManifestUnknown, message)
}

async fn read_limited<B>(body: B) -> Result<Bytes, HttpError>
where
    B: http_body::Body<Data: Buf, Error: std::fmt::Display>,
{
    let mut bytes = BytesMut::new();
    let mut body = std::pin::pin!(body);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            HttpError::new(
                Code::ManifestInvalid,
                format!("the upload broke off: {error}"),
            )
        })?;
        let Ok(mut data) = frame.into_data() else {
            continue;
        };
        if bytes.len() as u64 + data.remaining() as u64 > MANIFEST_LIMIT {
            let message = format!("a manifest may have at most {MANIFEST_LIMIT} bytes");
            return Err(HttpError::new(Code::ManifestTooLarge, message));
        }
        bytes.extend_from_slice(&data.copy_to_bytes(data.remaining()));
    }
    Ok(bytes.freeze())
}
