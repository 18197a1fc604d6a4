//! What projects have in Kubernetes clusters.

use sqlx::query_builder::Separated;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, Transaction};
use towpath_model::{ClusterName, ProjectName, Timestamp};

use crate::db::parse;
use crate::{ClusterKey, Store, StoreError};

/// So many rows go into one statement: an application may have thousands of objects.
const ROWS: usize = 500;

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
        for rows in objects.chunks(ROWS) {
            if let Some((key, owner)) = others(&mut tx, cluster, project, rows).await? {
                return Ok(KubernetesApply::Owned { key, owner });
            }
        }
        let number = next_number(&mut tx, cluster, project, now).await?;
        for rows in objects.chunks(ROWS) {
            put(&mut tx, cluster, project, rows, number).await?;
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
        for rows in uids.chunks(ROWS) {
            // Both databases call the columns of VALUES so.
            let mut query =
                QueryBuilder::new("UPDATE kubernetes_inventory SET uid = given.column5 FROM (");
            query.push_values(rows, |mut row, (key, uid)| {
                push_key(&mut row, key);
                row.push_bind(uid);
            });
            query.push(") AS given WHERE cluster = ");
            query.push_bind(cluster.as_str()).push(" AND project = ");
            query.push_bind(project.as_str()).push(
                " AND namespace = given.column1 AND name = given.column2
                 AND api_group = given.column3 AND kind = given.column4",
            );
            query.build().execute(&mut *tx).await?;
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
        for keys in keys.chunks(ROWS) {
            let mut query = QueryBuilder::new("DELETE FROM kubernetes_inventory WHERE cluster = ");
            query.push_bind(cluster.as_str()).push(" AND project = ");
            query.push_bind(project.as_str());
            push_keys(&mut query, keys);
            query.build().execute(&mut *tx).await?;
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

/// An object that another project has.
async fn others(
    tx: &mut Transaction<'_, Sqlite>,
    cluster: &ClusterName,
    project: &ProjectName,
    objects: &[(ClusterKey, String)],
) -> Result<Option<(ClusterKey, ProjectName)>, StoreError> {
    let mut query = QueryBuilder::new("SELECT * FROM kubernetes_inventory WHERE cluster = ");
    query.push_bind(cluster.as_str()).push(" AND project <> ");
    query.push_bind(project.as_str());
    push_keys(&mut query, objects.iter().map(|(key, _)| key));
    query.push(" ORDER BY namespace, name, api_group, kind LIMIT 1");
    let row = query.build().fetch_optional(&mut **tx).await?;
    row.map(|row| Ok((object(&row)?.key, parse(&row, "project")?)))
        .transpose()
}

async fn put(
    tx: &mut Transaction<'_, Sqlite>,
    cluster: &ClusterName,
    project: &ProjectName,
    objects: &[(ClusterKey, String)],
    number: i64,
) -> Result<(), StoreError> {
    let mut query = QueryBuilder::new(
        "INSERT INTO kubernetes_inventory
             (namespace, name, api_group, kind, cluster, version, project, uid, number) ",
    );
    query.push_values(objects, |mut row, (key, version)| {
        push_key(&mut row, key);
        row.push_bind(cluster.as_str());
        row.push_bind(version);
        row.push_bind(project.as_str());
        row.push_bind("");
        row.push_bind(number);
    });
    query.push(
        " ON CONFLICT (cluster, namespace, name, api_group, kind) DO UPDATE
         SET version = excluded.version, number = excluded.number",
    );
    query.build().execute(&mut **tx).await?;
    Ok(())
}

/// Of which objects.
fn push_keys<'a>(query: &mut QueryBuilder<Sqlite>, keys: impl IntoIterator<Item = &'a ClusterKey>) {
    query.push(" AND (namespace, name, api_group, kind) IN (");
    query.push_values(keys, |mut row, key| push_key(&mut row, key));
    query.push(")");
}

fn push_key(row: &mut Separated<'_, Sqlite, &'static str>, key: &ClusterKey) {
    row.push_bind(key.namespace.clone());
    row.push_bind(key.name.clone());
    row.push_bind(key.group.clone());
    row.push_bind(key.kind.clone());
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
