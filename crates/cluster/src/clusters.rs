use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex as AsyncMutex;
use towpath_model::{ClusterName, Timestamp};
use towpath_store::{
    ClusterMethod, ClusterRemoval, NewCluster, SealedCredentials, Secret, Store, StoreError,
    StoredCluster,
};

use crate::cluster::AnyCluster;
use crate::error::ClusterError;
use crate::kubernetes::{Connection, KubernetesCluster, SelfContained};
use crate::local::LocalCluster;

/// Credentials that were refused, or a plug-in that failed, are tried again after this long: pages ask often.
const TRY_AGAIN: Duration = Duration::from_secs(15);

/// The clusters that projects are deployed to: `local`, and those that were added. Cheap to clone.
#[derive(Clone)]
pub struct Clusters(Arc<Inner>);

struct Inner {
    store: Store,
    /// Why not, when containers cannot run on this machine.
    local: Result<LocalCluster, String>,
    connections: Mutex<BTreeMap<ClusterName, Slot>>,
}

/// One connection a cluster; whoever comes while it is made waits for it.
type Slot = Arc<AsyncMutex<Option<Connected>>>;

struct Connected {
    /// Of the row that it was made from.
    credentials: SealedCredentials,
    /// Why not, when they cannot be used.
    outcome: Result<KubernetesCluster, String>,
    at: Instant,
}

impl Clusters {
    pub fn new(store: Store, local: Result<LocalCluster, String>) -> Self {
        Self(Arc::new(Inner {
            store,
            local,
            connections: Mutex::default(),
        }))
    }

    /// The cluster of this name, connected: as its row says now. A cluster that does not answer is still one.
    ///
    /// # Errors
    /// [`ClusterError::NotFound`] when there is none, [`ClusterError::Unavailable`] when it is `local` and
    /// this machine allows no containers, [`ClusterError::Connection`] when its credentials cannot be used.
    pub async fn get(&self, name: &ClusterName) -> Result<AnyCluster, ClusterError> {
        if *name == ClusterName::local() {
            let unavailable = |why: &String| ClusterError::Unavailable(why.clone());
            let local = self.0.local.as_ref().map_err(unavailable)?;
            return Ok(AnyCluster::Local(local.clone()));
        }
        let row = self.row(name).await?;
        Ok(AnyCluster::Kubernetes(self.connected(&row).await?))
    }

    /// The cluster of this machine; why not, when containers cannot run on it.
    pub fn local(&self) -> Result<&LocalCluster, &str> {
        self.0.local.as_ref().map_err(String::as_str)
    }

    /// The clusters that were added, by name.
    pub async fn added(&self) -> Result<Vec<StoredCluster>, ClusterError> {
        Ok(self.0.store.clusters().await?)
    }

    /// One of those that were added. [`ClusterError::NotFound`] when there is none.
    pub async fn row(&self, name: &ClusterName) -> Result<StoredCluster, ClusterError> {
        let row = self.0.store.cluster(name).await?;
        row.ok_or_else(|| ClusterError::NotFound(format!("cluster {name}")))
    }

    /// The names of all clusters, `local` first.
    pub async fn names(&self) -> Result<Vec<ClusterName>, ClusterError> {
        let added = self.0.store.clusters().await?;
        let names = added.into_iter().map(|cluster| cluster.name);
        Ok(std::iter::once(ClusterName::local()).chain(names).collect())
    }

    /// Adds a cluster, or gives it other credentials when `replace`. The credentials are tried as far as
    /// that goes without asking the API server.
    ///
    /// # Errors
    /// [`ClusterError::Connection`] when they cannot be used, and for `local`; [`StoreError::Exists`] when there is a cluster
    /// of this name and it is not to be replaced.
    pub async fn add(
        &self,
        name: &ClusterName,
        connection: Connection,
        replace: bool,
        now: Timestamp,
    ) -> Result<StoredCluster, ClusterError> {
        if *name == ClusterName::local() {
            return Err(reserved());
        }
        let new = self.new_cluster(name, connection).await?;
        self.0.store.add_cluster(&new, replace, now).await?;
        self.row(name).await
    }

    /// Removes a cluster that no project is deployed to. What was deployed there stays as it is.
    pub async fn remove(&self, name: &ClusterName) -> Result<ClusterRemoval, ClusterError> {
        if *name == ClusterName::local() {
            return Err(reserved());
        }
        let removal = self.0.store.remove_cluster(name).await?;
        if removal == ClusterRemoval::Removed {
            self.slots().remove(name);
        }
        Ok(removal)
    }

    async fn new_cluster(
        &self,
        name: &ClusterName,
        connection: Connection,
    ) -> Result<NewCluster, ClusterError> {
        let (connection, context, plugin) = checked(name, connection)?;
        let made =
            KubernetesCluster::connect(name.clone(), connection.clone(), self.0.store.clone());
        let server = made.await?.server().to_owned();
        Ok(NewCluster {
            name: name.clone(),
            method: method(&connection),
            server,
            context,
            plugin,
            credentials: to_secret(connection)?,
        })
    }

    async fn connected(&self, row: &StoredCluster) -> Result<KubernetesCluster, ClusterError> {
        let slot = self.slots().entry(row.name.clone()).or_default().clone();
        let mut connected = slot.lock().await;
        if let Some(known) = connected.as_ref().filter(|known| known.is_of(row)) {
            return known.get(&row.name);
        }
        let secret = self.0.store.cluster_credentials(row)?;
        let connection = from_secret(&secret)?;
        let store = self.0.store.clone();
        let outcome = match KubernetesCluster::connect(row.name.clone(), connection, store).await {
            Ok(cluster) => Ok(cluster),
            Err(ClusterError::Connection { why, .. }) => Err(why),
            Err(error) => return Err(error),
        };
        let made = Connected {
            credentials: row.credentials().clone(),
            outcome,
            at: Instant::now(),
        };
        connected.insert(made).get(&row.name)
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, BTreeMap<ClusterName, Slot>> {
        // A map is whole after every call on it.
        self.0
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connected {
    fn is_of(&self, row: &StoredCluster) -> bool {
        let failed = self
            .outcome
            .as_ref()
            .map_or(true, KubernetesCluster::needs_credentials);
        let again = failed && self.at.elapsed() >= TRY_AGAIN;
        self.credentials == *row.credentials() && !again
    }

    fn get(&self, name: &ClusterName) -> Result<KubernetesCluster, ClusterError> {
        let failed = |why| ClusterError::Connection {
            cluster: name.clone(),
            why,
        };
        self.outcome.clone().map_err(failed)
    }
}

/// Of a kubeconfig only the context that is used, and only when it names no file: its files may be those of
/// another machine.
fn checked(
    name: &ClusterName,
    connection: Connection,
) -> Result<(Connection, Option<String>, Option<String>), ClusterError> {
    let Connection::Kubeconfig { text, context } = connection else {
        return Ok((connection, None, None));
    };
    let checked = SelfContained::from_text(&text, context.as_deref()).map_err(|error| {
        ClusterError::Connection {
            cluster: name.clone(),
            why: error.to_string(),
        }
    })?;
    let connection = Connection::Kubeconfig {
        text: checked.text,
        context: Some(checked.context.clone()),
    };
    Ok((connection, Some(checked.context), checked.plugin))
}

fn method(connection: &Connection) -> ClusterMethod {
    match connection {
        Connection::Kubeconfig { .. } => ClusterMethod::Kubeconfig,
        Connection::InCluster => ClusterMethod::InCluster,
        Connection::Token { .. } => ClusterMethod::Token,
    }
}

fn reserved() -> ClusterError {
    ClusterError::Connection {
        cluster: ClusterName::local(),
        why: "it is this machine: always there, neither added nor removed".to_owned(),
    }
}

/// How credentials are kept. What is written here must be read for ever.
#[derive(Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case")]
enum Kept {
    Kubeconfig {
        text: String,
        context: Option<String>,
    },
    InCluster,
    Token {
        server: String,
        token: String,
        certificate_authority: Option<String>,
    },
}

fn to_secret(connection: Connection) -> Result<Secret, StoreError> {
    let kept = match connection {
        Connection::Kubeconfig { text, context } => Kept::Kubeconfig { text, context },
        Connection::InCluster => Kept::InCluster,
        Connection::Token {
            server,
            token,
            certificate_authority,
        } => Kept::Token {
            server,
            token,
            certificate_authority,
        },
    };
    let json = serde_json::to_vec(&kept).map_err(unreadable)?;
    Ok(Secret::new(json))
}

fn from_secret(secret: &Secret) -> Result<Connection, StoreError> {
    Ok(
        match serde_json::from_slice(secret.expose()).map_err(unreadable)? {
            Kept::Kubeconfig { text, context } => Connection::Kubeconfig { text, context },
            Kept::InCluster => Connection::InCluster,
            Kept::Token {
                server,
                token,
                certificate_authority,
            } => Connection::Token {
                server,
                token,
                certificate_authority,
            },
        },
    )
}

/// Where, but not what: the error must not show a part of the secret.
fn unreadable(error: serde_json::Error) -> StoreError {
    StoreError::Corrupt {
        what: "credentials of a cluster",
        reason: format!("line {}, column {}", error.line(), error.column()),
    }
}
