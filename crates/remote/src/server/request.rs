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

    /// The next report; a failure is an error.
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
