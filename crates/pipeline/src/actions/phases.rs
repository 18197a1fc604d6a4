use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use towpath_model::{ActionRunKey, Status, Timestamp};
use towpath_store::{Store, StoreError};

use crate::engine::now;

/// Notes the phases of an attempt as they begin and end. Can be told from code that cannot wait: the rows
/// are written behind it, in order.
pub(super) struct Phases {
    sender: Option<mpsc::UnboundedSender<Entry>>,
    writer: Option<JoinHandle<Result<(), StoreError>>>,
    current: Option<String>,
}

enum Entry {
    Start(String, Timestamp),
    Finish(String, Status, Timestamp),
}

impl Phases {
    pub(super) fn new(store: Store, run: ActionRunKey) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self {
            sender: Some(sender),
            writer: Some(tokio::spawn(write(store, run, receiver))),
            current: None,
        }
    }

    /// Begins a phase; the one before it, if it is still going on, has succeeded.
    pub(super) fn start(&mut self, name: &str) {
        self.finish(Status::Succeeded);
        self.send(Entry::Start(name.to_owned(), now()));
        self.current = Some(name.to_owned());
    }

    /// Ends the phase that is going on.
    pub(super) fn finish(&mut self, status: Status) {
        if let Some(name) = self.current.take() {
            self.send(Entry::Finish(name, status, now()));
        }
    }

    /// Ends the last phase and waits until all rows are written.
    pub(super) async fn close(&mut self, succeeded: bool) -> Result<(), StoreError> {
        self.finish(match succeeded {
            true => Status::Succeeded,
            false => Status::Failed,
        });
        self.sender = None;
        match self.writer.take() {
            Some(writer) => writer.await.unwrap_or_else(|error| {
                tracing::error!(%error, "the phases were not written");
                Ok(())
            }),
            None => Ok(()),
        }
    }

    fn send(&self, entry: Entry) {
        if let Some(sender) = &self.sender {
            // The writer ends early only at an error, which `close` reports.
            let _ = sender.send(entry);
        }
    }
}

impl Drop for Phases {
    /// An attempt that is cancelled ends its phase with it.
    fn drop(&mut self) {
        self.finish(Status::Cancelled);
    }
}

async fn write(
    store: Store,
    run: ActionRunKey,
    mut entries: mpsc::UnboundedReceiver<Entry>,
) -> Result<(), StoreError> {
    while let Some(entry) = entries.recv().await {
        match entry {
            Entry::Start(name, at) => store.start_phase(&run, &name, at).await?,
            Entry::Finish(name, status, at) => store.finish_phase(&run, &name, status, at).await?,
        }
    }
    Ok(())
}
