use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, Transaction};
use towpath_model::{ClusterName, Namespace, ProjectName, Timestamp};

use crate::db::parse;
use crate::project_deletions::remove_images;
use crate::pull_tokens::push_is_deployed;
use crate::{Store, StoreError};

/// What a project that was deleted has left in a namespace of a Kubernetes cluster. It keeps its images, and what
/// it pulls them with, until somebody forgets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftApp {
    pub project: ProjectName,
    pub cluster: ClusterName,
    pub namespace: Namespace,
    pub left_at: Timestamp,
    /// It has a token that still pulls.
    pub pulls: bool,
}

/// Which of them: those of one project's name, everywhere unless said where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftAppFilter {
    pub project: ProjectName,
    pub cluster: Option<ClusterName>,
    pub namespace: Option<Namespace>,
}

impl Store {
    /// All of them, by project.
    pub async fn left_apps(&self) -> Result<Vec<LeftApp>, StoreError> {
        let rows = sqlx::query(
            "SELECT *, EXISTS (
                 SELECT 1 FROM left_pull_tokens AS token
                 WHERE token.project = left_apps.project AND token.cluster = left_apps.cluster
                   AND token.namespace = left_apps.namespace) AS pulls
             FROM left_apps ORDER BY project, cluster, namespace",
        )
        .fetch_all(self.db.pool())
        .await?;
        rows.iter().map(from_row).collect()
    }

    /// Ends what these pull with; their images go with the last of that name, unless a project has it again.
    /// Gives how many there were.
    pub async fn forget_left_apps(&self, filter: &LeftAppFilter) -> Result<u64, StoreError> {
        let mut tx = self.db.write().await?;
        let forgotten = sqlx::query(
            "DELETE FROM left_apps WHERE project = $1
               AND cluster = COALESCE($2, cluster) AND namespace = COALESCE($3, namespace)",
        )
        .bind(filter.project.as_str())
        .bind(filter.cluster.as_ref().map(ClusterName::as_str))
        .bind(filter.namespace.as_ref().map(Namespace::as_str))
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if forgotten > 0 && !project_exists(&mut tx, &filter.project).await? {
            remove_images(&mut tx, &filter.project).await?;
        }
        tx.commit().await?;
        Ok(forgotten)
    }
}

/// Writes down where the project leaves its app, before the inventory that tells it goes.
pub(crate) async fn leave(
    tx: &mut Transaction<'static, Sqlite>,
    project: &ProjectName,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO left_apps (project, cluster, namespace, left_at)
         SELECT DISTINCT project, cluster, namespace, $2 FROM kubernetes_inventory
         WHERE project = $1 AND namespace <> ''
         ON CONFLICT (project, cluster, namespace) DO UPDATE SET left_at = excluded.left_at",
    )
    .bind(project.as_str())
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    let mut tokens = QueryBuilder::new(
        "INSERT INTO left_pull_tokens (hash, project, cluster, namespace)
         SELECT hash, project, cluster, namespace FROM pull_tokens WHERE project = ",
    );
    tokens.push_bind(project.as_str()).push(" AND ");
    push_is_deployed(&mut tokens);
    tokens.build().execute(&mut **tx).await?;
    Ok(())
}

async fn project_exists(
    tx: &mut Transaction<'static, Sqlite>,
    project: &ProjectName,
) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT 1 FROM projects WHERE name = $1")
        .bind(project.as_str())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.is_some())
}

fn from_row(row: &SqliteRow) -> Result<LeftApp, StoreError> {
    Ok(LeftApp {
        project: parse(row, "project")?,
        cluster: parse(row, "cluster")?,
        namespace: parse(row, "namespace")?,
        left_at: Timestamp(row.try_get("left_at")?),
        pulls: row.try_get::<i64, _>("pulls")? != 0,
    })
}
