use sqlx::{Row, Sqlite, Transaction};
use towpath_model::{BuildPlace, ClusterName, ProjectName, SecretName};

use crate::clusters::exists;
use crate::db::{parse, parse_optional};
use crate::{Store, StoreError, pull_tokens};

impl Store {
    /// Where a project's builds run; `None` is this machine.
    pub async fn build_place(
        &self,
        project: &ProjectName,
    ) -> Result<Option<BuildPlace>, StoreError> {
        let row = sqlx::query(
            "SELECT cluster, image, compute, pull_secret FROM build_places WHERE project = $1",
        )
        .bind(project.as_str())
        .fetch_optional(self.db.pool())
        .await?;
        row.map(|row| {
            Ok(BuildPlace {
                cluster: parse(&row, "cluster")?,
                image: row.try_get("image")?,
                compute: row.try_get("compute")?,
                pull_secret: parse_optional(&row, "pull_secret")?,
            })
        })
        .transpose()
    }

    /// Lets a project's builds run elsewhere from its next execution on; `None` is this machine.
    /// [`StoreError::NoCluster`] when the cluster is not there.
    pub async fn set_build_place(
        &self,
        project: &ProjectName,
        place: Option<&BuildPlace>,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        set(&mut tx, project, place).await?;
        pull_tokens::remove_idle(&mut tx).await?;
        tx.commit().await?;
        self.signals.notify_change(project, None);
        Ok(())
    }

    /// The projects whose builds run on a cluster, and on which.
    pub async fn build_projects(&self) -> Result<Vec<(ProjectName, ClusterName)>, StoreError> {
        let rows = sqlx::query("SELECT project, cluster FROM build_places ORDER BY project")
            .fetch_all(self.db.pool())
            .await?;
        rows.iter()
            .map(|row| Ok((parse(row, "project")?, parse(row, "cluster")?)))
            .collect()
    }

    /// The clusters on which builds run.
    pub async fn build_clusters(&self) -> Result<Vec<ClusterName>, StoreError> {
        let rows = sqlx::query("SELECT DISTINCT cluster FROM build_places ORDER BY cluster")
            .fetch_all(self.db.pool())
            .await?;
        rows.iter().map(|row| parse(row, "cluster")).collect()
    }
}

async fn set(
    tx: &mut Transaction<'static, Sqlite>,
    project: &ProjectName,
    place: Option<&BuildPlace>,
) -> Result<(), StoreError> {
    let Some(place) = place else {
        sqlx::query("DELETE FROM build_places WHERE project = $1")
            .bind(project.as_str())
            .execute(&mut **tx)
            .await?;
        return Ok(());
    };
    if !exists(tx, &place.cluster).await? {
        return Err(StoreError::NoCluster(place.cluster.clone()));
    }
    sqlx::query(
        "INSERT INTO build_places (project, cluster, image, compute, pull_secret) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (project) DO UPDATE
             SET cluster = excluded.cluster, image = excluded.image, compute = excluded.compute,
                 pull_secret = excluded.pull_secret",
    )
    .bind(project.as_str())
    .bind(place.cluster.as_str())
    .bind(place.image.as_deref())
    .bind(place.compute.as_deref())
    .bind(place.pull_secret.as_ref().map(SecretName::as_str))
    .execute(&mut **tx)
    .await?;
    Ok(())
}
