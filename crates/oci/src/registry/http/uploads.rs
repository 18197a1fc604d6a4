//! "Pushing blobs": at once, in one piece after asking, or in chunks; or taken over from another repository.

use bytes::Buf;
use http::{Response, StatusCode, header, request};
use http_body_util::BodyExt;
use tokio::sync::OwnedMutexGuard;
use towpath_model::Digest;
use towpath_store::BlobWriter;

use super::body::{self, Body};
use super::content_range;
use super::error::{Code, HttpError};
use super::path::digest as parse_digest;
use super::{Answer, query};
use crate::reference::Repository;
use crate::registry::uploads::{TooManyUploads, UploadId};
use crate::registry::{Registry, now};

pub(super) async fn begin<B>(
    registry: &Registry,
    repository: &Repository,
    parts: &request::Parts,
    body: B,
) -> Answer
where
    B: http_body::Body<Data: Buf + Send, Error: std::fmt::Display> + Send,
{
    if let Some(mount) = query(parts, "mount") {
        let digest = parse_digest(&mount)?;
        if mounted(registry, repository, &digest, query(parts, "from")).await? {
            return Ok(created(repository, &digest));
        }
    } else if let Some(digest) = query(parts, "digest") {
        let digest = parse_digest(&digest)?;
        let mut writer = registry.blobs.writer();
        receive(&mut writer, body).await?;
        return complete(registry, repository, writer, &digest).await;
    }
    let writer = registry.blobs.writer();
    let id = registry
        .uploads
        .begin(repository.as_str(), writer, now())
        .map_err(|TooManyUploads| {
            let message = "too many uploads are open; try again in a while";
            HttpError::new(Code::TooManyRequests, message)
        })?;
    Ok(progress(StatusCode::ACCEPTED, repository, id, 0))
}

pub(super) async fn status(registry: &Registry, repository: &Repository, id: UploadId) -> Answer {
    let writer = lock(registry, repository, id).await?;
    let size = writer.as_ref().map(BlobWriter::size).ok_or_else(unknown)?;
    Ok(progress(StatusCode::NO_CONTENT, repository, id, size))
}

pub(super) async fn append<B>(
    registry: &Registry,
    repository: &Repository,
    id: UploadId,
    parts: &request::Parts,
    body: B,
) -> Answer
where
    B: http_body::Body<Data: Buf + Send, Error: std::fmt::Display> + Send,
{
    let mut slot = lock(registry, repository, id).await?;
    let start = slot.as_ref().map(BlobWriter::size).ok_or_else(unknown)?;
    let chunk = chunk(parts)?;
    if chunk.as_ref().is_some_and(|chunk| chunk.start != start) {
        return Ok(out_of_order(repository, id, start));
    }
    // Until it is put back the upload has no writer: a request that ends half-way ends the upload.
    let mut writer = slot.take().ok_or_else(unknown)?;
    receive(&mut writer, body).await?;
    let size = writer.size();
    if chunk.is_some_and(|chunk| chunk.end != size) {
        registry.uploads.remove(id);
        let message = format!("the chunk's Content-Range does not end at byte {size}");
        return Err(HttpError::new(Code::SizeInvalid, message));
    }
    *slot = Some(writer);
    Ok(progress(StatusCode::ACCEPTED, repository, id, size))
}

pub(super) async fn finish<B>(
    registry: &Registry,
    repository: &Repository,
    id: UploadId,
    parts: &request::Parts,
    body: B,
) -> Answer
where
    B: http_body::Body<Data: Buf + Send, Error: std::fmt::Display> + Send,
{
    let digest = query(parts, "digest").ok_or_else(|| {
        let message = "an upload is finished with ?digest=sha256:...";
        HttpError::new(Code::DigestInvalid, message)
    })?;
    let digest = parse_digest(&digest)?;
    let mut slot = lock(registry, repository, id).await?;
    let start = slot.as_ref().map(BlobWriter::size).ok_or_else(unknown)?;
    if chunk(parts)?.is_some_and(|chunk| chunk.start != start) {
        return Ok(out_of_order(repository, id, start));
    }
    let mut writer = slot.take().ok_or_else(unknown)?;
    registry.uploads.remove(id);
    receive(&mut writer, body).await?;
    complete(registry, repository, writer, &digest).await
}

pub(super) async fn cancel(registry: &Registry, repository: &Repository, id: UploadId) -> Answer {
    lock(registry, repository, id).await?.take();
    registry.uploads.remove(id);
    Ok(body::empty(StatusCode::NO_CONTENT))
}

async fn mounted(
    registry: &Registry,
    repository: &Repository,
    digest: &Digest,
    from: Option<String>,
) -> Result<bool, HttpError> {
    let Some(from) = from else {
        return Ok(false);
    };
    let from: Repository = from
        .parse()
        .map_err(|error: crate::reference::ReferenceError| {
            HttpError::new(Code::NameInvalid, error.to_string())
        })?;
    let _guard = registry.collecting.read().await;
    let linked = registry
        .store
        .repository_blob(from.as_str(), digest)
        .await?;
    let (Some(size), Some(_)) = (linked, registry.blobs.size(digest).await?) else {
        return Ok(false);
    };
    registry
        .store
        .link_blob(repository.as_str(), digest, size, now())
        .await?;
    Ok(true)
}

async fn lock(
    registry: &Registry,
    repository: &Repository,
    id: UploadId,
) -> Result<OwnedMutexGuard<Option<BlobWriter>>, HttpError> {
    let writer = registry.uploads.writer(repository.as_str(), id, now());
    let writer = writer.ok_or_else(unknown)?;
    writer.try_lock_owned().map_err(|_| {
        let message = "another request is writing to this upload";
        HttpError::new(Code::BlobUploadInvalid, message)
    })
}

async fn receive<B>(writer: &mut BlobWriter, body: B) -> Result<(), HttpError>
where
    B: http_body::Body<Data: Buf + Send, Error: std::fmt::Display> + Send,
{
    let mut body = std::pin::pin!(body);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            HttpError::new(
                Code::BlobUploadInvalid,
                format!("the upload broke off: {error}"),
            )
        })?;
        if let Ok(mut data) = frame.into_data() {
            let data = data.copy_to_bytes(data.remaining());
            writer.write(&data).await?;
        }
    }
    Ok(())
}

async fn complete(
    registry: &Registry,
    repository: &Repository,
    writer: BlobWriter,
    digest: &Digest,
) -> Answer {
    let blob = writer.finish(Some(*digest)).await?;
    registry
        .store
        .link_blob(repository.as_str(), &blob.digest, blob.size, now())
        .await?;
    Ok(created(repository, digest))
}

fn chunk(parts: &request::Parts) -> Result<Option<std::ops::Range<u64>>, HttpError> {
    let Some(value) = parts.headers.get(header::CONTENT_RANGE) else {
        return Ok(None);
    };
    let range = value.to_str().ok().and_then(content_range::chunk);
    range.map(Some).ok_or_else(|| {
        let message = "Content-Range of a chunk is <first byte>-<last byte>";
        HttpError::new(Code::BlobUploadInvalid, message)
    })
}

fn unknown() -> HttpError {
    let message = "there is no such upload: it was finished, cut off, or rested for too long";
    HttpError::new(Code::BlobUploadUnknown, message)
}

fn created(repository: &Repository, digest: &Digest) -> Response<Body> {
    let mut response = body::empty(StatusCode::CREATED);
    let location = format!("/v2/{repository}/blobs/{digest}");
    body::set(&mut response, "location", location);
    body::set(&mut response, "docker-content-digest", digest);
    response
}

fn out_of_order(repository: &Repository, id: UploadId, size: u64) -> Response<Body> {
    let message = format!("the next chunk begins at byte {size}");
    let mut response = HttpError::new(Code::RangeInvalid, message).into_response();
    describe(&mut response, repository, id, size);
    response
}

fn progress(
    status: StatusCode,
    repository: &Repository,
    id: UploadId,
    size: u64,
) -> Response<Body> {
    let mut response = body::empty(status);
    describe(&mut response, repository, id, size);
    response
}

/// An empty upload has no byte to name as its last; `0-0` is what clients know from other registries.
fn describe(response: &mut Response<Body>, repository: &Repository, id: UploadId, size: u64) {
    let location = format!("/v2/{repository}/blobs/uploads/{id}");
    body::set(response, "location", location);
    body::set(response, "range", format!("0-{}", size.saturating_sub(1)));
    body::set(response, "docker-upload-uuid", id);
}
