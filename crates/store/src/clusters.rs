use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};
use towpath_model::{ClusterName, ProjectName, Timestamp};

use crate::db::parse;
use crate::sealed::Secret;
use crate::{Store, StoreError};

/// A cluster that was added, without its credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCluster {
    pub name: ClusterName,
    pub method: ClusterMethod,
    /// The URL of its API server.
    pub server: String,
    /// Of the kubeconfig.
    pub context: Option<String>,
    /// The command of the kubeconfig's credential plug-in, which the server runs.
    pub plugin: Option<String>,
    pub created_at: Timestamp,
    /// When its credentials were given last.
    pub updated_at: Timestamp,
    credentials: SealedCredentials,
}

/// How the server reaches a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterMethod {
    Kubeconfig,
    /// As the service account of the pod that the server runs in.
    InCluster,
    Token,
}

/// A cluster to add, or whose credentials are to be replaced.
#[derive(Clone, Debug)]
pub struct NewCluster {
    pub name: ClusterName,
    pub method: ClusterMethod,
    pub server: String,
    pub context: Option<String>,
    pub plugin: Option<String>,
    pub credentials: Secret,
}

/// Differs whenever credentials are given, also when they are the same ones.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedCredentials(String);

impl std::fmt::Debug for SealedCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealedCredentials(***)")
    }
}

/// What became of a cluster that was to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterRemoval {
    Removed,
    NotThere,
    /// These projects are deployed there: it stays.
    Used(Vec<ProjectName>),
}

impl StoredCluster {
    /// Tells whether a connection that was made earlier is still of these credentials.
    pub fn credentials(&self) -> &SealedCredentials {
        &self.credentials
    }
}

impl ClusterMethod {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kubeconfig => "kubeconfig",
            Self::InCluster => "in-cluster",
            Self::Token => "token",
        }
    }
}

impl std::str::FromStr for ClusterMethod {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Kubeconfig, Self::InCluster, Self::Token]
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or_else(|| format!("{text:?} is no way to reach a cluster"))
    }
}

impl Store {
    /// Adds a cluster. [`StoreError::Exists`] when there is one of this name, unless it is to be replaced.
    pub async fn add_cluster(
        &self,
        new: &NewCluster,
        replace: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sealed = self.seal(&context(&new.name), new.credentials.expose())?;
        let mut tx = self.db.write().await?;
        if !replace && exists(&mut tx, &new.name).await? {
            return Err(StoreError::Exists(format!("cluster {}", new.name)));
        }
        sqlx::query(
            "INSERT INTO clusters
               (name, method, server, context, plugin, credentials, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
             ON CONFLICT (name) DO UPDATE
             SET method = excluded.method, server = excluded.server, context = excluded.context,
                 plugin = excluded.plugin, credentials = excluded.credentials,
                 updated_at = excluded.updated_at",
        )
        .bind(new.name.as_str())
        .bind(new.method.as_str())
        .bind(&new.server)
        .bind(&new.context)
        .bind(&new.plugin)
        .bind(BASE64_STANDARD.encode(sealed))
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    pub async fn cluster(&self, name: &ClusterName) -> Result<Option<StoredCluster>, StoreError> {
        sqlx::query("SELECT * FROM clusters WHERE name = $1")
            .bind(name.as_str())
            .fetch_optional(self.db.pool())
            .await?
            .as_ref()
            .map(from_row)
            .transpose()
    }

    /// The clusters that were added, by name; `local` is not among them.
    pub async fn clusters(&self) -> Result<Vec<StoredCluster>, StoreError> {
        let rows = sqlx::query("SELECT * FROM clusters ORDER BY name")
            .fetch_all(self.db.pool())
            .await?;
        rows.iter().map(from_row).collect()
    }

    /// What was given as [`NewCluster::credentials`].
    pub fn cluster_credentials(&self, cluster: &StoredCluster) -> Result<Secret, StoreError> {
        let sealed = BASE64_STANDARD.decode(&cluster.credentials.0);
        let sealed = sealed.map_err(|error| StoreError::corrupt("credentials", error))?;
        self.unseal(&context(&cluster.name), &sealed)
    }

    /// Removes a cluster that no project is deployed to.
    pub async fn remove_cluster(&self, name: &ClusterName) -> Result<ClusterRemoval, StoreError> {
        let mut tx = self.db.write().await?;
        if !exists(&mut tx, name).await? {
            return Ok(ClusterRemoval::NotThere);
        }
        let rows = sqlx::query(
            "SELECT name FROM projects WHERE cluster = $1
             UNION SELECT project FROM build_places WHERE cluster = $1 ORDER BY 1",
        )
        .bind(name.as_str())
        .fetch_all(&mut *tx)
        .await?;
        let users: Vec<ProjectName> = rows
            .iter()
            .map(|row| parse(row, "name"))
            .collect::<Result<_, _>>()?;
        if !users.is_empty() {
            return Ok(ClusterRemoval::Used(users));
        }
        for statement in [
            "DELETE FROM clusters WHERE name = $1",
            "DELETE FROM pull_tokens WHERE cluster = $1",
        ] {
            sqlx::query(statement)
                .bind(name.as_str())
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(ClusterRemoval::Removed)
    }
}

/// Within a transaction, so that nothing is made for a cluster that is removed at the same time.
pub(crate) async fn exists(
    tx: &mut Transaction<'static, Sqlite>,
    name: &ClusterName,
) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT 1 FROM clusters WHERE name = $1")
        .bind(name.as_str())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.is_some())
}

fn context(name: &ClusterName) -> String {
    format!("cluster {name}")
}

fn from_row(row: &SqliteRow) -> Result<StoredCluster, StoreError> {
    Ok(StoredCluster {
        name: parse(row, "name")?,
        method: parse(row, "method")?,
        server: row.try_get("server")?,
        context: row.try_get("context")?,
        plugin: row.try_get("plugin")?,
        created_at: Timestamp(row.try_get("created_at")?),
        updated_at: Timestamp(row.try_get("updated_at")?),
        credentials: SealedCredentials(row.try_get("credentials")?),
    })
}
