use sqlx::Row;
use towpath_model::{ClusterName, Digest, ExecutionKey, Namespace, Timestamp};

use crate::db::parse;
use crate::{Store, StoreError};

/// The record of what one execution deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    pub execution: ExecutionKey,
    pub cluster: ClusterName,
    pub namespace: Namespace,
    /// The project's image, pinned to its digest.
    pub image: Option<String>,
    /// The blob of the manifests as they were applied.
    pub manifests: Digest,
    pub created_at: Timestamp,
}

impl Store {
    /// Keeps the release record. The manifests' blob must be in the blob store already.
    pub async fn record_release(&self, release: &Release) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO releases (project, number, cluster, namespace, image, manifests, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (project, number) DO UPDATE
             SET image = excluded.image, manifests = excluded.manifests,
                 created_at = excluded.created_at",
        )
        .bind(release.execution.project.as_str())
        .bind(release.execution.number.0)
        .bind(release.cluster.as_str())
        .bind(release.namespace.as_str())
        .bind(&release.image)
        .bind(release.manifests.to_string())
        .bind(release.created_at.0)
        .execute(self.db.pool())
        .await?;
        Ok(())
    }

    /// The images of all releases.
    pub async fn released_images(&self) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query("SELECT DISTINCT image FROM releases WHERE image IS NOT NULL")
            .fetch_all(self.db.pool())
            .await?;
        rows.iter().map(|row| Ok(row.try_get("image")?)).collect()
    }

    pub async fn release(&self, key: &ExecutionKey) -> Result<Option<Release>, StoreError> {
        let row = sqlx::query("SELECT * FROM releases WHERE project = $1 AND number = $2")
            .bind(key.project.as_str())
            .bind(key.number.0)
            .fetch_optional(self.db.pool())
            .await?;
        row.map(|row| {
            Ok(Release {
                execution: key.clone(),
                cluster: parse(&row, "cluster")?,
                namespace: parse(&row, "namespace")?,
                image: row.try_get("image")?,
                manifests: parse(&row, "manifests")?,
                created_at: Timestamp(row.try_get("created_at")?),
            })
        })
        .transpose()
    }
}
