use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};
use towpath_model::{ClusterName, Project, ProjectName, Timestamp};

use crate::clusters::exists;
use crate::db::parse;
use crate::{Store, StoreError};

impl Store {
    /// Adds a project. [`StoreError::Exists`] when there is one of this name, [`StoreError::NoCluster`] when
    /// its cluster is not there.
    pub async fn create_project(&self, project: &Project) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        insert_project(&mut tx, project).await?;
        tx.commit().await?;
        self.signals.notify_change(&project.name, None);
        Ok(())
    }

    pub async fn project(&self, name: &ProjectName) -> Result<Option<Project>, StoreError> {
        sqlx::query("SELECT * FROM projects WHERE name = $1")
            .bind(name.as_str())
            .fetch_optional(self.db.pool())
            .await?
            .as_ref()
            .map(from_row)
            .transpose()
    }

    /// All projects by name.
    pub async fn projects(&self) -> Result<Vec<Project>, StoreError> {
        let rows = sqlx::query("SELECT * FROM projects ORDER BY name")
            .fetch_all(self.db.pool())
            .await?;
        rows.iter().map(from_row).collect()
    }
}

pub(crate) async fn insert_project(
    tx: &mut Transaction<'static, Sqlite>,
    project: &Project,
) -> Result<(), StoreError> {
    if project.cluster != ClusterName::local() && !exists(tx, &project.cluster).await? {
        return Err(StoreError::NoCluster(project.cluster.clone()));
    }
    let inserted = sqlx::query(
        "INSERT INTO projects (name, branch, cluster, namespace, created_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO NOTHING",
    )
    .bind(project.name.as_str())
    .bind(project.branch.as_str())
    .bind(project.cluster.as_str())
    .bind(project.namespace.as_str())
    .bind(project.created_at.0)
    .execute(&mut **tx)
    .await?;
    match inserted.rows_affected() {
        0 => Err(StoreError::Exists(format!("project {}", project.name))),
        _ => Ok(()),
    }
}

fn from_row(row: &SqliteRow) -> Result<Project, StoreError> {
    Ok(Project {
        name: parse(row, "name")?,
        branch: parse(row, "branch")?,
        cluster: parse(row, "cluster")?,
        namespace: parse(row, "namespace")?,
        created_at: Timestamp(row.try_get("created_at")?),
    })
}
