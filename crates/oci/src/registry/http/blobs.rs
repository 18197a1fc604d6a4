use http::{HeaderValue, Method, Response, StatusCode, header, request};
use towpath_model::Digest;

use super::Answer;
use super::body::{self, Body};
use super::content_range::{self, Wanted};
use super::error::{Code, HttpError};
use crate::reference::Repository;
use crate::registry::{Registry, now};

pub(super) async fn get(
    registry: &Registry,
    repository: &Repository,
    digest: &Digest,
    parts: &request::Parts,
) -> Answer {
    let size = size(registry, repository, digest).await?;
    if parts.method == Method::HEAD {
        // A client that asks so is about to push and counts on the blob: the collector has to wait.
        registry
            .store
            .link_blob(repository.as_str(), digest, size, now())
            .await?;
        return Ok(described(StatusCode::OK, digest, size, Body::Empty));
    }
    let range = parts.headers.get(header::RANGE);
    let range = range.and_then(|value| value.to_str().ok());
    match content_range::wanted(range, size) {
        Wanted::All => {
            let stream = registry.blobs.stream(digest, None).await?;
            let body = Body::Stream(stream);
            Ok(described(StatusCode::OK, digest, size, body))
        }
        Wanted::Part(range) => {
            let stream = registry.blobs.stream(digest, Some(range.clone())).await?;
            let (status, length) = (StatusCode::PARTIAL_CONTENT, range.end - range.start);
            let mut response = described(status, digest, length, Body::Stream(stream));
            let sent = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            body::set(&mut response, "content-range", sent);
            Ok(response)
        }
        Wanted::Unsatisfiable => {
            let mut response = body::empty(StatusCode::RANGE_NOT_SATISFIABLE);
            body::set(&mut response, "content-range", format!("bytes */{size}"));
            Ok(response)
        }
    }
}

pub(super) async fn delete(
    registry: &Registry,
    repository: &Repository,
    digest: &Digest,
) -> Answer {
    let deleted = registry
        .store
        .unlink_blob(repository.as_str(), digest)
        .await?;
    if !deleted {
        return Err(unknown(repository, digest));
    }
    Ok(body::empty(StatusCode::ACCEPTED))
}

async fn size(
    registry: &Registry,
    repository: &Repository,
    digest: &Digest,
) -> Result<u64, HttpError> {
    let linked = registry
        .store
        .repository_blob(repository.as_str(), digest)
        .await?;
    let stored = registry.blobs.size(digest).await?;
    linked
        .and(stored)
        .ok_or_else(|| unknown(repository, digest))
}

fn unknown(repository: &Repository, digest: &Digest) -> HttpError {
    let message = format!("blob {digest} is not in repository {repository}");
    HttpError::new(Code::BlobUnknown, message)
}

fn described(status: StatusCode, digest: &Digest, length: u64, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    body::set(&mut response, "docker-content-digest", digest);
    response
}
