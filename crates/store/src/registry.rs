use std::collections::BTreeSet;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};
use towpath_model::{Digest, Timestamp};

use crate::db::{parse, parse_optional};
use crate::{Store, StoreError};

/// A manifest in a repository of the registry. Its bytes are the blob of the same digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredManifest {
    pub repository: String,
    pub digest: Digest,
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// The manifest in the same repository that this one is about.
    pub subject: Option<Digest>,
    /// When it was last pushed; for what came from another registry, when it was last used.
    pub pushed_at: Timestamp,
}

/// A page of a listing in the order of names.
#[derive(Clone, Debug)]
pub struct Page {
    /// The last name of the page before.
    pub after: Option<String>,
    pub limit: u32,
}

impl Store {
    /// Writes a manifest and points the tags at it, in one transaction.
    pub async fn put_manifest(
        &self,
        manifest: &StoredManifest,
        tags: &[&str],
    ) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        insert_manifest(&mut tx, manifest).await?;
        for tag in tags {
            upsert_tag(&mut tx, manifest, tag).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    pub async fn manifest(
        &self,
        repository: &str,
        digest: &Digest,
    ) -> Result<Option<StoredManifest>, StoreError> {
        sqlx::query("SELECT * FROM manifests WHERE repository = $1 AND digest = $2")
            .bind(repository)
            .bind(digest.to_string())
            .fetch_optional(self.db.pool())
            .await?
            .as_ref()
            .map(stored_manifest)
            .transpose()
    }

    /// What the tag points at now.
    pub async fn tagged_manifest(
        &self,
        repository: &str,
        tag: &str,
    ) -> Result<Option<StoredManifest>, StoreError> {
        sqlx::query(
            "SELECT m.* FROM manifests m JOIN tags t
               ON t.repository = m.repository AND t.digest = m.digest
             WHERE t.repository = $1 AND t.tag = $2",
        )
        .bind(repository)
        .bind(tag)
        .fetch_optional(self.db.pool())
        .await?
        .as_ref()
        .map(stored_manifest)
        .transpose()
    }

    /// All manifests of all repositories.
    pub async fn manifests(&self) -> Result<Vec<StoredManifest>, StoreError> {
        let rows = sqlx::query("SELECT * FROM manifests ORDER BY repository, digest")
            .fetch_all(self.db.pool())
            .await?;
        rows.iter().map(stored_manifest).collect()
    }

    /// The manifests that some tag points at, as repository and digest.
    pub async fn tagged(&self) -> Result<BTreeSet<(String, Digest)>, StoreError> {
        let rows = sqlx::query("SELECT DISTINCT repository, digest FROM tags")
            .fetch_all(self.db.pool())
            .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("repository")?, parse(row, "digest")?)))
            .collect()
    }

    /// The manifests that name this one as their `subject` (distribution spec, "Listing Referrers"), oldest
    /// first.
    pub async fn referrers(
        &self,
        repository: &str,
        subject: &Digest,
    ) -> Result<Vec<StoredManifest>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM manifests WHERE repository = $1 AND subject = $2
             ORDER BY pushed_at, digest",
        )
        .bind(repository)
        .bind(subject.to_string())
        .fetch_all(self.db.pool())
        .await?;
        rows.iter().map(stored_manifest).collect()
    }

    /// Removes a manifest and the tags that point at it; false when there was none.
    pub async fn delete_manifest(
        &self,
        repository: &str,
        digest: &Digest,
    ) -> Result<bool, StoreError> {
        let deleted = sqlx::query("DELETE FROM manifests WHERE repository = $1 AND digest = $2")
            .bind(repository)
            .bind(digest.to_string())
            .execute(self.db.pool())
            .await?;
        Ok(deleted.rows_affected() > 0)
    }

    /// Removes a tag and leaves the manifest; false when there was none.
    pub async fn delete_tag(&self, repository: &str, tag: &str) -> Result<bool, StoreError> {
        let deleted = sqlx::query("DELETE FROM tags WHERE repository = $1 AND tag = $2")
            .bind(repository)
            .bind(tag)
            .execute(self.db.pool())
            .await?;
        Ok(deleted.rows_affected() > 0)
    }

    /// A page of a repository's tags, in the order of their bytes.
    pub async fn image_tags(
        &self,
        repository: &str,
        page: &Page,
    ) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query(
            "SELECT tag FROM tags WHERE repository = $1 AND tag > $2 ORDER BY tag LIMIT $3",
        )
        .bind(repository)
        .bind(page.after.as_deref().unwrap_or(""))
        .bind(i64::from(page.limit))
        .fetch_all(self.db.pool())
        .await?;
        rows.iter().map(|row| Ok(row.try_get("tag")?)).collect()
    }

    /// The repositories that hold a manifest, without those of other registries.
    pub async fn image_repositories(&self, page: &Page) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query(
            "SELECT DISTINCT repository FROM manifests
             WHERE repository > $1 AND repository NOT LIKE '@%' ORDER BY repository LIMIT $2",
        )
        .bind(page.after.as_deref().unwrap_or(""))
        .bind(i64::from(page.limit))
        .fetch_all(self.db.pool())
        .await?;
        rows.iter()
            .map(|row| Ok(row.try_get("repository")?))
            .collect()
    }

    /// Whether anything was ever pushed to the repository and is still there.
    pub async fn image_repository_exists(&self, repository: &str) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT 1 FROM manifests WHERE repository = $1
             UNION ALL SELECT 1 FROM repository_blobs WHERE repository = $1 LIMIT 1",
        )
        .bind(repository)
        .fetch_optional(self.db.pool())
        .await?;
        Ok(row.is_some())
    }

    /// Makes a blob readable through the repository, or renews that.
    pub async fn link_blob(
        &self,
        repository: &str,
        digest: &Digest,
        size: u64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO repository_blobs (repository, digest, size, linked_at)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (repository, digest) DO UPDATE SET linked_at = excluded.linked_at",
        )
        .bind(repository)
        .bind(digest.to_string())
        .bind(size_column(size))
        .bind(now.0)
        .execute(self.db.pool())
        .await?;
        Ok(())
    }

    /// The size of a blob that is readable through the repository.
    pub async fn repository_blob(
        &self,
        repository: &str,
        digest: &Digest,
    ) -> Result<Option<u64>, StoreError> {
        sqlx::query("SELECT size FROM repository_blobs WHERE repository = $1 AND digest = $2")
            .bind(repository)
            .bind(digest.to_string())
            .fetch_optional(self.db.pool())
            .await?
            .as_ref()
            .map(size)
            .transpose()
    }

    /// Takes a blob out of the repository; false when it was not in it. The content stays for the collector.
    pub async fn unlink_blob(&self, repository: &str, digest: &Digest) -> Result<bool, StoreError> {
        let deleted =
            sqlx::query("DELETE FROM repository_blobs WHERE repository = $1 AND digest = $2")
                .bind(repository)
                .bind(digest.to_string())
                .execute(self.db.pool())
                .await?;
        Ok(deleted.rows_affected() > 0)
    }

    /// The links that were made before `before`, as repository and digest.
    pub async fn blob_links(&self, before: Timestamp) -> Result<Vec<(String, Digest)>, StoreError> {
        let rows =
            sqlx::query("SELECT repository, digest FROM repository_blobs WHERE linked_at < $1")
                .bind(before.0)
                .fetch_all(self.db.pool())
                .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("repository")?, parse(row, "digest")?)))
            .collect()
    }

    /// The blobs that a repository links since `since`: an upload may be waiting for its manifest.
    pub async fn fresh_blobs(&self, since: Timestamp) -> Result<BTreeSet<Digest>, StoreError> {
        let rows = sqlx::query("SELECT digest FROM repository_blobs WHERE linked_at >= $1")
            .bind(since.0)
            .fetch_all(self.db.pool())
            .await?;
        rows.iter().map(|row| parse(row, "digest")).collect()
    }
}

async fn insert_manifest(
    tx: &mut Transaction<'static, Sqlite>,
    manifest: &StoredManifest,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO manifests (repository, digest, media_type, size, subject, pushed_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (repository, digest) DO UPDATE
         SET media_type = excluded.media_type, pushed_at = excluded.pushed_at",
    )
    .bind(&manifest.repository)
    .bind(manifest.digest.to_string())
    .bind(&manifest.media_type)
    .bind(size_column(manifest.size))
    .bind(manifest.subject.map(|subject| subject.to_string()))
    .bind(manifest.pushed_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn upsert_tag(
    tx: &mut Transaction<'static, Sqlite>,
    manifest: &StoredManifest,
    tag: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO tags (repository, tag, digest, updated_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (repository, tag) DO UPDATE
         SET digest = excluded.digest, updated_at = excluded.updated_at",
    )
    .bind(&manifest.repository)
    .bind(tag)
    .bind(manifest.digest.to_string())
    .bind(manifest.pushed_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn stored_manifest(row: &SqliteRow) -> Result<StoredManifest, StoreError> {
    Ok(StoredManifest {
        repository: row.try_get("repository")?,
        digest: parse(row, "digest")?,
        media_type: row.try_get("media_type")?,
        size: size(row)?,
        subject: parse_optional(row, "subject")?,
        pushed_at: Timestamp(row.try_get("pushed_at")?),
    })
}

fn size(row: &SqliteRow) -> Result<u64, StoreError> {
    let size: i64 = row.try_get("size")?;
    u64::try_from(size).map_err(|error| StoreError::corrupt("size", error))
}

fn size_column(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
