use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::Instant;
use towpath_model::{ProjectName, Timestamp};

use super::backend::{Backend, Call};
use super::body::{Body, BodyError, Part};
use super::report::Report;
use super::route::{Route, Service};
use super::{Refusal, cgi};
use crate::{GitError, Repositories};

const PIECE: usize = 32 << 10;
/// Pieces between git and a client that is slower.
const PIECES_AHEAD: usize = 4;
const NOT_RECORDED: &str = "towpath could not record this push; the refs have moved, and their pipelines start once it can\n";

/// Starts git and gives the response when its head is there; the content follows by itself.
pub(super) async fn start<B>(
    repositories: &Repositories,
    project: &ProjectName,
    call: &Call,
    body: B,
    turn: OwnedSemaphorePermit,
) -> Result<Response<Body>, Refusal>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: std::fmt::Display + Send,
{
    let backend =
        Backend::start(repositories, project, call).map_err(|error| failed(project, &error))?;
    let (out, mut parts) = mpsc::channel(PIECES_AHEAD);
    let exchange = Exchange {
        repositories: repositories.clone(),
        project: project.clone(),
        push: call.route == Route::Call(Service::ReceivePack),
        observed: AtomicBool::new(false),
        out,
        activity: Activity::new(),
    };
    tokio::spawn(exchange.run(backend, body, turn));
    match parts.recv().await {
        Some(Ok(Part::Head(head))) => {
            let mut response = Response::new(Body::stream(parts));
            *response.status_mut() = head.status;
            *response.headers_mut() = head.headers;
            Ok(response)
        }
        Some(Err(error)) => Err(failed(project, &error)),
        Some(Ok(_)) | None => Err(failed(project, &BodyError::Interrupted)),
    }
}

fn failed(project: &ProjectName, error: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(%project, %error, "git http-backend failed");
    Refusal::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "git failed; see the server's log",
    )
}

/// One request and its response, from the start of git to its end.
struct Exchange {
    repositories: Repositories,
    project: ProjectName,
    push: bool,
    observed: AtomicBool,
    out: mpsc::Sender<Result<Part, BodyError>>,
    activity: Activity,
}

/// Why an exchange ends early.
enum Stop {
    /// Nobody wants the answer any more.
    Gone,
    Failed(BodyError),
}

impl Exchange {
    async fn run<B>(self, mut backend: Backend, body: B, turn: OwnedSemaphorePermit)
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: std::fmt::Display + Send,
    {
        let (stdin, stdout, child) = backend.parts();
        let stall = self.repositories.inner.stall;
        let result = tokio::select! {
            result = async { tokio::try_join!(self.feed(body, stdin), self.pump(stdout, child)) } => result,
            () = self.out.closed() => Err(Stop::Gone),
            () = self.activity.stalled(stall) => Err(Stop::Failed(BodyError::Stalled(stall.as_secs()))),
        };
        backend.end().await;
        drop(turn);
        // Refs may have moved before it broke off.
        if self.push && !self.observed.load(Ordering::Relaxed) {
            self.observe_late().await;
        }
        if let Err(Stop::Failed(error)) = result {
            tracing::warn!(project = %self.project, %error, "a git transfer broke off");
            // A client that is gone needs no error, and one that takes nothing more cannot have it: that the
            // channel closes without an end says enough.
            drop(self.out.try_send(Err(error)));
        }
    }

    /// Passes the request's content on to git.
    async fn feed<B>(&self, body: B, stdin: &mut Option<ChildStdin>) -> Result<(), Stop>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        let mut body = std::pin::pin!(body);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|e| Stop::Failed(BodyError::Request(e.to_string())))?;
            self.activity.happened();
            let (Ok(data), Some(pipe)) = (frame.into_data(), stdin.as_mut()) else {
                continue;
            };
            // When git needs no more, the client is still to send all: only then it reads the answer.
            if pipe.write_all(&data).await.is_err() {
                stdin.take();
            }
            self.activity.happened();
        }
        stdin.take();
        Ok(())
    }

    /// Passes git's answer on, of a push all but its report; that waits for the events' commit.
    async fn pump(&self, stdout: &mut ChildStdout, child: &mut Child) -> Result<(), Stop> {
        let mut report = self.push.then(Report::default);
        let mut bytes = self.head(stdout).await?;
        loop {
            let ahead = match &mut report {
                None => bytes.split().freeze(),
                Some(report) => report.push(&bytes.split()).map_err(|_| interrupted())?,
            };
            self.send_data(ahead).await?;
            if self.read(stdout, &mut bytes).await? == 0 {
                break;
            }
        }
        let status = child.wait().await.map_err(backend_error)?;
        if let Some(report) = report {
            return self.conclude(report).await;
        }
        match status.code() {
            Some(_) => self.send(Part::Done).await,
            None => Err(interrupted()),
        }
    }

    /// Reads and sends the head; gives what came after it.
    async fn head(&self, stdout: &mut ChildStdout) -> Result<BytesMut, Stop> {
        let mut bytes = BytesMut::new();
        loop {
            let head = cgi::parse(&bytes).map_err(backend_error)?;
            if let Some((head, length)) = head {
                self.send(Part::Head(head)).await?;
                return Ok(bytes.split_off(length));
            }
            if self.read(stdout, &mut bytes).await? == 0 {
                return Err(interrupted());
            }
        }
    }

    /// Commits the push's events and only then says what became of it.
    async fn conclude(&self, report: Report) -> Result<(), Stop> {
        let last = match self.observe().await {
            Ok(()) => report.release(),
            Err(error) => {
                tracing::error!(project = %self.project, %error, "a push could not be recorded");
                report.refuse(NOT_RECORDED).ok_or_else(interrupted)?
            }
        };
        self.send_data(last).await?;
        self.send(Part::Done).await
    }

    async fn observe(&self) -> Result<(), GitError> {
        let now = Timestamp::from(SystemTime::now());
        let observed = self.repositories.observe(&self.project, now).await;
        self.observed.store(true, Ordering::Relaxed);
        observed.map(drop)
    }

    async fn observe_late(&self) {
        if let Err(error) = self.observe().await {
            tracing::error!(project = %self.project, %error, "a broken push could not be recorded; the tick will");
        }
    }

    async fn read(&self, stdout: &mut ChildStdout, bytes: &mut BytesMut) -> Result<usize, Stop> {
        bytes.reserve(PIECE);
        let count = stdout.read_buf(bytes).await.map_err(backend_error)?;
        self.activity.happened();
        Ok(count)
    }

    async fn send_data(&self, data: Bytes) -> Result<(), Stop> {
        if data.is_empty() {
            Ok(())
        } else {
            self.send(Part::Data(data)).await
        }
    }

    async fn send(&self, part: Part) -> Result<(), Stop> {
        let sent = self.out.send(Ok(part)).await;
        self.activity.happened();
        sent.map_err(|_| Stop::Gone)
    }
}

fn interrupted() -> Stop {
    Stop::Failed(BodyError::Interrupted)
}

fn backend_error(error: impl std::fmt::Display) -> Stop {
    Stop::Failed(BodyError::Backend(error.to_string()))
}

/// When something last moved.
struct Activity {
    start: Instant,
    /// Milliseconds after `start`.
    last: AtomicU64,
}

impl Activity {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            last: AtomicU64::new(0),
        }
    }

    fn happened(&self) {
        let millis = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(millis, Ordering::Relaxed);
    }

    /// Returns when nothing has moved for this long.
    async fn stalled(&self, limit: Duration) {
        loop {
            let last = Duration::from_millis(self.last.load(Ordering::Relaxed));
            let deadline = self.start + last + limit;
            if Instant::now() >= deadline {
                return;
            }
            tokio::time::sleep_until(deadline).await;
        }
    }
}
