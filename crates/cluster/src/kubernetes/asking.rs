use std::future::Future;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use kube::Client;
use rand::RngExt;
use tokio::time::{Instant, sleep, timeout};
use towpath_model::ClusterName;

use super::failure::{self, Failure};
use crate::error::ClusterError;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a request is made when the server does not answer, or asks for time.
const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Asks the API server, and remembers whether it answers.
pub(super) struct Asking {
    pub(super) client: Client,
    pub(super) cluster: ClusterName,
    silence: Mutex<Option<Silence>>,
    /// The server did not accept the credentials lately.
    rejected: AtomicBool,
}

/// The server did not answer lately.
#[derive(Clone)]
struct Silence {
    why: String,
    failures: u32,
    until: Instant,
}

impl Asking {
    pub(super) fn new(client: Client, cluster: ClusterName) -> Self {
        Self {
            client,
            cluster,
            silence: Mutex::default(),
            rejected: AtomicBool::new(false),
        }
    }

    /// Makes one request.
    pub(super) async fn once<T>(
        &self,
        request: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, Failure> {
        let answer = match timeout(PATIENCE, request).await {
            Ok(answer) => answer.map_err(Failure::from),
            Err(_) => Err(Failure::Unreachable(format!(
                "no answer within {} s",
                PATIENCE.as_secs()
            ))),
        };
        self.remember(&answer);
        answer
    }

    /// Makes a request that may be made twice; again when the server does not answer or asks for time.
    pub(super) async fn again<T, F>(&self, mut request: impl FnMut() -> F) -> Result<T, Failure>
    where
        F: Future<Output = kube::Result<T>>,
    {
        let mut attempt = 0;
        loop {
            let answer = self.once(request()).await;
            attempt += 1;
            match answer {
                Err(failure) if failure.is_passing() && attempt < ATTEMPTS => {
                    sleep(pause(attempt)).await;
                }
                answer => return answer,
            }
        }
    }

    /// Why the server need not be asked just now: it did not answer, and the pause is not over. Many may ask
    /// about the same cluster, and a server that returns is not to be met by all of them at once.
    pub(super) fn silent(&self) -> Option<String> {
        let silence = self.silence.lock().ok()?;
        silence
            .as_ref()
            .filter(|silence| silence.until > Instant::now())
            .map(|silence| silence.why.clone())
    }

    /// Whether a plug-in, or whoever else knows the credentials, should be asked for new ones.
    pub(super) fn needs_credentials(&self) -> bool {
        let valid_until = self.client.valid_until().as_ref();
        valid_until.is_some_and(|time| *time <= Timestamp::now())
            || self.rejected.load(Ordering::Relaxed)
    }

    fn remember<T>(&self, answer: &Result<T, Failure>) {
        let rejected = matches!(answer, Err(Failure::Unauthenticated(_)));
        self.rejected.store(rejected, Ordering::Relaxed);
        let Ok(mut silence) = self.silence.lock() else {
            return;
        };
        *silence = match answer {
            Err(Failure::Unreachable(why)) => {
                let failures = silence.as_ref().map_or(0, |silence| silence.failures) + 1;
                Some(Silence {
                    why: why.clone(),
                    failures,
                    until: Instant::now() + pause(failures),
                })
            }
            _ => None,
        };
    }

    /// In words for whoever has to act. `doing` is what failed: `listing pods`.
    pub(super) fn error(&self, doing: &str, failure: Failure) -> ClusterError {
        let cluster = self.cluster.clone();
        match failure {
            Failure::Unreachable(why) => ClusterError::Unreachable { cluster, why },
            Failure::Untrusted(why) => ClusterError::Untrusted { cluster, why },
            Failure::Unauthenticated(why) => ClusterError::Unauthenticated { cluster, why },
            Failure::Forbidden(right) => ClusterError::Forbidden {
                cluster,
                verb: right.verb,
                resource: right.resource,
                namespace: right.namespace,
                doing: doing.to_owned(),
            },
            Failure::NotFound => {
                ClusterError::NotFound(format!("{doing}: not in cluster {cluster}"))
            }
            Failure::Refused(status) => ClusterError::Api {
                cluster,
                context: doing.to_owned(),
                why: failure::said(&status),
            },
            Failure::Unreadable(why) => ClusterError::Api {
                cluster,
                context: doing.to_owned(),
                why,
            },
        }
    }
}

/// Doubles with each failure, and differs between those who wait: half of it is chance.
pub(super) fn pause(failures: u32) -> Duration {
    let full = FIRST_PAUSE
        .saturating_mul(1 << failures.saturating_sub(1).min(10))
        .min(LONGEST_PAUSE);
    full.mul_f64(rand::rng().random_range(0.5..1.0))
}
