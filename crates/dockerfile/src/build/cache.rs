//! The build cache: what a step made, by everything that went into it.

use towpath_model::{Digest, Timestamp};
use towpath_oci::Layer;
use towpath_oci::image::Compression;
use towpath_store::{Blobs, CachedLayer, Store, StoreError};

/// Goes into every key: what an older version of this builder made from the same inputs may differ.
const VERSION: u32 = 1;

/// Identifies a step by its inputs.
pub(crate) fn key(kind: &str, inputs: &serde_json::Value) -> Digest {
    Digest::of(
        serde_json::json!([VERSION, kind, inputs])
            .to_string()
            .as_bytes(),
    )
}

/// A layer that was made before, as long as its blob is still there.
pub(crate) async fn find(
    store: &Store,
    blobs: &Blobs,
    key: &Digest,
    now: Timestamp,
) -> Result<Option<Layer>, StoreError> {
    let Some(cached) = store.cached_layer(key, now).await? else {
        return Ok(None);
    };
    let layer = Layer {
        digest: cached.digest,
        diff_id: cached.diff_id,
        size: cached.size,
        compression: Compression::Gzip,
    };
    let there = blobs.size(&layer.digest).await?.is_some();
    Ok(there.then_some(layer))
}

pub(crate) async fn remember(
    store: &Store,
    key: &Digest,
    layer: &Layer,
    now: Timestamp,
) -> Result<(), StoreError> {
    let cached = CachedLayer {
        digest: layer.digest,
        diff_id: layer.diff_id,
        size: layer.size,
    };
    store.set_cached_layer(key, &cached, now).await
}
