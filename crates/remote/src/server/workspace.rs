use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use towpath_model::workspace::{
    Command, Exit, Output, Packed, Selection, Workspace, WorkspaceError,
};

use super::hub::Work;
use super::job::Worker;
use super::request::{Request, unexpected};
use super::transfer::{download, download_bytes, upload, upload_bytes};
use crate::PRIVATE_FILE_LIMIT;
use crate::message::{Done, Order, Report, RequestId};

/// A workspace wherever its worker runs. Dropping it ends the worker and what it runs.
///
/// Fails with [`WorkspaceError::Lost`] when the worker has not been heard of for the length of the lease.
pub struct RemoteWorkspace {
    work: Work,
    worker: Worker,
    /// What commands get beside their own environment.
    inherited: BTreeMap<String, String>,
    next: AtomicU64,
}

impl RemoteWorkspace {
    pub(super) fn new(work: Work, worker: Worker) -> Self {
        Self {
            work,
            worker,
            inherited: BTreeMap::new(),
            next: AtomicU64::new(1),
        }
    }

    /// What the worker was started with: the environment of its container's image.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.worker.environment
    }

    /// Lets commands have the environment of their container's image beneath their own.
    pub fn inherit_environment(&mut self) {
        self.inherited = self.worker.environment.clone();
    }

    fn exec_order(&self, id: RequestId, command: &Command) -> Order {
        let mut env = self.inherited.clone();
        env.extend(command.env.clone());
        Order::Exec {
            id,
            argv: command.argv.clone(),
            env,
            working_dir: command
                .working_dir
                .as_ref()
                .map(|folder| folder.to_string_lossy().into_owned()),
            timeout_ms: command
                .timeout
                .map(|timeout| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)),
        }
    }

    fn request(&self) -> Request {
        let id = RequestId(self.next.fetch_add(1, Ordering::Relaxed));
        Request::new(&self.work.job, id)
    }
}

impl Workspace for RemoteWorkspace {
    fn source_dir(&self) -> &Path {
        &self.worker.source_dir
    }

    async fn exec(
        &self,
        command: &Command,
        output: &mut (dyn Output + Send),
    ) -> Result<Exit, WorkspaceError> {
        let mut request = self.request();
        request
            .order(&self.exec_order(request.id, command), b"")
            .await?;
        let mut printed = 0;
        loop {
            match request.report().await? {
                (Report::Output { offset, .. }, bytes) if offset == printed => {
                    printed += bytes.len() as u64;
                    output.write(&bytes);
                }
                (Report::Exited { exit, .. }, _) => return Ok(exit.into()),
                (report, _) => return Err(unexpected(&report)),
            }
        }
    }

    async fn write(
        &self,
        path: &str,
        mode: u32,
        content: &[u8],
    ) -> Result<PathBuf, WorkspaceError> {
        let mut request = self.request();
        upload_bytes(&request, content).await?;
        let order = Order::Write {
            id: request.id,
            path: path.to_owned(),
            mode,
        };
        request.order(&order, b"").await?;
        match request.done().await? {
            Done::Wrote(path) => Ok(path.into()),
            done => Err(unexpected(&done)),
        }
    }

    async fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, WorkspaceError> {
        let mut request = self.request();
        let limit = limit.min(PRIVATE_FILE_LIMIT);
        let order = Order::Read {
            id: request.id,
            path: path.to_owned(),
            limit,
        };
        request.order(&order, b"").await?;
        match download_bytes(&mut request, limit).await? {
            (Done::Read(true), content) => Ok(Some(content)),
            (Done::Read(false), _) => Ok(None),
            (done, _) => Err(unexpected(&done)),
        }
    }

    async fn unpack(&self, archive: &Path) -> Result<(), WorkspaceError> {
        let mut request = self.request();
        upload(&request, archive).await?;
        request
            .order(&Order::Unpack { id: request.id }, b"")
            .await?;
        match request.done().await? {
            Done::Unpacked => Ok(()),
            done => Err(unexpected(&done)),
        }
    }

    async fn pack(&self, selection: &Selection, archive: &Path) -> Result<Packed, WorkspaceError> {
        let mut request = self.request();
        let order = Order::Pack {
            id: request.id,
            files: selection.into(),
        };
        request.order(&order, b"").await?;
        let limit = towpath_archive::Limits::default().total_bytes;
        match download(&mut request, archive, limit).await? {
            Done::Packed { files, bytes } => Ok(Packed { files, bytes }),
            done => Err(unexpected(&done)),
        }
    }
}
