use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use towpath_model::{ActionRunKey, ExecutionKey, ProjectName};

use crate::StoreError;

/// The logs of action runs: append-only files that can be read from any offset while they grow.
#[derive(Clone, Debug)]
pub struct Logs {
    folder: PathBuf,
    open: Arc<Mutex<HashMap<ActionRunKey, watch::Receiver<u64>>>>,
}

/// A piece of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogChunk {
    pub content: Vec<u8>,
    /// Where to go on reading.
    pub next: u64,
    /// Bytes that the log has so far.
    pub size: u64,
    /// More may come: the log is still being written.
    pub open: bool,
}

impl Logs {
    /// Makes the folder when it is not there. One server at a time may write to it.
    pub fn open(folder: PathBuf) -> Result<Self, StoreError> {
        std::fs::create_dir_all(&folder).map_err(StoreError::io(&folder))?;
        Ok(Self {
            folder,
            open: Arc::default(),
        })
    }

    /// Begins the log of an attempt.
    pub fn writer(&self, run: &ActionRunKey) -> Result<LogWriter, StoreError> {
        let path = self.path(run);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(StoreError::io(parent))?;
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(StoreError::io(&path))?;
        let size = file.metadata().map_err(StoreError::io(&path))?.len();
        let (length, watcher) = watch::channel(size);
        self.open_logs().insert(run.clone(), watcher);
        Ok(LogWriter {
            logs: self.clone(),
            run: run.clone(),
            path,
            file,
            length,
        })
    }

    /// Reads at most `limit` bytes from `offset`. A log that does not exist is empty.
    pub fn read(
        &self,
        run: &ActionRunKey,
        offset: u64,
        limit: usize,
    ) -> Result<LogChunk, StoreError> {
        // Asked before the file is read: a log that is closed then is complete when it is read.
        let open = self.open_logs().contains_key(run);
        let path = self.path(run);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(LogChunk {
                    content: Vec::new(),
                    next: 0,
                    size: 0,
                    open,
                });
            }
            Err(error) => return Err(StoreError::io(path)(error)),
        };
        let io = |error| StoreError::io(&path)(error);
        let size = file.metadata().map_err(io)?.len();
        let offset = offset.min(size);
        file.seek(SeekFrom::Start(offset))
            .map_err(StoreError::io(&path))?;
        let mut content = Vec::new();
        file.take(limit as u64)
            .read_to_end(&mut content)
            .map_err(StoreError::io(&path))?;
        Ok(LogChunk {
            next: offset + content.len() as u64,
            content,
            size,
            open,
        })
    }

    /// Waits until the log has more than `offset` bytes or is closed.
    pub async fn grown(&self, run: &ActionRunKey, offset: u64) {
        let watcher = self.open_logs().get(run).cloned();
        if let Some(mut watcher) = watcher {
            // An error means that the writer is gone: closed.
            let _ = watcher.wait_for(|length| *length > offset).await;
        }
    }

    /// Removes the logs of an execution.
    pub fn remove(&self, key: &ExecutionKey) -> Result<(), StoreError> {
        remove_folder(&self.execution_folder(key))
    }

    /// Removes all logs of a project.
    pub fn remove_project(&self, project: &ProjectName) -> Result<(), StoreError> {
        remove_folder(&self.folder.join(project.as_str()))
    }

    fn execution_folder(&self, key: &ExecutionKey) -> PathBuf {
        self.folder
            .join(key.project.as_str())
            .join(key.number.to_string())
    }

    fn path(&self, run: &ActionRunKey) -> PathBuf {
        let (stage, action) = (&run.action.stage, &run.action.action);
        self.execution_folder(&run.action.execution)
            .join(stage.as_str())
            .join(format!("{action}.{}.log", run.attempt))
    }

    fn open_logs(&self) -> std::sync::MutexGuard<'_, HashMap<ActionRunKey, watch::Receiver<u64>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Appends to one log. Dropping it closes the log.
#[derive(Debug)]
pub struct LogWriter {
    logs: Logs,
    run: ActionRunKey,
    path: PathBuf,
    file: File,
    length: watch::Sender<u64>,
}

impl LogWriter {
    /// Appends and tells the watchers.
    pub fn write(&mut self, content: &[u8]) -> Result<(), StoreError> {
        self.file
            .write_all(content)
            .map_err(StoreError::io(&self.path))?;
        self.length
            .send_modify(|length| *length += content.len() as u64);
        Ok(())
    }

    /// Bytes so far.
    pub fn size(&self) -> u64 {
        *self.length.borrow()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        self.logs.open_logs().remove(&self.run);
    }
}

/// One that is not there is fine.
fn remove_folder(folder: &Path) -> Result<(), StoreError> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::io(folder)(error))
        }
        _ => Ok(()),
    }
}
