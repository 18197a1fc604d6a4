use std::process::Stdio;
use std::time::Duration;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use towpath_model::ProjectName;

use super::Refusal;
use super::route::Route;
use crate::process::read_start;
use crate::{GitError, Repositories};

/// How long git may take to put its locks and temporary files away.
const GRACE: Duration = Duration::from_secs(5);

/// One call of git http-backend: what of the request it is told.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) route: Route,
    gzip: bool,
    protocol: Option<String>,
}

impl Call {
    pub(super) fn new(route: Route, headers: &HeaderMap) -> Result<Self, Refusal> {
        let text =
            |name: &http::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let media = |message| Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message);
        if let Route::Call(service) = route
            && text(&CONTENT_TYPE) != Some(&*format!("application/x-{}-request", service.name()))
        {
            return Err(media("the content type is not that of the git service"));
        }
        let gzip = match text(&CONTENT_ENCODING) {
            None | Some("identity") => false,
            Some("gzip" | "x-gzip") => true,
            Some(_) => return Err(media("the only content encoding is gzip")),
        };
        Ok(Self {
            route,
            gzip,
            protocol: headers
                .get("git-protocol")
                .and_then(|value| protocol(value.as_bytes())),
        })
    }

    /// Without `CONTENT_LENGTH`: told how much is to come, git http-backend 2.39 reads on for ever when its input ends
    /// before, as it does when the server is killed. Without it the service itself reads to the end of the input.
    fn environment(&self, repository: &str) -> Vec<(&'static str, String)> {
        let mut environment = Vec::new();
        let (method, path, service) = match self.route {
            Route::Advertise(service) => ("GET", "info/refs", service),
            Route::Call(service) => ("POST", service.name(), service),
        };
        environment.push(("REQUEST_METHOD", method.to_owned()));
        environment.push(("PATH_INFO", format!("/{repository}/{path}")));
        match self.route {
            Route::Advertise(_) => {
                environment.push(("QUERY_STRING", format!("service={}", service.name())));
            }
            Route::Call(_) => {
                let content_type = format!("application/x-{}-request", service.name());
                environment.push(("CONTENT_TYPE", content_type));
            }
        }
        environment.extend(
            self.gzip
                .then(|| ("HTTP_CONTENT_ENCODING", "gzip".to_owned())),
        );
        environment.extend(
            self.protocol
                .clone()
                .map(|protocol| ("GIT_PROTOCOL", protocol)),
        );
        environment
    }
}

/// A running git http-backend, in a process group with everything that it starts.
pub(super) struct Backend {
    child: Child,
    /// None once the request's content has come to its end.
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
}

impl Backend {
    pub(super) fn start(
        repositories: &Repositories,
        project: &ProjectName,
        call: &Call,
    ) -> Result<Self, GitError> {
        let inner = &repositories.inner;
        let mut command = inner.program.http_backend();
        command
            .env("GIT_PROJECT_ROOT", &inner.root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("REMOTE_USER", "towpath")
            .env("REMOTE_ADDR", "127.0.0.1")
            .envs(call.environment(&format!("{project}.git")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let failed = || GitError::io("run", "git http-backend".as_ref());
        let mut child = command.spawn().map_err(failed())?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(failed()(std::io::Error::other("no pipes")));
        };
        tokio::spawn(log(stderr, project.clone()));
        Ok(Self {
            child,
            stdin: Some(stdin),
            stdout,
        })
    }

    /// Ends git and everything it started, unless it has ended already.
    pub(super) async fn end(mut self) {
        // First the signal, then the closing of the pipes: git is not to take this for the request's end.
        signal_group(&self.child, Signal::TERM);
        drop((self.stdin, self.stdout));
        if tokio::time::timeout(GRACE, self.child.wait())
            .await
            .is_err()
        {
            signal_group(&self.child, Signal::KILL);
            if let Err(error) = self.child.wait().await {
                tracing::warn!(%error, "git http-backend did not end");
            }
        }
    }

    /// The parts that are used at the same time.
    pub(super) fn parts(&mut self) -> (&mut Option<ChildStdin>, &mut ChildStdout, &mut Child) {
        (&mut self.stdin, &mut self.stdout, &mut self.child)
    }
}

/// `version=2` and the like; what looks otherwise is as good as not sent.
fn protocol(value: &[u8]) -> Option<String> {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"=:.-_".contains(byte);
    let sound = value.len() <= 200 && value.iter().all(allowed);
    sound.then(|| String::from_utf8_lossy(value).into_owned())
}

fn signal_group(child: &Child, signal: Signal) {
    let pid = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw);
    if let Some(group) = pid
        && let Err(error) = kill_process_group(group, signal)
    {
        tracing::debug!(%error, "git http-backend had ended already");
    }
}

async fn log(stderr: ChildStderr, project: ProjectName) {
    match read_start(Some(stderr)).await {
        Ok(text) if text.is_empty() => {}
        Ok(text) => tracing::warn!(%project, "git: {}", String::from_utf8_lossy(&text).trim()),
        Err(error) => tracing::warn!(%project, %error, "cannot read what git says"),
    }
}
