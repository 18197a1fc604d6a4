use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio_util::sync::CancellationToken;
use towpath_model::workspace::{Command, Exit, Selection, Workspace, WorkspaceError};
use towpath_sandbox::PlainWorkspace;

use super::upload::Upload;
use crate::link::Link;
use crate::message::{Done, Order, Report, RequestId, encode};
use crate::{CHUNK, PRIVATE_FILE_LIMIT};

/// What every request works with.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) link: Arc<Link>,
    pub(super) workspace: Arc<PlainWorkspace>,
    pub(super) scratch: Arc<TempDir>,
}

impl Place {
    pub(super) fn path(&self, id: RequestId, what: &str) -> PathBuf {
        self.scratch.path().join(format!("{what}-{}", id.0))
    }

    pub(super) async fn exec(
        &self,
        order: Order,
        cancelled: CancellationToken,
    ) -> Result<Report, WorkspaceError> {
        let Order::Exec {
            id,
            argv,
            env,
            working_dir,
            timeout_ms,
        } = order
        else {
            return Err(WorkspaceError::Failed("not a command".to_owned()));
        };
        let command = Command {
            argv,
            env,
            working_dir: working_dir.map(PathBuf::from),
            timeout: timeout_ms.map(Duration::from_millis),
        };
        let exit = self.run(id, &command, &cancelled).await?;
        Ok(Report::Exited {
            id,
            exit: exit.into(),
        })
    }

    async fn run(
        &self,
        id: RequestId,
        command: &Command,
        cancelled: &CancellationToken,
    ) -> Result<Exit, WorkspaceError> {
        let mut offset = 0;
        let mut output = |bytes: &[u8]| {
            let report = Report::Output { id, offset };
            offset += bytes.len() as u64;
            // Not reading on is what makes a command wait that prints faster than it is read.
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(async {
                    tokio::select! {
                        _sent = self.link.send(encode(&report, bytes)) => {}
                        () = cancelled.cancelled() => {}
                    }
                });
            });
        };
        self.workspace.exec(command, &mut output).await
    }

    pub(super) async fn write(
        &self,
        id: RequestId,
        path: &str,
        mode: u32,
        upload: Upload,
    ) -> Result<Report, WorkspaceError> {
        let sent = upload.finish()?;
        let content = read_file(&sent, PRIVATE_FILE_LIMIT).await?;
        remove(&sent);
        let path = self.workspace.write(path, mode, &content).await?;
        let done = Done::Wrote(path.display().to_string());
        Ok(Report::Done { id, done })
    }

    pub(super) async fn read(
        &self,
        id: RequestId,
        path: &str,
        limit: u64,
    ) -> Result<Report, WorkspaceError> {
        let limit = limit.min(PRIVATE_FILE_LIMIT);
        let content = self.workspace.read(path, limit).await?;
        for chunk in content.as_deref().unwrap_or_default().chunks(CHUNK) {
            self.send_chunk(id, chunk).await?;
        }
        let done = Done::Read(content.is_some());
        Ok(Report::Done { id, done })
    }

    pub(super) async fn unpack(
        &self,
        id: RequestId,
        upload: Upload,
    ) -> Result<Report, WorkspaceError> {
        let archive = upload.finish()?;
        let unpacked = self.workspace.unpack(&archive).await;
        remove(&archive);
        unpacked?;
        let done = Done::Unpacked;
        Ok(Report::Done { id, done })
    }

    async fn send_chunk(&self, id: RequestId, chunk: &[u8]) -> Result<(), WorkspaceError> {
        self.link
            .send(encode(&Report::Chunk { id }, chunk))
            .await
            .map_err(|ended| WorkspaceError::Failed(ended.to_string()))
    }

    async fn pack_file(&self, id: RequestId, archive: &Path) -> Result<(), WorkspaceError> {
        let failed = |error| io_failed("read", archive)(error);
        let mut file = tokio::fs::File::open(archive).await.map_err(failed)?;
        let mut chunk = vec![0; CHUNK];
        loop {
            match file.read(&mut chunk).await.map_err(failed)? {
                0 => return Ok(()),
                count => self.send_chunk(id, &chunk[..count]).await?,
            }
        }
    }

    pub(super) async fn pack(
        &self,
        id: RequestId,
        selection: &Selection,
    ) -> Result<Report, WorkspaceError> {
        let archive = self.path(id, "pack");
        let packed = self.workspace.pack(selection, &archive).await?;
        let sent = self.pack_file(id, &archive).await;
        remove(&archive);
        sent?;
        let done = packed.into();
        Ok(Report::Done { id, done })
    }
}

async fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, WorkspaceError> {
    let length = tokio::fs::metadata(path)
        .await
        .map_err(io_failed("read", path))?
        .len();
    if length > limit {
        return Err(WorkspaceError::Refused(format!(
            "a private file of {length} bytes is larger than {limit}"
        )));
    }
    tokio::fs::read(path).await.map_err(io_failed("read", path))
}

/// What is left goes with the job's folder.
fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::debug!(path = %path.display(), %error, "what was sent is left");
    }
}

fn io_failed(action: &str, path: &Path) -> impl FnOnce(std::io::Error) -> WorkspaceError + use<> {
    let context = format!("cannot {action} {}", path.display());
    move |source| WorkspaceError::Io { context, source }
}
