use std::collections::BTreeSet;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use towpath_model::{Digest, Timestamp};

use crate::db::parse;
use crate::{Store, StoreError};

/// A layer that an image build made: a gzipped tar in the blob store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CachedLayer {
    /// Of the blob.
    pub digest: Digest,
    /// Of the tar inside.
    pub diff_id: Digest,
    /// Bytes of the blob.
    pub size: u64,
}

impl Store {
    /// The layer that was made from the same inputs before, and notes that it is used. Whether its blob is
    /// still there is for the caller to check.
    pub async fn cached_layer(
        &self,
        key: &Digest,
        now: Timestamp,
    ) -> Result<Option<CachedLayer>, StoreError> {
        sqlx::query(
            "UPDATE build_cache SET used_at = $2 WHERE key = $1 RETURNING digest, diff_id, size",
        )
        .bind(key.to_string())
        .bind(now.0)
        .fetch_optional(self.db.pool())
        .await?
        .as_ref()
        .map(cached_layer)
        .transpose()
    }

    /// Notes the layer that these inputs give. Its blob must be in the blob store already.
    pub async fn set_cached_layer(
        &self,
        key: &Digest,
        layer: &CachedLayer,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO build_cache (key, digest, diff_id, size, used_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (key) DO UPDATE SET digest = excluded.digest, diff_id = excluded.diff_id,
             size = excluded.size, used_at = excluded.used_at",
        )
        .bind(key.to_string())
        .bind(layer.digest.to_string())
        .bind(layer.diff_id.to_string())
        .bind(i64::try_from(layer.size).unwrap_or(i64::MAX))
        .bind(now.0)
        .execute(self.db.pool())
        .await?;
        Ok(())
    }

    /// Forgets the layers that no build has used since `time`, and says how many. Their blobs go with the
    /// next collection when nothing else needs them.
    pub async fn prune_build_cache(&self, time: Timestamp) -> Result<u64, StoreError> {
        let result = sqlx::query("DELETE FROM build_cache WHERE used_at < $1")
            .bind(time.0)
            .execute(self.db.pool())
            .await?;
        Ok(result.rows_affected())
    }

    /// The blobs that the build cache refers to, which a collection keeps.
    pub async fn build_cache_blobs(&self) -> Result<BTreeSet<Digest>, StoreError> {
        let rows = sqlx::query("SELECT DISTINCT digest FROM build_cache")
            .fetch_all(self.db.pool())
            .await?;
        rows.iter().map(|row| parse(row, "digest")).collect()
    }
}

fn cached_layer(row: &SqliteRow) -> Result<CachedLayer, StoreError> {
    let size: i64 = row.try_get("size")?;
    Ok(CachedLayer {
        digest: parse(row, "digest")?,
        diff_id: parse(row, "diff_id")?,
        size: u64::try_from(size).map_err(|error| StoreError::corrupt("a layer's size", error))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn layers_are_found_by_their_inputs_until_they_are_pruned() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let (key, layer) = (
            Digest::of(b"inputs"),
            CachedLayer {
                digest: Digest::of(b"blob"),
                diff_id: Digest::of(b"tar"),
                size: 7,
            },
        );
        assert_eq!(store.cached_layer(&key, Timestamp(1)).await.unwrap(), None);
        store
            .set_cached_layer(&key, &layer, Timestamp(1))
            .await
            .unwrap();
        let found = store.cached_layer(&key, Timestamp(5)).await.unwrap();
        assert_eq!(found, Some(layer));
        assert_eq!(store.prune_build_cache(Timestamp(5)).await.unwrap(), 0);
        let kept = store.build_cache_blobs().await.unwrap();
        assert_eq!(kept, [layer.digest].into());
        assert_eq!(store.prune_build_cache(Timestamp(6)).await.unwrap(), 1);
        assert_eq!(store.cached_layer(&key, Timestamp(7)).await.unwrap(), None);
    }
}
