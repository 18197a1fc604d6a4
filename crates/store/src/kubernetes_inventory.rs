//! What projects have in Kubernetes clusters.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};
use towpath_model::{ClusterName, ProjectName, Timestamp};

use crate::db::parse;
use crate::{ClusterKey, Store, StoreError};

/// An object that a project has in a Kubernetes cluster, or is about to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubernetesObject {
    pub key: ClusterKey,
    /// The version of the API by which it was applied last.
    pub version: String,
    /// What the server calls this very object; empty until it has answered.
    pub uid: String,
    /// The number of the newest apply that had it.
    pub number: i64,
}

/// What [`Store::begin_kubernetes_apply`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KubernetesApply {
    Begun {
        /// Counts the project's applies from 1.
        number: i64,
    },
    /// Nothing was written: the object belongs to another project.
    Owned { key: ClusterKey, owner: ProjectName },
}

impl Store {
    /// What marks the objects of this installation: 16 hex digits, chosen at the first call.
    pub async fn installation_id(&self) -> Result<String, StoreError> {
        let mut tx = self.db.write().await?;
        let found = sqlx::query("SELECT id FROM installation")
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(row) = found {
            return Ok(row.try_get("id")?);
        }
        let id = format!("{:016x}", rand::random::<u64>());
        sqlx::query("INSERT INTO installation (id) VALUES ($1)")
            .bind(&id)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Puts `objects` (key and version) into the project's inventory, beside what is there, and counts the
    /// apply: from here on they may exist.
    pub async fn begin_kubernetes_apply(
        &self,
        cluster: &ClusterName,
        project: &ProjectName,
        objects: &[(ClusterKey, String)],
        now: Timestamp,
    ) -> Result<KubernetesApply, StoreError> {
        let mut tx = self.db.write().await?;
        for (key, _) in objects {
            if let Some(owner) = owner(&mut tx, cluster, key).await?
                && owner != *project
            {
                let key = key.clone();
                return Ok(KubernetesApply::Owned { key, owner });
            }
        }
        let number = next_number(&mut tx, cluster, project, now).await?;
        for (key, version) in objects {
            put(&mut tx, cluster, project, (key, version), number).await?;
        }
        tx.commit().await?;
        Ok(KubernetesApply::Begun { number })
    }

    /// Notes what the server calls the objects that were applied.
    pub async fn note_kubernetes_uids(
        &self,
        cluster: &ClusterName,
        project: &ProjectName,
        uids: &[(ClusterKey, String)],
    ) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        for (key, uid) in uids {
            sqlx::query(
                "UPDATE kubernetes_inventory SET uid = $1 WHERE cluster = $2 AND project = $3
                 AND namespace = $4 AND name = $5 AND api_group = $6 AND kind = $7",
            )
            .bind(uid)
            .bind(cluster.as_str())
            .bind(project.as_str())
            .bind(&key.namespace)
            .bind(&key.name)
            .bind(&key.group)
            .bind(&key.kind)
            .execute(&mut *tx)
            .await?;
        }
        Ok(tx.commit().await?)
    }

    /// Takes objects out of the project's inventory: they are gone, or another's.
    pub async fn forget_kubernetes_objects(
        &self,
        cluster: &ClusterName,
        project: &ProjectName,
        keys: &[ClusterKey],
    ) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        for key in keys {
            sqlx::query(
                "DELETE FROM kubernetes_inventory WHERE cluster = $1 AND project = $2
                 AND namespace = $3 AND name = $4 AND api_group = $5 AND kind = $6",
            )
            .bind(cluster.as_str())
            .bind(project.as_str())
            .bind(&key.namespace)
            .bind(&key.name)
            .bind(&key.group)
            .bind(&key.kind)
            .execute(&mut *tx)
            .await?;
        }
        Ok(tx.commit().await?)
    }

    /// Everything that the project has or may have in the cluster.
    pub async fn kubernetes_inventory(
        &self,
        cluster: &ClusterName,
        project: &ProjectName,
    ) -> Result<Vec<KubernetesObject>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM kubernetes_inventory WHERE cluster = $1 AND project = $2
             ORDER BY namespace, name, api_group, kind",
        )
        .bind(cluster.as_str())
        .bind(project.as_str())
        .fetch_all(self.db.pool())
        .await?;
        rows.iter().map(object).collect()
    }

    /// The number of the project's newest apply in the cluster; 0 when there was none.
    pub async fn kubernetes_apply_number(
        &self,
        cluster: &ClusterName,
        project: &ProjectName,
    ) -> Result<i64, StoreError> {
        let row = sqlx::query(
            "SELECT number FROM kubernetes_applies WHERE cluster = $1 AND project = $2",
        )
        .bind(cluster.as_str())
        .bind(project.as_str())
        .fetch_optional(self.db.pool())
        .await?;
        row.map_or(Ok(0), |row| Ok(row.try_get("number")?))
    }
}

async fn owner(
    tx: &mut Transaction<'_, Sqlite>,
    cluster: &ClusterName,
    key: &ClusterKey,
) -> Result<Option<ProjectName>, StoreError> {
    let row = sqlx::query(
        "SELECT project FROM kubernetes_inventory
         WHERE cluster = $1 AND namespace = $2 AND name = $3 AND api_group = $4 AND kind = $5",
    )
    .bind(cluster.as_str())
    .bind(&key.namespace)
    .bind(&key.name)
    .bind(&key.group)
    .bind(&key.kind)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| parse(&row, "project")).transpose()
}

async fn put(
    tx: &mut Transaction<'_, Sqlite>,
    cluster: &ClusterName,
    project: &ProjectName,
    (key, version): (&ClusterKey, &str),
    number: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO kubernetes_inventory
             (cluster, namespace, name, api_group, kind, version, project, uid, number)
         VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8)
         ON CONFLICT (cluster, namespace, name, api_group, kind) DO UPDATE
         SET version = excluded.version, number = excluded.number",
    )
    .bind(cluster.as_str())
    .bind(&key.namespace)
    .bind(&key.name)
    .bind(&key.group)
    .bind(&key.kind)
    .bind(version)
    .bind(project.as_str())
    .bind(number)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn next_number(
    tx: &mut Transaction<'_, Sqlite>,
    cluster: &ClusterName,
    project: &ProjectName,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "INSERT INTO kubernetes_applies (cluster, project, number, applied_at) VALUES ($1, $2, 1, $3)
         ON CONFLICT (cluster, project) DO UPDATE
         SET number = kubernetes_applies.number + 1, applied_at = excluded.applied_at
         RETURNING number",
    )
    .bind(cluster.as_str())
    .bind(project.as_str())
    .bind(now.0)
    .fetch_one(&mut **tx)
    .await?;
    Ok(row.try_get("number")?)
}

fn object(row: &SqliteRow) -> Result<KubernetesObject, StoreError> {
    Ok(KubernetesObject {
        key: ClusterKey {
            namespace: row.try_get("namespace")?,
            name: row.try_get("name")?,
            group: row.try_get("api_group")?,
            kind: row.try_get("kind")?,
        },
        version: row.try_get("version")?,
        uid: row.try_get("uid")?,
        number: row.try_get("number")?,
    })
}
