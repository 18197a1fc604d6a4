//! What clusters pull with is renewed before it is old, and put back when it is gone, whether or not anybody deploys.
//!
//! A token's row comes first, then the namespace's secret, and the older tokens end last: whatever breaks off in
//! between, the namespace has one that is good, and the rows tell what is left to do.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use towpath_cluster::{AnyCluster, ClusterError, Clusters, KubernetesCluster, manifest};
use towpath_model::{ClusterName, Timestamp};
use towpath_oci::reference::Host as RegistryHost;
use towpath_store::{DeployedPull, PullScope, Store, StoreError};

use crate::Pulling;
use crate::engine::now;
use crate::remotes::backoff;

/// How often it looks for what is due, more or less.
const TICK: Duration = Duration::from_secs(15);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// At some age between these a token is replaced: before a deployment has to, and not all at once.
const YOUNGEST: Duration = Duration::from_secs(27 * DAY.as_secs());
const SPREAD: Duration = Duration::from_secs(2 * DAY.as_secs());
/// What pulls with the older one just now may go on for so long.
const GRACE: Duration = Duration::from_secs(60 * 60);
/// How often each namespace is asked whether it still has its secret, more or less.
const LOOK: Duration = Duration::from_secs(60);
/// A first failure waits as if so many had been before, half a minute: a cluster that is away is so for a while.
const FAILURES_BEFORE: u32 = 4;

/// Renews the pull secrets of deployed apps. Cheap to clone; [`PullTokens::run`] once.
#[derive(Clone)]
pub struct PullTokens {
    parts: Arc<PullTokensParts>,
    waiting: Arc<Mutex<BTreeMap<PullScope, Waiting>>>,
}

/// When a namespace is turned to again. Forgotten with the process: the next one does so at once.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    /// How often in a row it could not be done.
    failures: u32,
    until: Timestamp,
}

/// Where tokens come from and go to.
pub struct PullTokensParts {
    pub store: Store,
    pub clusters: Clusters,
    /// The name under which our registry's images are deployed.
    pub registry_host: RegistryHost,
    pub pulling: Pulling,
}

#[derive(Debug, thiserror::Error)]
enum Stuck {
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PullTokens {
    pub fn new(parts: PullTokensParts) -> Self {
        Self {
            parts: Arc::new(parts),
            waiting: Arc::default(),
        }
    }

    /// Until `shutdown`. What is broken off then is gone on with by the next server.
    pub async fn run(&self, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = self.look(now()) => {}
                () = shutdown.cancelled() => return,
            }
            tokio::select! {
                () = tokio::time::sleep(TICK.mul_f64(rand::random_range(0.5..1.5))) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Does what is due at `now`. What fails is told in the server's log, and tried again later.
    pub async fn look(&self, now: Timestamp) {
        match self.parts.store.remove_idle_pull_tokens().await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "pull tokens that nobody uses are removed"),
            Err(error) => tracing::error!(%error, "cannot remove pull tokens that nobody uses"),
        }
        let due = match self.due(now).await {
            Ok(due) => due,
            Err(error) => return tracing::error!(%error, "cannot read which pull tokens are old"),
        };
        let clusters = due
            .iter()
            .map(|(cluster, pulls)| self.renew_in(cluster, pulls, now));
        join_all(clusters).await;
    }

    async fn due(
        &self,
        now: Timestamp,
    ) -> Result<BTreeMap<ClusterName, Vec<DeployedPull>>, StoreError> {
        let mut due: BTreeMap<ClusterName, Vec<DeployedPull>> = BTreeMap::new();
        if !self.parts.pulling.needs_token {
            return Ok(due);
        }
        let pulls = self.parts.store.deployed_pulls().await?;
        let mut waiting = self.waiting.lock().await;
        waiting.retain(|scope, _| pulls.iter().any(|pull| pull.scope == *scope));
        for pull in pulls {
            let waits = waiting.get(&pull.scope).copied();
            let is_its_turn = match waits {
                Some(Waiting { failures: 0, until }) => until <= now || is_due(&pull, now),
                Some(Waiting { until, .. }) => until <= now,
                None => true,
            };
            if is_its_turn {
                let cluster = pull.scope.cluster.clone();
                due.entry(cluster).or_default().push(pull);
            }
        }
        Ok(due)
    }

    /// One after the other; a cluster that cannot be spoken to is not asked for each of them.
    async fn renew_in(&self, cluster: &ClusterName, pulls: &[DeployedPull], now: Timestamp) {
        for (index, pull) in pulls.iter().enumerate() {
            let scope = &pull.scope;
            let Err(stuck) = self.tend(pull, now).await else {
                self.look_again(scope, now).await;
                continue;
            };
            let (project, namespace) = (&scope.project, &scope.namespace);
            match is_due(pull, now) {
                true => tracing::warn!(%project, %cluster, %namespace, error = %stuck,
                    "the pull secret is not renewed; trying again"),
                false => tracing::info!(%project, %cluster, %namespace, error = %stuck,
                    "whether the pull secret is there cannot be seen, or it cannot be put back; trying again"),
            }
            if stuck.is_of_cluster() {
                return self.postpone(&pulls[index..], now).await;
            }
            self.postpone(std::slice::from_ref(pull), now).await;
        }
    }

    async fn look_again(&self, scope: &PullScope, now: Timestamp) {
        let until = now.plus(LOOK.mul_f64(rand::random_range(0.75..1.25)));
        let waiting = Waiting { failures: 0, until };
        self.waiting.lock().await.insert(scope.clone(), waiting);
    }

    async fn postpone(&self, pulls: &[DeployedPull], now: Timestamp) {
        let random = rand::random();
        let mut waiting = self.waiting.lock().await;
        for pull in pulls {
            let failures = waiting.get(&pull.scope).map_or(0, |known| known.failures) + 1;
            let until = backoff::after_failure(FAILURES_BEFORE + failures, now, random);
            waiting.insert(pull.scope.clone(), Waiting { failures, until });
        }
    }

    /// Leaves alone what is there and young enough.
    async fn tend(&self, pull: &DeployedPull, now: Timestamp) -> Result<(), Stuck> {
        let scope = &pull.scope;
        let cluster = match self.parts.clusters.get(&scope.cluster).await {
            Ok(AnyCluster::Kubernetes(cluster)) => cluster,
            // Nothing pulls there; the tokens of a cluster that was removed are gone with it.
            Ok(AnyCluster::Local(_)) | Err(ClusterError::NotFound(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let name = PullScope::secret_name(&scope.project);
        if is_due(pull, now) || cluster.lacks_secret(&scope.namespace, &name).await? {
            self.renew(&cluster, pull, now).await?;
        }
        Ok(())
    }

    async fn renew(
        &self,
        cluster: &KubernetesCluster,
        pull: &DeployedPull,
        now: Timestamp,
    ) -> Result<(), Stuck> {
        let (store, scope) = (&self.parts.store, &pull.scope);
        let lifetime = lifetime(pull);
        let token = store.pull_token_younger_than(lifetime, scope, now).await?;
        let written = self.write(cluster, scope, token.expose_str()?).await?;
        let age = now.since(pull.made_at);
        let was_made_before = age < lifetime;
        if written && was_made_before && age >= GRACE {
            store.remove_old_pull_tokens(scope, &token).await?;
        }
        Ok(())
    }

    /// False when the deployment is gone meanwhile.
    async fn write(
        &self,
        cluster: &KubernetesCluster,
        scope: &PullScope,
        token: &str,
    ) -> Result<bool, Stuck> {
        let repository = format!("{}/{}", self.parts.registry_host, scope.project);
        let name = PullScope::secret_name(&scope.project);
        let secret = manifest::pull_secret(&scope.namespace, &name, &repository, token);
        let written = cluster.renew(&scope.project, &secret).await?;
        if written {
            let PullScope {
                project,
                cluster,
                namespace,
            } = scope;
            tracing::info!(%project, %cluster, %namespace, "the pull secret is renewed");
        }
        Ok(written)
    }
}

impl Stuck {
    /// Whether the cluster's other namespaces would say the same.
    fn is_of_cluster(&self) -> bool {
        matches!(
            self,
            Self::Cluster(
                ClusterError::Unreachable { .. }
                    | ClusterError::Untrusted { .. }
                    | ClusterError::Unauthenticated { .. }
                    | ClusterError::Connection { .. }
            )
        )
    }
}

/// Old enough to be replaced; or replaced long enough ago that the older ones can end.
fn is_due(pull: &DeployedPull, now: Timestamp) -> bool {
    let age = now.since(pull.made_at);
    age >= lifetime(pull) || (pull.has_older && age >= GRACE)
}

/// Another for each token, always the same for one.
fn lifetime(pull: &DeployedPull) -> Duration {
    let mut hasher = DefaultHasher::new();
    let PullScope {
        project,
        cluster,
        namespace,
    } = &pull.scope;
    (project.as_str(), cluster.as_str(), namespace.as_str()).hash(&mut hasher);
    pull.made_at.0.hash(&mut hasher);
    let part = hasher.finish() as f64 / u64::MAX as f64;
    YOUNGEST + SPREAD.mul_f64(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pull(namespace: &str, has_older: bool) -> DeployedPull {
        DeployedPull {
            scope: PullScope {
                project: "hello".parse().unwrap(),
                cluster: "prod".parse().unwrap(),
                namespace: namespace.parse().unwrap(),
            },
            made_at: Timestamp(1_000),
            has_older,
        }
    }

    #[test]
    fn a_token_is_due_when_it_is_old_or_has_followed_another() {
        for (has_older, age, expected) in [
            (false, Duration::ZERO, false),
            (false, 26 * DAY, false),
            (false, 29 * DAY, true),
            (true, GRACE / 2, false),
            (true, GRACE, true),
        ] {
            let pull = pull("a", has_older);
            let now = pull.made_at.plus(age);
            assert_eq!(is_due(&pull, now), expected, "{has_older} {age:?}");
        }
    }

    #[test]
    fn tokens_of_one_moment_are_not_replaced_in_one() {
        let lifetimes: Vec<Duration> = ["a", "b", "c", "d"]
            .map(|namespace| lifetime(&pull(namespace, false)))
            .to_vec();
        let [first, others @ ..] = &lifetimes[..] else {
            unreachable!()
        };
        assert!(
            others
                .iter()
                .all(|other| other.abs_diff(*first) > DAY / 100)
        );
        let within = YOUNGEST..=YOUNGEST + SPREAD;
        assert!(lifetimes.iter().all(|lifetime| within.contains(lifetime)));
        assert_eq!(lifetime(&pull("a", false)), *first);
    }
}
