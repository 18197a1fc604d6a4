use std::time::Duration;

use futures_util::stream::{self, Stream};
use towpath_model::ActionRunKey;
use towpath_store::StoreError;

use crate::App;

/// How much is read at a time.
const CHUNK: usize = 64 * 1024;
/// How often a log is looked at that nobody writes although its action runs: it is about to begin or to end.
const TICK: Duration = Duration::from_millis(200);

/// Reads a log from an offset to its end, waiting while it grows.
#[derive(Clone)]
pub(crate) struct Follow {
    app: App,
    run: ActionRunKey,
    offset: u64,
}

impl Follow {
    pub(crate) fn new(app: App, run: ActionRunKey, offset: u64) -> Self {
        Self { app, run, offset }
    }

    /// The next piece, as soon as there is one; none at the end of a log whose action has ended.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        loop {
            // Asked first: what a finished action has written is all there when it is read afterwards.
            let finished = self.finished().await?;
            let chunk = read(&self.app, &self.run, self.offset, CHUNK).await?;
            self.offset = chunk.next.max(self.offset);
            if !chunk.content.is_empty() {
                return Ok(Some(chunk.content));
            }
            if finished {
                return Ok(None);
            }
            self.wait(chunk.open).await;
        }
    }

    pub(crate) fn into_stream(self) -> impl Stream<Item = Result<Vec<u8>, StoreError>> {
        stream::try_unfold(self, |mut follow| async move {
            Ok(follow.next().await?.map(|content| (content, follow)))
        })
    }

    async fn finished(&self) -> Result<bool, StoreError> {
        let runs = self
            .app
            .store
            .action_runs(&self.run.action.execution)
            .await?;
        let run = runs.iter().find(|run| run.key == self.run);
        Ok(run.is_none_or(|run| run.finished_at.is_some()))
    }

    async fn wait(&self, open: bool) {
        let grown = self.app.logs.grown(&self.run, self.offset);
        if open {
            grown.await;
        } else {
            tokio::time::sleep(TICK).await;
        }
    }
}

/// [`towpath_store::Logs::read`] away from the threads that serve others.
pub(crate) async fn read(
    app: &App,
    run: &ActionRunKey,
    offset: u64,
    limit: usize,
) -> Result<towpath_store::LogChunk, StoreError> {
    let (logs, run) = (app.logs.clone(), run.clone());
    blocking(move || logs.read(&run, offset, limit)).await
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| {
            Err(StoreError::Io {
                path: "a log".into(),
                source: std::io::Error::other(error),
            })
        })
}
