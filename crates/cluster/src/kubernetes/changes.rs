//! When something of an application moves, for pages that show it: one set of watches a project, however many
//! look, and none while nobody does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{BoxStream, SelectAll, StreamExt};
use kube::Api;
use kube::api::DynamicObject;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{Config, Event};
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, sleep, sleep_until};
use towpath_model::{Namespace, ProjectName};
use towpath_store::Change;

use super::waiting::watch as watch_objects;
use super::{Inner, inventory, kinds};

/// A rollout moves many objects within a moment.
const GATHER: Duration = Duration::from_millis(400);
/// Told at most so often: every page that hears it looks again.
const REST: Duration = Duration::from_secs(2);
/// Where a watch cannot be kept, everything may have moved after so long.
const BLIND: Duration = Duration::from_secs(10);
/// A watch may end in silence.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// A project of more kinds and namespaces than this is looked at now and then for the rest.
const MOST_WATCHES: usize = 24;

/// Tells that something of a project moved in its cluster, or may have.
pub struct AppChanges(watch::Receiver<u64>);

impl AppChanges {
    /// Waits for the next. Cancel safe. False when there will be none.
    pub async fn changed(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

/// Those who watch, by project.
#[derive(Default)]
pub(super) struct Watchers(Mutex<BTreeMap<ProjectName, watch::Sender<u64>>>);

impl Watchers {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<ProjectName, watch::Sender<u64>>> {
        // A map is whole after every call on it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// To be called in a runtime.
pub(super) fn subscribe(cluster: &Arc<Inner>, project: &ProjectName) -> AppChanges {
    let mut watchers = cluster.watchers.lock();
    if let Some(known) = watchers.get(project) {
        return AppChanges(known.subscribe());
    }
    let (sender, receiver) = watch::channel(0);
    watchers.insert(project.clone(), sender.clone());
    tokio::spawn(tell_while_wanted(
        Arc::clone(cluster),
        project.clone(),
        sender,
    ));
    AppChanges(receiver)
}

async fn tell_while_wanted(cluster: Arc<Inner>, project: ProjectName, told: watch::Sender<u64>) {
    loop {
        tokio::select! {
            () = tell(&cluster, &project, &told) => {}
            () = told.closed() => {}
        }
        let mut watchers = cluster.watchers.lock();
        // Somebody may have come just now.
        if told.receiver_count() == 0 {
            watchers.remove(&project);
            return;
        }
    }
}

async fn tell(cluster: &Inner, project: &ProjectName, told: &watch::Sender<u64>) {
    let mut changes = cluster.store.signals().subscribe();
    let mut watches = Watches::begin(cluster, project).await;
    let mut last = Instant::now();
    loop {
        let due = last + watches.patience();
        tokio::select! {
            next = watches.next() => match next {
                Next::Moved => sleep(GATHER).await,
                Next::Blind => continue,
            },
            () = deployed(&mut changes, project) => {
                watches.follow(cluster, project).await;
                continue;
            }
            () = sleep_until(due) => {}
        }
        watches.drain();
        cluster.lists.forget();
        told.send_modify(|count| *count = count.wrapping_add(1));
        last = Instant::now();
        sleep(REST).await;
        watches.follow(cluster, project).await;
    }
}

/// Waits until the newest release may be another one.
async fn deployed(changes: &mut broadcast::Receiver<Change>, project: &ProjectName) {
    loop {
        match changes.recv().await {
            Ok(change) if change.project != *project => {}
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// What a watch says, with the number of the watch.
enum Seen {
    Moved(usize),
    /// A list as it begins, which says nothing new.
    Listed(usize),
    /// The watch begins again, after a pause that grows.
    Cut(usize),
}

/// What comes of it.
enum Next {
    Moved,
    /// From now on nothing may be seen of something.
    Blind,
}

struct Watches {
    release: i64,
    seen: SelectAll<BoxStream<'static, Seen>>,
    /// The watches that are cut.
    cut: BTreeSet<usize>,
    /// What there is to be watched is not known.
    unknown: bool,
}

impl Watches {
    async fn begin(cluster: &Inner, project: &ProjectName) -> Self {
        let release = release(cluster, project).await;
        let apis = match release {
            0 => Ok(Vec::new()),
            release => apis(cluster, project, release).await,
        };
        let unknown = apis.is_err();
        let apis = apis.unwrap_or_else(|error| {
            tracing::debug!(%error, %project, "its objects cannot be watched");
            Vec::new()
        });
        Self {
            release,
            seen: apis.into_iter().enumerate().map(seen).collect(),
            cut: BTreeSet::new(),
            unknown,
        }
    }

    /// Another release may have other kinds, in other namespaces.
    async fn follow(&mut self, cluster: &Inner, project: &ProjectName) {
        if self.unknown || release(cluster, project).await != self.release {
            *self = Self::begin(cluster, project).await;
        }
    }

    /// Cancel safe.
    async fn next(&mut self) -> Next {
        while let Some(seen) = self.seen.next().await {
            match seen {
                Seen::Moved(watch) => {
                    self.cut.remove(&watch);
                    return Next::Moved;
                }
                Seen::Listed(watch) => drop(self.cut.remove(&watch)),
                Seen::Cut(watch) => {
                    if self.cut.insert(watch) {
                        return Next::Blind;
                    }
                }
            }
        }
        std::future::pending().await
    }

    /// What has come meanwhile is told at once.
    fn drain(&mut self) {
        while let Some(Some(seen)) = self.seen.next().now_or_never() {
            match seen {
                Seen::Moved(watch) | Seen::Listed(watch) => self.cut.remove(&watch),
                Seen::Cut(watch) => self.cut.insert(watch),
            };
        }
    }

    /// After how long something may have moved unseen.
    fn patience(&self) -> Duration {
        match self.unknown || !self.cut.is_empty() {
            true => BLIND,
            false => LOOK_AGAIN,
        }
    }
}

async fn release(cluster: &Inner, project: &ProjectName) -> i64 {
    let name = &cluster.asking.cluster;
    let release = cluster.store.kubernetes_apply_number(name, project).await;
    release.unwrap_or_else(|error| {
        tracing::error!(%error, %project, "cannot read its newest release");
        0
    })
}

type Watched = (Api<DynamicObject>, Config);

/// What its status is made of: its own objects, and the pods beside them.
async fn apis(
    cluster: &Inner,
    project: &ProjectName,
    release: i64,
) -> Result<Vec<Watched>, crate::ClusterError> {
    let groups = inventory::groups(cluster, project, release).await?;
    let ours = Config::default().labels(&inventory::selector(cluster, project));
    let namespaces: BTreeSet<&Namespace> = groups
        .iter()
        .filter_map(|group| group.namespace.as_ref())
        .collect();
    let pods = namespaces.into_iter().map(|namespace| {
        let pod = kinds::known("v1", "Pod", "pods");
        let client = cluster.asking.client.clone();
        let api = Api::namespaced_with(client, namespace.as_str(), &pod);
        (api, Config::default())
    });
    let objects = groups
        .iter()
        .map(|group| (group.api(&cluster.asking), ours.clone()));
    Ok(pods.chain(objects).take(MOST_WATCHES).collect())
}

fn seen((watch, (api, config)): (usize, Watched)) -> BoxStream<'static, Seen> {
    let events = watch_objects(api, config.any_semantic()).default_backoff();
    let seen = events.map(move |event| match event {
        // When it begins again something may have moved before.
        Ok(Event::Apply(_) | Event::Delete(_) | Event::InitDone) => Seen::Moved(watch),
        Ok(Event::Init | Event::InitApply(_)) => Seen::Listed(watch),
        Err(error) => {
            tracing::debug!(%error, "a page's watch begins again");
            Seen::Cut(watch)
        }
    });
    seen.boxed()
}
