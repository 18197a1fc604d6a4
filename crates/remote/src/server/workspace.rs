use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use towpath_model::workspace::{
    Command, Exit, Output, Packed, Selection, Workspace, WorkspaceError,
};
use towpath_sandbox::TerminalSize;

use super::hub::Work;
use super::job::{Job, Worker};
use super::process::{RemoteProcess, RemoteTerminal};
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

    /// Starts a command whose output is read as it suits the reader.
    pub async fn start_command(&self, command: &Command) -> Result<RemoteProcess, WorkspaceError> {
        let request = self.request();
        let order = self.exec_order(request.id, command);
        request.order(&order, b"").await?;
        Ok(RemoteProcess::new(request))
    }

    /// Starts a command at a terminal of its own, whose session it leads.
    pub async fn open_terminal(
        &self,
        command: &Command,
        size: TerminalSize,
    ) -> Result<RemoteTerminal, WorkspaceError> {
        let request = self.request();
        let order = Order::Open {
            id: request.id,
            argv: command.argv.clone(),
            env: self.environment_of(command),
            working_dir: working_dir(command),
            size,
        };
        request.order(&order, b"").await?;
        Ok(RemoteTerminal::new(request))
    }

    /// To learn of its end, and to end it, while others use it.
    pub fn handle(&self) -> WorkHandle {
        WorkHandle(Arc::clone(&self.work.job))
    }

    fn environment_of(&self, command: &Command) -> BTreeMap<String, String> {
        let mut env = self.inherited.clone();
        env.extend(command.env.clone());
        env
    }

    fn exec_order(&self, id: RequestId, command: &Command) -> Order {
        Order::Exec {
            id,
            argv: command.argv.clone(),
            env: self.environment_of(command),
            working_dir: working_dir(command),
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

fn working_dir(command: &Command) -> Option<String> {
    let folder = command.working_dir.as_ref()?;
    Some(folder.to_string_lossy().into_owned())
}

/// A workspace's job, which this does not keep alive.
#[derive(Clone)]
pub struct WorkHandle(Arc<Job>);

impl WorkHandle {
    /// Waits for the end of the job, and tells why it came.
    pub async fn ended(&self) -> String {
        self.0.link.ended().await.to_string()
    }

    /// Ends the job for this reason, unless it has ended: whoever uses the workspace is told.
    pub fn end(&self, reason: &str) {
        self.0.link.end(reason);
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
