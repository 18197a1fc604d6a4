use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite;
use towpath_model::workspace::Workspace;
use towpath_sandbox::PlainWorkspace;

use super::socket::{self, Socket};
use super::{Config, certificate};
use crate::carry::{self, CarryError, carry};
use crate::frame::{Frame, Hello, Timing, VERSION, Welcome};
use crate::link::Link;

/// So long the first call is tried: names and routes of a new machine take a moment.
const FIRST_CALL: Duration = Duration::from_secs(300);
const CONNECT: Duration = Duration::from_secs(15);
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Calling again will not help.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("{url} is not a URL that can be called: {reason}")]
    Url { url: String, reason: String },
    #[error("the certificate authorities cannot be read: {0}")]
    Authorities(String),
    #[error(
        "the server refuses with status {0}: the job has ended, or the token is not this job's"
    )]
    Refused(u16),
    #[error("the certificate of {url} is not trusted: {why}")]
    Certificate { url: String, why: String },
    #[error("{url} could not be reached within {} s: {why}", FIRST_CALL.as_secs())]
    Unreachable { url: String, why: String },
}

/// Keeps a connection to the server, until it says goodbye or the lease has run out.
pub(super) async fn call(
    link: &Link,
    config: &Config,
    workspace: &PlainWorkspace,
) -> Result<String, CallError> {
    let caller = Caller {
        link,
        socket: socket::Target::new(config)?,
        url: config.url.clone(),
        instance: format!("{:032x}", rand::random::<u128>()),
        source_dir: workspace.source_dir().display().to_string(),
        environment: config.environment.clone(),
    };
    caller.keep_calling().await
}

struct Caller<'l> {
    link: &'l Link,
    socket: socket::Target,
    url: String,
    instance: String,
    source_dir: String,
    environment: BTreeMap<String, String>,
}

impl Caller<'_> {
    async fn keep_calling(&self) -> Result<String, CallError> {
        let mut timing = None;
        let mut why = String::new();
        let mut pause = SHORTEST_PAUSE;
        loop {
            let lease = timing.unwrap_or_else(first_lease);
            let attempt = self.call_once(&mut timing, &mut pause);
            let ended = tokio::select! {
                ended = attempt => ended,
                () = self.link.lease_ran_out(lease) => return self.given_up(timing, why),
            };
            match ended {
                CallEnd::Goodbye(reason) => return Ok(reason),
                CallEnd::Fatal(error) => return Err(error),
                CallEnd::Again(reason) => {
                    tracing::warn!(%reason, "the connection ended; calling again");
                    why = reason;
                }
            }
            if self.link.alone_for() >= timing.unwrap_or_else(first_lease).lease {
                return self.given_up(timing, why);
            }
            sleep(pause.mul_f64(rand::random_range(0.5..1.0))).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// A server that was never reached is somebody's to look into; one that is gone has its own plans.
    fn given_up(&self, timing: Option<Timing>, why: String) -> Result<String, CallError> {
        let url = self.url.clone();
        match timing {
            Some(Timing { lease, .. }) => {
                Ok(format!("nothing was heard of the server for {lease:?}"))
            }
            None => Err(CallError::Unreachable { url, why }),
        }
    }

    async fn call_once(&self, agreed: &mut Option<Timing>, pause: &mut Duration) -> CallEnd {
        let mut socket = match timeout(CONNECT, self.socket.connect()).await {
            Err(_) => return CallEnd::Again(format!("no answer within {CONNECT:?}")),
            Ok(Err(error)) => return self.refused(error),
            Ok(Ok(socket)) => socket,
        };
        let welcome = match timeout(CONNECT, self.greet(&mut socket)).await {
            Err(_) => return CallEnd::Again(format!("no greeting within {CONNECT:?}")),
            Ok(Err(error)) => return end(error),
            Ok(Ok(welcome)) => welcome,
        };
        let timing = *agreed.insert(welcome.timing());
        *pause = SHORTEST_PAUSE;
        let (to, from) = (&mut socket.to, &mut socket.from);
        end(carry(self.link, welcome.received, timing, to, from).await)
    }

    /// A server that is being started again, or a proxy before one, may say anything but these.
    fn refused(&self, error: tungstenite::Error) -> CallEnd {
        if let Some(why) = certificate::why_not_trusted(&error) {
            let url = self.url.clone();
            return CallEnd::Fatal(CallError::Certificate { url, why });
        }
        match &error {
            tungstenite::Error::Http(answer)
                if matches!(answer.status().as_u16(), 401 | 403 | 404 | 410) =>
            {
                CallEnd::Fatal(CallError::Refused(answer.status().as_u16()))
            }
            error => CallEnd::Again(error.to_string()),
        }
    }

    async fn greet(&self, socket: &mut Socket) -> Result<Welcome, CarryError> {
        let hello = Frame::Hello(Hello {
            version: VERSION,
            received: self.link.received(),
            instance: self.instance.clone(),
            source_dir: self.source_dir.clone(),
            environment: self.environment.clone(),
        });
        carry::send(&mut socket.to, &hello).await?;
        match carry::receive(&mut socket.from).await? {
            Frame::Welcome(welcome) => Ok(welcome),
            Frame::Goodbye(reason) => Err(CarryError::Goodbye(reason)),
            _ => Err(CarryError::Unexpected("no greeting")),
        }
    }
}

enum CallEnd {
    Goodbye(String),
    Fatal(CallError),
    Again(String),
}

fn end(error: CarryError) -> CallEnd {
    match error {
        CarryError::Goodbye(reason) => CallEnd::Goodbye(reason),
        // What was said is lost for good: a job that went on would miss a part.
        CarryError::Session(error) => CallEnd::Goodbye(error.to_string()),
        error => CallEnd::Again(error.to_string()),
    }
}

/// Until the server says what it wants.
fn first_lease() -> Timing {
    Timing {
        lease: FIRST_CALL,
        ..Timing::default()
    }
}
