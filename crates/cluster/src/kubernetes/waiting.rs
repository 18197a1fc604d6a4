use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::stream::{self, SelectAll, Stream, StreamExt};
use kube::Api;
use kube::api::DynamicObject;
use kube::runtime::watcher::{self, Event, watcher};
use kube::runtime::{WatchStreamExt, watcher::Error as WatchError};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::failure::Failure;
use super::inventory::{self, Group};
use super::{Inner, trouble};
use crate::cluster::{Applied, Waited};
use crate::error::ClusterError;
use crate::health::{self, Judgement, State};
use crate::object::ObjectId;

/// Whether a newer apply took over is looked up this often.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Every start has its small troubles; they are told when they last for so long.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn wait_ready(
    cluster: &Inner,
    applied: &Applied,
    deadline: Duration,
    progress: &mut (dyn FnMut(&str) + Send),
) -> Result<Waited, ClusterError> {
    let until = Instant::now() + deadline;
    if is_superseded(cluster, applied).await? {
        return Ok(Waited::Superseded);
    }
    let groups = inventory::groups(cluster, &applied.project, applied.release).await?;
    let mut watch = Watch::start(cluster, applied, groups);
    loop {
        if let Some(waited) = watch.judge(cluster, progress).await {
            return Ok(waited);
        }
        if Instant::now() >= until {
            return Ok(watch.too_late(cluster, deadline).await);
        }
        watch.next(cluster, until, progress).await?;
        if is_superseded(cluster, applied).await? {
            return Ok(Waited::Superseded);
        }
    }
}

async fn is_superseded(cluster: &Inner, applied: &Applied) -> Result<bool, ClusterError> {
    let name = &cluster.asking.cluster;
    let newest = cluster
        .store
        .kubernetes_apply_number(name, &applied.project)
        .await?;
    Ok(newest > applied.release)
}

/// kube's watcher lists again when a watch that has begun ends with 410, as the API server lets it. One that
/// is refused with 410, as proxies and extension servers do, it would begin for ever where nothing is.
pub(super) fn watch(
    api: Api<DynamicObject>,
    config: watcher::Config,
) -> impl Stream<Item = Result<Event<DynamicObject>, WatchError>> + Send + 'static {
    let begin = move || watcher(api.clone(), config.clone()).boxed();
    stream::unfold((begin(), begin), async |(mut events, begin)| {
        let event = events.next().await?;
        if event.as_ref().is_err_and(is_refused_as_too_old) {
            events = begin();
        }
        Some((event, (events, begin)))
    })
}

fn is_refused_as_too_old(error: &WatchError) -> bool {
    matches!(error, WatchError::WatchStartFailed(kube::Error::Api(status)) if status.code == 410)
}

type Events =
    futures_util::stream::BoxStream<'static, (usize, Result<Event<DynamicObject>, WatchError>)>;

/// One watch a kind and namespace, of the project's objects only. A watch that ends, is cut or is too old
/// (410) begins again, after a pause that grows and has some chance in it.
struct Watch {
    groups: Vec<Group>,
    events: SelectAll<Events>,
    seen: BTreeMap<ObjectId, Seen>,
    /// Of a list that is coming in: which objects it had so far.
    listed: BTreeMap<usize, BTreeSet<ObjectId>>,
    told_silence: bool,
}

struct Seen {
    object: Option<Value>,
    judgement: Judgement,
    /// As it was when it was seen first: what has just been applied cannot have failed yet.
    had_failed: bool,
    since: Instant,
    told: String,
    told_trouble: Option<String>,
    looked_for_trouble: Instant,
}

impl Watch {
    fn start(cluster: &Inner, applied: &Applied, groups: Vec<Group>) -> Self {
        let config =
            watcher::Config::default().labels(&inventory::selector(cluster, &applied.project));
        let mut events = SelectAll::new();
        for (index, group) in groups.iter().enumerate() {
            let stream = watch(group.api(&cluster.asking), config.clone()).default_backoff();
            events.push(stream.map(move |event| (index, event)).boxed());
        }
        let now = Instant::now();
        let ids = groups.iter().flat_map(|group| group.ids.iter().cloned());
        let seen = ids.map(|id| (id, Seen::new(now))).collect();
        Self {
            groups,
            events,
            seen,
            listed: BTreeMap::new(),
            told_silence: false,
        }
    }

    /// Takes in what comes next, or comes back after a while.
    async fn next(
        &mut self,
        cluster: &Inner,
        until: Instant,
        progress: &mut (dyn FnMut(&str) + Send),
    ) -> Result<(), ClusterError> {
        let look_again = until.min(Instant::now() + LOOK_AGAIN);
        let Ok(Some((group, event))) = timeout_at(look_again, self.events.next()).await else {
            return Ok(());
        };
        match event {
            Ok(event) => {
                self.told_silence = false;
                self.take(group, event);
                Ok(())
            }
            Err(error) => self.failed(cluster, group, error, progress),
        }
    }

    fn take(&mut self, group: usize, event: Event<DynamicObject>) {
        match event {
            Event::Init => drop(self.listed.insert(group, BTreeSet::new())),
            Event::InitApply(object) => {
                if let Some(id) = self.see(group, &object) {
                    self.listed.entry(group).or_default().insert(id);
                }
            }
            Event::InitDone => {
                let listed = self.listed.remove(&group).unwrap_or_default();
                let missing = self.groups[group].ids.difference(&listed);
                missing.for_each(|id| gone(&mut self.seen, id));
            }
            Event::Apply(object) => drop(self.see(group, &object)),
            Event::Delete(object) => {
                if let Some(id) = self.id(group, &object) {
                    gone(&mut self.seen, &id);
                }
            }
        }
    }

    fn id(&self, group: usize, object: &DynamicObject) -> Option<ObjectId> {
        let name = object.metadata.name.as_deref()?;
        let ids = &self.groups[group].ids;
        ids.iter().find(|id| id.name == name).cloned()
    }

    fn see(&mut self, group: usize, object: &DynamicObject) -> Option<ObjectId> {
        let id = self.id(group, object)?;
        let mut value = serde_json::to_value(object).ok()?;
        // Objects of a list do not say what they are.
        let resource = &self.groups[group].kind.resource;
        value["apiVersion"] = resource.api_version.as_str().into();
        value["kind"] = resource.kind.as_str().into();
        if let Some(seen) = self.seen.get_mut(&id) {
            let judgement = health::judge(&value);
            seen.had_failed |= seen.object.is_none() && judgement.state == State::Failed;
            seen.judged(judgement);
            seen.object = Some(value);
        }
        Some(id)
    }

    /// A server that does not answer is waited for. A right that is missing will not come by waiting.
    fn failed(
        &mut self,
        cluster: &Inner,
        group: usize,
        error: WatchError,
        progress: &mut (dyn FnMut(&str) + Send),
    ) -> Result<(), ClusterError> {
        let failure = match error {
            error if is_refused_as_too_old(&error) => {
                tracing::debug!(%error, "a watch begins again");
                return Ok(());
            }
            WatchError::InitialListFailed(error)
            | WatchError::WatchStartFailed(error)
            | WatchError::WatchFailed(error) => Failure::from(error),
            error => {
                tracing::debug!(%error, "a watch begins again");
                return Ok(());
            }
        };
        match failure {
            Failure::Forbidden(_)
            | Failure::Unauthenticated(_)
            | Failure::Untrusted(_)
            | Failure::NotFound => {
                let doing = format!("watching {}", self.groups[group].in_words());
                Err(cluster.asking.error(&doing, failure))
            }
            failure => {
                let error = cluster.asking.error("watching", failure);
                if !std::mem::replace(&mut self.told_silence, true) {
                    progress(&format!("{error}; trying again"));
                }
                Ok(())
            }
        }
    }

    async fn judge(
        &mut self,
        cluster: &Inner,
        progress: &mut (dyn FnMut(&str) + Send),
    ) -> Option<Waited> {
        for (id, seen) in &mut self.seen {
            tell(cluster, id, seen, progress).await;
        }
        let failed = self
            .seen
            .iter()
            .find(|(_, seen)| seen.judgement.state == State::Failed);
        if let Some((id, seen)) = failed {
            let mut reason = reason(cluster, id, seen).await;
            if let Some(advice) = again(id).filter(|_| seen.had_failed) {
                reason = format!("{reason}; {advice}");
            }
            return Some(Waited::Failed { reason });
        }
        let ready = self
            .seen
            .values()
            .all(|seen| seen.judgement.state == State::Current);
        ready.then_some(Waited::Ready)
    }

    async fn too_late(&mut self, cluster: &Inner, deadline: Duration) -> Waited {
        let waiting = self
            .seen
            .iter()
            .find(|(_, seen)| seen.judgement.state != State::Current);
        let what = match waiting {
            Some((id, seen)) => reason(cluster, id, seen).await,
            None => "the cluster did not answer".to_owned(),
        };
        Waited::Failed {
            reason: format!("not healthy within {} s: {what}", deadline.as_secs()),
        }
    }
}

impl Seen {
    fn new(now: Instant) -> Self {
        Self {
            object: None,
            judgement: Judgement {
                state: State::InProgress,
                message: String::new(),
            },
            had_failed: false,
            since: now,
            told: String::new(),
            told_trouble: None,
            looked_for_trouble: now,
        }
    }

    fn judged(&mut self, judgement: Judgement) {
        if self.judgement != judgement {
            self.judgement = judgement;
            self.since = Instant::now();
        }
    }
}

fn gone(seen: &mut BTreeMap<ObjectId, Seen>, id: &ObjectId) {
    if let Some(seen) = seen.get_mut(id) {
        seen.object = None;
        seen.judged(Judgement {
            state: State::InProgress,
            message: "it is not there: somebody has deleted it".to_owned(),
        });
    }
}

/// How it stands when that changes; the trouble when nothing changes for a while.
async fn tell(
    cluster: &Inner,
    id: &ObjectId,
    seen: &mut Seen,
    progress: &mut (dyn FnMut(&str) + Send),
) {
    let line = format!("{}: {}", short(id), seen.judgement.message);
    if seen.judgement.message.is_empty() {
        return;
    }
    if seen.told != line {
        progress(&line);
        seen.told = line;
        return;
    }
    let waits = seen.judgement.state == State::InProgress && seen.since.elapsed() >= PATIENCE;
    if !waits || seen.looked_for_trouble.elapsed() < PATIENCE {
        return;
    }
    seen.looked_for_trouble = Instant::now();
    let trouble = match &seen.object {
        Some(object) => trouble::find(&cluster.asking, id, object).await,
        None => None,
    };
    if trouble.is_some() && trouble != seen.told_trouble {
        progress(&format!(
            "{line}; {}",
            trouble.as_deref().unwrap_or_default()
        ));
        seen.told_trouble = trouble;
    }
}

/// `web` for a Deployment, as most are; `Job migrate` for others.
fn short(id: &ObjectId) -> String {
    match id.kind.as_str() {
        "Deployment" => id.name.clone(),
        kind => format!("{kind} {}", id.name),
    }
}

/// What to do about an object that had failed before, and that applying it again has not moved.
fn again(id: &ObjectId) -> Option<String> {
    let ObjectId { kind, name, .. } = id;
    let namespace = id.namespace.as_ref()?;
    match kind.as_str() {
        "Deployment" => Some(format!(
            "that was so before this deployment, which leaves its pods as they are: when the cause is gone, \
             `kubectl rollout restart deployment -n {namespace} {name}` makes it try again, and then deploy again"
        )),
        "Job" => Some(format!(
            "that was so before this deployment: a Job runs once; give it another name for another run, or \
             delete it first (kubectl delete job -n {namespace} {name})"
        )),
        _ => None,
    }
}

async fn reason(cluster: &Inner, id: &ObjectId, seen: &Seen) -> String {
    let trouble = match &seen.object {
        Some(object) => trouble::find(&cluster.asking, id, object).await,
        None => None,
    };
    let message = &seen.judgement.message;
    match (trouble, message.is_empty()) {
        (Some(trouble), _) => format!("{}: {message}: {trouble}", id.for_people()),
        (None, false) => format!("{}: {message}", id.for_people()),
        (None, true) => format!("{}: nothing is known of it yet", id.for_people()),
    }
}
