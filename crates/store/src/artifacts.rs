use std::collections::{BTreeMap, BTreeSet};

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};
use towpath_model::{
    Artifact, CommitId, Digest, ExecutionKey, ProjectName, Timestamp, pipeline::ArtifactName,
};

use crate::db::parse;
use crate::{Store, StoreError};

impl Store {
    /// What the actions of an execution have put out so far.
    pub async fn artifacts(
        &self,
        key: &ExecutionKey,
    ) -> Result<BTreeMap<ArtifactName, Artifact>, StoreError> {
        let rows = sqlx::query("SELECT * FROM artifacts WHERE project = $1 AND number = $2")
            .bind(key.project.as_str())
            .bind(key.number.0)
            .fetch_all(self.db.pool())
            .await?;
        rows.iter()
            .map(|row| Ok((parse(row, "name")?, artifact(row)?)))
            .collect()
    }

    /// The zip of a commit, when it was made before.
    pub async fn source_artifact(
        &self,
        project: &ProjectName,
        commit: &CommitId,
    ) -> Result<Option<Artifact>, StoreError> {
        sqlx::query("SELECT * FROM source_artifacts WHERE project = $1 AND commit_id = $2")
            .bind(project.as_str())
            .bind(commit.as_str())
            .fetch_optional(self.db.pool())
            .await?
            .as_ref()
            .map(artifact)
            .transpose()
    }

    /// Notes the zip of a commit. Its blob must be in the blob store already.
    pub async fn set_source_artifact(
        &self,
        project: &ProjectName,
        commit: &CommitId,
        artifact: &Artifact,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO source_artifacts (project, commit_id, digest, size, used_at)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (project, commit_id) DO UPDATE
             SET digest = excluded.digest, size = excluded.size, used_at = excluded.used_at",
        )
        .bind(project.as_str())
        .bind(commit.as_str())
        .bind(artifact.digest.to_string())
        .bind(size_column(artifact.size))
        .bind(now.0)
        .execute(self.db.pool())
        .await?;
        Ok(())
    }

    /// Forgets the zips of commits that no execution is of any more.
    pub async fn remove_unused_source_artifacts(&self) -> Result<u64, StoreError> {
        let deleted = sqlx::query(
            "DELETE FROM source_artifacts WHERE NOT EXISTS
               (SELECT 1 FROM executions e
                WHERE e.project = source_artifacts.project
                  AND e.commit_id = source_artifacts.commit_id)",
        )
        .execute(self.db.pool())
        .await?;
        Ok(deleted.rows_affected())
    }

    /// The blobs that artifacts and releases need.
    pub async fn artifact_blobs(&self) -> Result<BTreeSet<Digest>, StoreError> {
        let rows = sqlx::query(
            "SELECT digest FROM artifacts UNION SELECT digest FROM source_artifacts
             UNION SELECT manifests FROM releases",
        )
        .fetch_all(self.db.pool())
        .await?;
        rows.iter().map(|row| parse(row, "digest")).collect()
    }
}

pub(crate) async fn insert_artifact(
    tx: &mut Transaction<'static, Sqlite>,
    key: &ExecutionKey,
    name: &ArtifactName,
    artifact: &Artifact,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO artifacts (project, number, name, digest, size) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (project, number, name) DO UPDATE
         SET digest = excluded.digest, size = excluded.size",
    )
    .bind(key.project.as_str())
    .bind(key.number.0)
    .bind(name.as_str())
    .bind(artifact.digest.to_string())
    .bind(size_column(artifact.size))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn artifact(row: &SqliteRow) -> Result<Artifact, StoreError> {
    let size: i64 = row.try_get("size")?;
    Ok(Artifact {
        digest: parse(row, "digest")?,
        size: u64::try_from(size).map_err(|error| StoreError::corrupt("size", error))?,
    })
}

fn size_column(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
