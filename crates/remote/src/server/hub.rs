use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::{Sink, Stream};
use tokio::time::timeout;
use towpath_model::workspace::WorkspaceError;

use super::RemoteWorkspace;
use super::job::{Job, JobId};
use crate::carry::{self, CarryError, carry};
use crate::frame::{Frame, Hello, Timing, VERSION, Welcome};

/// Where workers and the jobs that wait for them meet. Cheap to clone.
#[derive(Clone, Default)]
pub struct Hub(Arc<Inner>);

#[derive(Default)]
struct Inner {
    jobs: Mutex<HashMap<JobId, Arc<Job>>>,
    timing: Timing,
}

impl Hub {
    #[must_use]
    pub fn new(timing: Timing) -> Self {
        Self(Arc::new(Inner {
            jobs: Mutex::default(),
            timing,
        }))
    }

    /// Expects a worker for a job. To be called in a runtime.
    #[must_use]
    pub fn open(&self, id: JobId) -> Work {
        let job = Arc::new(Job::new());
        self.jobs().insert(id.clone(), Arc::clone(&job));
        tokio::spawn(run(Arc::clone(&job), self.0.timing));
        let hub = self.clone();
        Work { hub, id, job }
    }

    /// Whether somebody waits for this job.
    pub fn is_open(&self, id: &JobId) -> bool {
        self.jobs().contains_key(id)
    }

    /// Speaks with a worker that has shown its job's token, until the connection ends.
    pub async fn serve<S, R>(&self, id: &JobId, mut to: S, mut from: R) -> CarryError
    where
        S: Sink<Bytes> + Unpin,
        S::Error: std::fmt::Display,
        R: Stream<Item = Result<Bytes, String>> + Unpin,
    {
        let job = self.jobs().get(id).cloned();
        let greeted = match &job {
            Some(job) => greet(job, self.0.timing, &mut to, &mut from).await,
            None => Err(CarryError::Goodbye("there is no such job".to_owned())),
        };
        match (job, greeted) {
            (Some(job), Ok(hello)) => {
                let (link, timing) = (&job.link, self.0.timing);
                let ended = carry(link, hello.received, timing, &mut to, &mut from).await;
                if let CarryError::Goodbye(reason) = &ended {
                    link.end(format!("its worker has ended: {reason}"));
                }
                ended
            }
            (_, Err(error)) => {
                refuse(&error, &mut to).await;
                error
            }
            (None, Ok(_)) => CarryError::Closed,
        }
    }

    fn jobs(&self) -> MutexGuard<'_, HashMap<JobId, Arc<Job>>> {
        self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a job needs while it lasts.
async fn run(job: Arc<Job>, timing: Timing) {
    let lease = async {
        if job.worker_called().await.is_err() {
            return;
        }
        job.link.lease_ran_out(timing).await;
        let seconds = timing.lease.as_secs_f32();
        job.link
            .end(format!("nothing was heard of its worker for {seconds} s"));
    };
    tokio::join!(lease_or_end(&job, lease), job.hand_out_reports());
}

async fn lease_or_end(job: &Job, lease: impl Future<Output = ()>) {
    tokio::select! {
        () = lease => {}
        _ended = job.link.ended() => {}
    }
}

async fn greet<S, R>(
    job: &Job,
    timing: Timing,
    to: &mut S,
    from: &mut R,
) -> Result<Hello, CarryError>
where
    S: Sink<Bytes> + Unpin,
    S::Error: std::fmt::Display,
    R: Stream<Item = Result<Bytes, String>> + Unpin,
{
    let silence = timing.silence();
    let Ok(first) = timeout(silence, carry::receive(from)).await else {
        return Err(CarryError::Silent(silence));
    };
    let Frame::Hello(hello) = first? else {
        return Err(CarryError::Unexpected("no greeting"));
    };
    if hello.version != VERSION {
        return Err(CarryError::Version {
            theirs: hello.version,
            ours: VERSION,
        });
    }
    if !job.is_worker(&hello) {
        job.link
            .end("its worker was started again, and what it did is gone");
        return Err(CarryError::Goodbye("another worker had begun".to_owned()));
    }
    let welcome = Frame::Welcome(Welcome {
        version: VERSION,
        received: job.link.received(),
        lease_ms: u64::try_from(timing.lease.as_millis()).unwrap_or(u64::MAX),
        ping_ms: u64::try_from(timing.ping.as_millis()).unwrap_or(u64::MAX),
    });
    carry::send(to, &welcome).await?;
    Ok(hello)
}

/// Tells the worker why, so that it does not call again.
async fn refuse<S>(error: &CarryError, to: &mut S)
where
    S: Sink<Bytes> + Unpin,
    S::Error: std::fmt::Display,
{
    if let Err(error) = carry::send(to, &Frame::Goodbye(error.to_string())).await {
        tracing::debug!(%error, "a worker that was refused is gone");
    }
}

/// A job whose worker is expected. Dropping it ends the job: the worker is told when it calls, and ends.
pub struct Work {
    hub: Hub,
    id: JobId,
    pub(super) job: Arc<Job>,
}

impl Work {
    pub fn id(&self) -> &JobId {
        &self.id
    }

    /// Waits for the worker, however long it takes.
    pub async fn workspace(self) -> Result<RemoteWorkspace, WorkspaceError> {
        match self.job.worker_called().await {
            Ok(worker) => Ok(RemoteWorkspace::new(self, worker)),
            Err(ended) => Err(WorkspaceError::Lost(ended.to_string())),
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.job.link.end("the job has ended");
        self.hub.jobs().remove(&self.id);
    }
}
