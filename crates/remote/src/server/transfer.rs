//! Files on their way to and from the worker.

use std::path::Path;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use towpath_model::workspace::WorkspaceError;

use super::request::{Request, unexpected};
use crate::CHUNK;
use crate::message::{Done, Order, Report};

/// Sends a file in pieces, as fast as the worker takes them.
pub(super) async fn upload(request: &Request, path: &Path) -> Result<(), WorkspaceError> {
    let mut file = tokio::fs::File::open(path)
        .await
        .map_err(io("open", path))?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = file.read(&mut chunk).await.map_err(io("read", path))?;
        if count == 0 {
            return Ok(());
        }
        let order = Order::Chunk { id: request.id };
        request.order(&order, &chunk[..count]).await?;
    }
}

/// Sends what is in memory.
pub(super) async fn upload_bytes(request: &Request, content: &[u8]) -> Result<(), WorkspaceError> {
    for chunk in content.chunks(CHUNK) {
        let order = Order::Chunk { id: request.id };
        request.order(&order, chunk).await?;
    }
    Ok(())
}

/// Receives a file of at most `limit` bytes into the new file `path`; after an error it is not there.
pub(super) async fn download(
    request: &mut Request,
    path: &Path,
    limit: u64,
) -> Result<Done, WorkspaceError> {
    let mut file = tokio::fs::File::create_new(path)
        .await
        .map_err(io("create", path))?;
    let done = receive_into(request, &mut file, path, limit).await;
    if done.is_err()
        && let Err(error) = tokio::fs::remove_file(path).await
    {
        tracing::warn!(path = %path.display(), %error, "an unfinished file is left");
    }
    done
}

async fn receive_into(
    request: &mut Request,
    file: &mut tokio::fs::File,
    path: &Path,
    limit: u64,
) -> Result<Done, WorkspaceError> {
    let mut received = 0;
    loop {
        match request.report().await? {
            (Report::Chunk { .. }, bytes) => {
                received += bytes.len() as u64;
                if received > limit {
                    return Err(too_large(limit));
                }
                file.write_all(&bytes).await.map_err(io("write", path))?;
            }
            (Report::Done { done, .. }, _) => {
                file.flush().await.map_err(io("write", path))?;
                return Ok(done);
            }
            (report, _) => return Err(unexpected(&report)),
        }
    }
}

/// Receives at most `limit` bytes into memory.
pub(super) async fn download_bytes(
    request: &mut Request,
    limit: u64,
) -> Result<(Done, Vec<u8>), WorkspaceError> {
    let mut content = Vec::new();
    loop {
        match request.report().await? {
            (Report::Chunk { .. }, bytes) => {
                if (content.len() + bytes.len()) as u64 > limit {
                    return Err(too_large(limit));
                }
                content.extend_from_slice(&bytes);
            }
            (Report::Done { done, .. }, _) => return Ok((done, content)),
            (report, _) => return Err(unexpected(&report)),
        }
    }
}

fn too_large(limit: u64) -> WorkspaceError {
    WorkspaceError::Refused(format!("the file is larger than {limit} bytes"))
}

fn io(action: &str, path: &Path) -> impl FnOnce(std::io::Error) -> WorkspaceError {
    let context = format!("cannot {action} {}", path.display());
    move |source| WorkspaceError::Io { context, source }
}
