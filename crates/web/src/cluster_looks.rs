//! What is known of clusters elsewhere without asking them: each was looked at in the background.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;
use towpath_cluster::{AnyCluster, ClusterError};
use towpath_model::{ClusterName, Namespace, Timestamp};
use towpath_store::StoredCluster;

use crate::App;
use crate::clock::now;

/// A look that is older is made again when somebody wants to see it.
const FRESH: Duration = Duration::from_secs(30);
/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Each namespace costs the cluster some eighty small questions.
const MOST_NAMESPACES: usize = 4;

/// The last look at each cluster. One at a time is made of a cluster, however many want to see it.
pub(crate) struct ClusterLooks {
    looks: Mutex<BTreeMap<ClusterName, Slot>>,
    /// Counts the looks that have ended.
    ended: watch::Sender<u64>,
}

#[derive(Clone, Default)]
struct Slot {
    last: Option<Look>,
    under_way: bool,
}

/// How a cluster was found.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) at: Timestamp,
    /// Why it could not be asked, for people.
    pub(crate) found: Result<Found, String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Of Kubernetes, as the API server says it.
    pub(crate) version: String,
    /// The rights that Towpath's account lacks there.
    pub(crate) missing: Vec<(Namespace, Vec<String>)>,
}

impl Default for ClusterLooks {
    fn default() -> Self {
        Self {
            looks: Mutex::default(),
            ended: watch::Sender::new(0),
        }
    }
}

impl ClusterLooks {
    /// What is known; a new look is begun when that is old. The rights are asked for in the first few of these
    /// namespaces.
    pub(crate) fn last(
        &self,
        app: &App,
        cluster: &StoredCluster,
        namespaces: Vec<Namespace>,
    ) -> Option<Look> {
        let mut looks = self.lock();
        let slot = looks.entry(cluster.name.clone()).or_default();
        if slot
            .last
            .as_ref()
            .is_some_and(|look| is_of_other_credentials(look, cluster))
        {
            slot.last = None;
        }
        let is_fresh = slot
            .last
            .as_ref()
            .is_some_and(|look| now().since(look.at) < FRESH);
        if !is_fresh && !slot.under_way {
            slot.under_way = true;
            tokio::spawn(look(app.clone(), cluster.name.clone(), namespaces));
        }
        slot.last.clone()
    }

    /// Changes whenever a look has ended.
    pub(crate) fn ended(&self) -> watch::Receiver<u64> {
        self.ended.subscribe()
    }

    fn end(&self, cluster: ClusterName, look: Look) {
        let slot = Slot {
            last: Some(look),
            under_way: false,
        };
        self.lock().insert(cluster, slot);
        self.ended
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ClusterName, Slot>> {
        // A map is whole after every call on it.
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_of_other_credentials(look: &Look, cluster: &StoredCluster) -> bool {
    look.at < cluster.updated_at
}

async fn look(app: App, name: ClusterName, namespaces: Vec<Namespace>) {
    // Credentials that are given meanwhile make this look an old one.
    let at = now();
    let found = match timeout(PATIENCE, ask(&app, &name, namespaces)).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("it did not answer within {} s", PATIENCE.as_secs())),
    };
    app.cluster_looks.end(name, Look { at, found });
}

async fn ask(
    app: &App,
    name: &ClusterName,
    namespaces: Vec<Namespace>,
) -> Result<Found, ClusterError> {
    let AnyCluster::Kubernetes(cluster) = app.clusters.get(name).await? else {
        return Err(ClusterError::NotFound(format!("cluster {name}")));
    };
    let mut version = String::new();
    let mut missing = Vec::new();
    for namespace in namespaces.into_iter().take(MOST_NAMESPACES) {
        let check = cluster.check(&namespace).await?;
        version = check.version;
        missing.push((namespace, check.missing));
    }
    Ok(Found { version, missing })
}
