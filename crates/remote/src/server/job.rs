use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{mpsc, watch};

use crate::frame::Hello;
use crate::link::{Ended, Link};
use crate::message::{Report, RequestId, decode};

/// Names a job in its worker's URL. Unguessable, but no secret: the token is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JobId(String);

impl JobId {
    #[must_use]
    pub fn random() -> Self {
        let bytes: [u8; 8] = rand::random();
        Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for JobId {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// So many reports wait for a request at most; then the worker has to.
const WAITING: usize = 8;

pub(super) type Reports = mpsc::Receiver<(Report, Bytes)>;

/// One job's conversation with its worker.
pub(super) struct Job {
    pub(super) link: Link,
    /// Who reported first. Another one cannot go on in the middle.
    worker: watch::Sender<Option<Worker>>,
    waiting: Mutex<HashMap<RequestId, mpsc::Sender<(Report, Bytes)>>>,
}

/// Who called.
#[derive(Clone)]
pub(super) struct Worker {
    instance: String,
    pub(super) source_dir: PathBuf,
    pub(super) environment: BTreeMap<String, String>,
}

impl Job {
    pub(super) fn new() -> Self {
        Self {
            link: Link::new(),
            worker: watch::Sender::new(None),
            waiting: Mutex::default(),
        }
    }

    /// True for the first worker, and when it calls again.
    pub(super) fn is_worker(&self, hello: &Hello) -> bool {
        self.worker.send_if_modified(|worker| {
            let is_first = worker.is_none();
            worker.get_or_insert_with(|| Worker {
                instance: hello.instance.clone(),
                source_dir: hello.source_dir.clone().into(),
                environment: hello.environment.clone(),
            });
            is_first
        });
        let worker = self.worker.borrow();
        worker
            .as_ref()
            .is_some_and(|worker| worker.instance == hello.instance)
    }

    /// Waits for the worker's first call.
    pub(super) async fn worker_called(&self) -> Result<Worker, Ended> {
        let mut worker = self.worker.subscribe();
        tokio::select! {
            called = worker.wait_for(Option::is_some) => match called.ok().and_then(|worker| worker.clone()) {
                Some(worker) => Ok(worker),
                None => Err(Ended("the job is gone".to_owned())),
            },
            ended = self.link.ended() => Err(ended),
        }
    }

    pub(super) fn expect(&self, id: RequestId) -> Reports {
        let (sender, receiver) = mpsc::channel(WAITING);
        self.waiting().insert(id, sender);
        receiver
    }

    pub(super) fn forget(&self, id: RequestId) {
        self.waiting().remove(&id);
    }

    /// Hands each report to the request that waits for it. A report counts as taken only then, so a request
    /// that is slow slows the worker down.
    pub(super) async fn hand_out_reports(&self) {
        while let Ok((sequence, message)) = self.link.next().await {
            match decode::<Report>(&message) {
                Ok((report, beside)) => self.hand_out(report, beside).await,
                Err(error) => self
                    .link
                    .end(format!("the worker does not keep to the protocol: {error}")),
            }
            self.link.take(sequence);
        }
    }

    async fn hand_out(&self, report: Report, beside: &[u8]) {
        let waiting = self.waiting().get(&report.id()).cloned();
        let Some(waiting) = waiting else {
            tracing::debug!(?report, "nobody waits for it any more");
            return;
        };
        if waiting
            .send((report, Bytes::copy_from_slice(beside)))
            .await
            .is_err()
        {
            tracing::debug!("a request was given up");
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<RequestId, mpsc::Sender<(Report, Bytes)>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
