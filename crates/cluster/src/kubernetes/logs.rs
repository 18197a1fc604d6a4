//! Containers' logs with offsets, which the pod log API does not have.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::AsyncReadExt;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::api::LogParams;
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};
use towpath_model::Namespace;

use super::asking::{Asking, pause};
use super::failure::Failure;
use super::log_lines::LogLines;
use crate::cluster::LogChunk;
use crate::error::ClusterError;

/// A log that nobody has read for so long is not followed any more.
const IDLE: Duration = Duration::from_secs(120);
/// The first reader waits so long for what the container has said already. Late is not wrong.
const FIRST_LOOK: Duration = Duration::from_secs(10);
/// How many logs are followed at a time; the one that was read longest ago goes.
const FOLLOWED: usize = 64;
/// So many lines of the past are read.
const LINES: i64 = 10_000;

pub(super) type Key = (Namespace, String, String);

/// The logs that somebody reads. Each is followed by one connection, whoever reads it. Bytes are counted from
/// where the following began, so offsets hold as long as it goes on, over the container's restarts. When it
/// has begun anew, an offset beyond its end means its beginning.
#[derive(Default)]
pub(super) struct PodLogs(Mutex<BTreeMap<Key, Followed>>);

struct Followed {
    log: Arc<Log>,
    read_at: Instant,
    follower: AbortHandle,
}

#[derive(Default)]
struct Log {
    lines: Mutex<LogLines>,
    progress: watch::Sender<Progress>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Progress {
    end: u64,
    /// What was said before somebody asked is in.
    caught_up: bool,
    /// Nothing comes any more.
    over: bool,
}

impl PodLogs {
    pub(super) async fn read(
        &self,
        asking: &Asking,
        key: Key,
        offset: u64,
        limit: usize,
    ) -> Result<LogChunk, ClusterError> {
        let log = self.followed(asking, key).await?;
        let mut progress = log.progress.subscribe();
        let ready = |progress: &Progress| progress.caught_up || progress.over;
        let _late = timeout(FIRST_LOOK, progress.wait_for(ready)).await;
        Ok(log.lines().read(offset, limit))
    }

    /// True when there is more than `offset`, false when nothing will come any more.
    pub(super) async fn grew(
        &self,
        asking: &Asking,
        key: Key,
        offset: u64,
    ) -> Result<bool, ClusterError> {
        let log = self.followed(asking, key).await?;
        let mut progress = log.progress.subscribe();
        let enough = |progress: &Progress| progress.end > offset || progress.over;
        Ok(progress
            .wait_for(enough)
            .await
            .is_ok_and(|progress| progress.end > offset))
    }

    async fn followed(&self, asking: &Asking, key: Key) -> Result<Arc<Log>, ClusterError> {
        if let Some(log) = self.known(&key) {
            return Ok(log);
        }
        exists(asking, &key).await?;
        // Somebody may have been faster.
        if let Some(log) = self.known(&key) {
            return Ok(log);
        }
        let log = Arc::new(Log::default());
        let follower = tokio::spawn(follow(asking.client.clone(), key.clone(), log.clone()));
        let followed = Followed {
            log: log.clone(),
            read_at: Instant::now(),
            follower: follower.abort_handle(),
        };
        let mut all = self.lock();
        if all.len() >= FOLLOWED
            && let Some(oldest) = all
                .iter()
                .min_by_key(|(_, followed)| followed.read_at)
                .map(|(key, _)| key.clone())
        {
            all.remove(&oldest);
        }
        all.insert(key, followed);
        Ok(log)
    }

    fn known(&self, key: &Key) -> Option<Arc<Log>> {
        let mut all = self.lock();
        all.retain(|_, followed| {
            followed.read_at.elapsed() < IDLE || followed.log.progress.receiver_count() > 0
        });
        let followed = all.get_mut(key)?;
        followed.read_at = Instant::now();
        Some(followed.log.clone())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Followed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

impl Log {
    fn lines(&self) -> MutexGuard<'_, LogLines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, change: impl FnOnce(&mut Progress)) {
        let end = self.lines().end();
        self.progress.send_modify(|progress| {
            progress.end = end;
            change(progress);
        });
    }
}

async fn exists(asking: &Asking, (namespace, pod, container): &Key) -> Result<(), ClusterError> {
    let not_found =
        || ClusterError::NotFound(format!("container {container} of a pod {namespace}/{pod}"));
    let api: Api<Pod> = Api::namespaced(asking.client.clone(), namespace.as_str());
    let found = match asking.once(api.get(pod)).await {
        Ok(found) => found,
        Err(Failure::NotFound) => return Err(not_found()),
        Err(failure) => {
            return Err(asking.error(&format!("reading the log of {namespace}/{pod}"), failure));
        }
    };
    let spec = found.spec.unwrap_or_default();
    let init = spec.init_containers.unwrap_or_default();
    let mut all = spec.containers.iter().chain(&init);
    match all.any(|known| known.name == *container) {
        true => Ok(()),
        false => Err(not_found()),
    }
}

/// Takes in the log until the pod is gone. Begins again, where it was, when the connection is cut and when
/// the container starts anew.
async fn follow(client: Client, (namespace, pod, container): Key, log: Arc<Log>) {
    let api: Api<Pod> = Api::namespaced(client, namespace.as_str());
    let mut failures = 0;
    let mut follow = false;
    loop {
        let before = log.lines().end();
        let answer = take_in(&api, &pod, &container, follow, &log).await;
        log.lines().cut();
        if log.lines().end() > before {
            failures = 0;
        }
        match answer {
            Ok(()) if !follow => {
                follow = true;
                log.tell(|progress| progress.caught_up = true);
                continue;
            }
            Ok(()) => {}
            // It has not started yet, or the server does not answer.
            Err(failure) => tracing::debug!(?failure, %pod, "the log cannot be read now"),
        }
        if will_say_more(&api, &pod, &container).await.is_break() {
            log.tell(|progress| progress.over = true);
            return;
        }
        failures += 1;
        sleep(pause(failures)).await;
    }
}

async fn take_in(
    api: &Api<Pod>,
    pod: &str,
    container: &str,
    follow: bool,
    log: &Log,
) -> Result<(), Failure> {
    let known: Option<Timestamp> = log.lines().last();
    let params = LogParams {
        container: Some(container.to_owned()),
        follow,
        timestamps: true,
        since_time: known,
        tail_lines: known.is_none().then_some(LINES),
        ..LogParams::default()
    };
    let mut stream = Box::pin(api.log_stream(pod, &params).await.map_err(Failure::from)?);
    let mut buffer = vec![0; 32 << 10];
    loop {
        let read = stream
            .read(&mut buffer)
            .await
            .map_err(|error| Failure::Unreachable(error.to_string()))?;
        if read == 0 {
            return Ok(());
        }
        log.lines().push(&buffer[..read], known);
        log.tell(|_| {});
    }
}

/// A container says nothing more when its pod is gone or has ended for good.
async fn will_say_more(api: &Api<Pod>, pod: &str, container: &str) -> ControlFlow<()> {
    let found = match api.get(pod).await.map_err(Failure::from) {
        Ok(found) => found,
        Err(Failure::NotFound) => return ControlFlow::Break(()),
        Err(_) => return ControlFlow::Continue(()),
    };
    let status = found.status.unwrap_or_default();
    let ended = matches!(status.phase.as_deref(), Some("Succeeded" | "Failed"));
    let init = status.init_container_statuses.unwrap_or_default();
    let done = init.iter().any(|init| {
        let state = init.state.as_ref();
        let terminated = state.and_then(|state| state.terminated.as_ref());
        init.name == container && terminated.is_some_and(|ended| ended.exit_code == 0)
    });
    match ended || done {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    }
}
