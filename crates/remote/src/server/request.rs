use std::sync::Arc;

use bytes::Bytes;
use towpath_model::workspace::WorkspaceError;

use super::job::{Job, Reports};
use crate::link::Ended;
use crate::message::{Done, Order, Report, RequestId, encode};

/// One thing that the worker is asked to do. Dropping it before its end cancels it.
pub(super) struct Request {
    pub(super) id: RequestId,
    job: Arc<Job>,
    reports: Reports,
    finished: bool,
}

impl Request {
    pub(super) fn new(job: &Arc<Job>, id: RequestId) -> Self {
        Self {
            id,
            job: Arc::clone(job),
            reports: job.expect(id),
            finished: false,
        }
    }

    pub(super) async fn order(&self, order: &Order, beside: &[u8]) -> Result<(), WorkspaceError> {
        self.job
            .link
            .send(encode(order, beside))
            .await
            .map_err(lost)
    }

    /// To order more while somebody waits for a report.
    pub(super) fn orders(&self) -> Orders {
        Orders(Arc::clone(&self.job))
    }

    /// The next report; a failure is an error. Cancel safe.
    pub(super) async fn report(&mut self) -> Result<(Report, Bytes), WorkspaceError> {
        let report = tokio::select! {
            biased;
            report = self.reports.recv() => report,
            ended = self.job.link.ended() => return Err(lost(ended)),
        };
        match report {
            Some((Report::Failed { failure, .. }, _)) => {
                self.finished = true;
                Err(failure.into())
            }
            Some((report, beside)) => {
                self.finished = matches!(report, Report::Exited { .. } | Report::Done { .. });
                Ok((report, beside))
            }
            None => Err(WorkspaceError::Lost("the job is gone".to_owned())),
        }
    }

    /// For orders that are answered by one word.
    pub(super) async fn done(&mut self) -> Result<Done, WorkspaceError> {
        match self.report().await? {
            (Report::Done { done, .. }, _) => Ok(done),
            (report, _) => Err(unexpected(&report)),
        }
    }
}

/// A way to the worker.
pub(super) struct Orders(Arc<Job>);

impl Orders {
    /// Without waiting for what is on its way already; for small orders.
    pub(super) fn send_now(&self, order: &Order, beside: &[u8]) -> Result<(), WorkspaceError> {
        self.0.link.send_now(encode(order, beside)).map_err(lost)
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.job.forget(self.id);
        let cancel = encode(&Order::Cancel { id: self.id }, b"");
        if !self.finished
            && let Err(ended) = self.job.link.send_now(cancel)
        {
            tracing::debug!(%ended, "a request of a job that has ended");
        }
    }
}

fn lost(ended: Ended) -> WorkspaceError {
    WorkspaceError::Lost(ended.to_string())
}

pub(super) fn unexpected(report: &impl std::fmt::Debug) -> WorkspaceError {
    WorkspaceError::Failed(format!(
        "the worker answered what was not asked: {report:?}"
    ))
}
