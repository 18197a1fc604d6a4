use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use towpath_model::workspace::WorkspaceError;
use towpath_sandbox::{PlainWorkspace, TerminalSize};

use super::place::Place;
use super::terminal::{self, Typing};
use super::upload::Upload;
use crate::link::Link;
use crate::message::{Failure, Order, Report, RequestId, decode, encode};

/// Does what the server orders, until the conversation ends.
pub(super) async fn serve(
    link: &Arc<Link>,
    workspace: &Arc<PlainWorkspace>,
    folder: &Path,
) -> io::Result<()> {
    let scratch = match TempDir::with_prefix_in("transfer-", folder) {
        Ok(scratch) => scratch,
        Err(error) => {
            link.end(format!("the worker cannot make a folder: {error}"));
            return Err(error);
        }
    };
    let place = Place {
        link: Arc::clone(link),
        workspace: Arc::clone(workspace),
        scratch: Arc::new(scratch),
    };
    let mut serving = Serving::new(place);
    while let Ok((sequence, message)) = link.next().await {
        match decode::<Order>(&message) {
            Ok((order, beside)) => serving.handle(order, beside).await,
            Err(error) => link.end(format!("an order that cannot be read: {error}")),
        }
        link.take(sequence);
    }
    serving.stop().await;
    Ok(())
}

struct Serving {
    place: Place,
    /// Files that are on their way here.
    uploads: HashMap<RequestId, Upload>,
    running: HashMap<RequestId, Running>,
}

struct Running {
    cancelled: CancellationToken,
    task: JoinHandle<()>,
    /// Of a terminal.
    typing: Option<Typing>,
}

impl Serving {
    fn new(place: Place) -> Self {
        Self {
            place,
            uploads: HashMap::new(),
            running: HashMap::new(),
        }
    }

    async fn handle(&mut self, order: Order, beside: &[u8]) {
        self.running
            .retain(|_, running| !running.task.is_finished());
        match order {
            Order::Chunk { id } => self.upload(id).append(beside),
            Order::Cancel { id } => self.cancel(id).await,
            Order::Exec { id, .. } => self.start(id, move |place, cancelled| async move {
                place.exec(order, cancelled).await
            }),
            Order::Open { id, size, .. } => self.open(id, order, size),
            Order::Type { id } => self.at_terminal(id, |typing| typing.keys(beside)),
            Order::Resize { id, size } => self.at_terminal(id, |typing| typing.resize(size)),
            Order::Write { id, path, mode } => {
                let upload = self.take_upload(id);
                self.start(id, move |place, _| async move {
                    place.write(id, &path, mode, upload).await
                });
            }
            Order::Read { id, path, limit } => self.start(id, move |place, _| async move {
                place.read(id, &path, limit).await
            }),
            Order::Unpack { id } => {
                let upload = self.take_upload(id);
                self.start(
                    id,
                    move |place, _| async move { place.unpack(id, upload).await },
                );
            }
            Order::Pack { id, files } => self.start(id, move |place, _| async move {
                place.pack(id, &files.into()).await
            }),
        }
    }

    fn open(&mut self, id: RequestId, order: Order, size: TerminalSize) {
        let (typing, typed) = terminal::typing(size);
        self.start(
            id,
            move |place, _| async move { place.open(order, typed).await },
        );
        if let Some(running) = self.running.get_mut(&id) {
            running.typing = Some(typing);
        }
    }

    /// What is typed at a terminal whose command has ended is for nobody.
    fn at_terminal(&self, id: RequestId, act: impl FnOnce(&Typing)) {
        if let Some(running) = self.running.get(&id)
            && let Some(typing) = &running.typing
        {
            act(typing);
        }
    }

    fn path(&self, id: RequestId) -> PathBuf {
        self.place.path(id, "upload")
    }

    fn upload(&mut self, id: RequestId) -> &mut Upload {
        let path = self.path(id);
        self.uploads.entry(id).or_insert_with(|| Upload::new(path))
    }

    /// A file of which nothing was sent is an empty one.
    fn take_upload(&mut self, id: RequestId) -> Upload {
        let path = self.path(id);
        self.uploads
            .remove(&id)
            .unwrap_or_else(|| Upload::new(path))
    }

    /// Runs in the background; its last word says how it ended.
    fn start<F>(&mut self, id: RequestId, work: impl FnOnce(Place, CancellationToken) -> F)
    where
        F: Future<Output = Result<Report, WorkspaceError>> + Send + 'static,
    {
        let cancelled = CancellationToken::new();
        let work = work(self.place.clone(), cancelled.clone());
        let link = Arc::clone(&self.place.link);
        let task = tokio::spawn(async move {
            let report = work.await.unwrap_or_else(|error| Report::Failed {
                id,
                failure: Failure::from(error),
            });
            if let Err(ended) = link.send(encode(&report, b"")).await {
                tracing::debug!(%ended, "nobody hears how a request ended");
            }
        });
        let running = Running {
            cancelled,
            task,
            typing: None,
        };
        self.running.insert(id, running);
    }

    async fn cancel(&mut self, id: RequestId) {
        if let Some(upload) = self.uploads.remove(&id) {
            upload.discard();
        }
        if let Some(running) = self.running.remove(&id) {
            running.stop().await;
        }
    }

    async fn stop(self) {
        for running in self.running.into_values() {
            running.stop().await;
        }
    }
}

impl Running {
    /// Dropping what it runs kills that.
    async fn stop(self) {
        self.cancelled.cancel();
        self.task.abort();
        if let Err(error) = self.task.await
            && !error.is_cancelled()
        {
            tracing::error!(%error, "a request");
        }
    }
}
