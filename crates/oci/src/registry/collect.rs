//! What nothing needs any more goes: mark from the tags, sweep the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::TryStreamExt;
use towpath_model::{Digest, Timestamp};
use towpath_store::StoredManifest;

use super::{Registry, RegistryError};
use crate::manifest::{MANIFEST_LIMIT, Manifest};

/// What stays although no tag of the registry leads to it.
#[derive(Clone, Debug)]
pub struct Keep {
    /// Blobs and manifests that others need: artifacts, logs, the images of what is running. A manifest
    /// here keeps its parts.
    pub digests: BTreeSet<Digest>,
    /// Whatever was written or pushed within this time, since an upload may still be waiting for its manifest.
    pub grace: Duration,
    /// How long images of other registries stay after their last use.
    pub foreign: Duration,
}

/// What a collection removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collection {
    pub manifests: u64,
    pub blobs: u64,
    /// Bytes of the blobs.
    pub bytes: u64,
}

pub(super) async fn collect(
    registry: &Registry,
    keep: &Keep,
    now: Timestamp,
) -> Result<Collection, RegistryError> {
    registry.uploads.expire(now);
    let _guard = registry.collecting.write().await;
    let rows = registry.store.manifests().await?;
    let manifests = read_manifests(registry, &rows).await?;
    let roots = roots(registry, &rows, keep, now).await?;
    let marked = mark(&rows, &manifests, roots);
    let mut collection = Collection {
        manifests: sweep_manifests(registry, &rows, &marked).await?,
        ..Collection::default()
    };
    sweep_links(registry, &manifests, &marked, before(now, keep.grace)).await?;
    let needed = needed_blobs(registry, keep, &manifests, &marked, now).await?;
    sweep_blobs(registry, &needed, before(now, keep.grace), &mut collection).await?;
    Ok(collection)
}

/// A manifest in a repository.
type Key = (String, Digest);

fn key(row: &StoredManifest) -> Key {
    (row.repository.clone(), row.digest)
}

fn before(now: Timestamp, age: Duration) -> Timestamp {
    let millis = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
    Timestamp(now.0.saturating_sub(millis))
}

async fn read_manifests(
    registry: &Registry,
    rows: &[StoredManifest],
) -> Result<BTreeMap<Digest, Manifest>, RegistryError> {
    let mut manifests = BTreeMap::new();
    for row in rows {
        if manifests.contains_key(&row.digest) {
            continue;
        }
        let bytes = registry.blobs.read(&row.digest, MANIFEST_LIMIT).await?;
        manifests.insert(row.digest, Manifest::parse(Some(&row.media_type), &bytes)?);
    }
    Ok(manifests)
}

async fn roots(
    registry: &Registry,
    rows: &[StoredManifest],
    keep: &Keep,
    now: Timestamp,
) -> Result<Vec<Key>, RegistryError> {
    let tagged = registry.store.tagged().await?;
    let is_root = |row: &&StoredManifest| {
        let age = now.since(row.pushed_at);
        let foreign = row.repository.starts_with('@');
        keep.digests.contains(&row.digest)
            || age <= keep.grace
            || (foreign && age <= keep.foreign)
            || (!foreign && tagged.contains(&key(row)))
    };
    Ok(rows.iter().filter(is_root).map(key).collect())
}

/// Everything that the roots lead to: an index keeps its images, a manifest keeps what is said about it.
fn mark(
    rows: &[StoredManifest],
    manifests: &BTreeMap<Digest, Manifest>,
    roots: Vec<Key>,
) -> BTreeSet<Key> {
    let mut about: BTreeMap<Key, Vec<Key>> = BTreeMap::new();
    for row in rows {
        if let Some(subject) = row.subject {
            let subject = (row.repository.clone(), subject);
            about.entry(subject).or_default().push(key(row));
        }
    }
    let mut marked = BTreeSet::new();
    let mut open = roots;
    while let Some(next) = open.pop() {
        if marked.contains(&next) {
            continue;
        }
        let children = manifests.get(&next.1).map_or(&[][..], Manifest::children);
        open.extend(children.iter().map(|child| (next.0.clone(), child.digest)));
        open.extend(about.get(&next).into_iter().flatten().cloned());
        marked.insert(next);
    }
    marked
}

async fn sweep_manifests(
    registry: &Registry,
    rows: &[StoredManifest],
    marked: &BTreeSet<Key>,
) -> Result<u64, RegistryError> {
    let mut removed = 0;
    for row in rows.iter().filter(|row| !marked.contains(&key(row))) {
        registry
            .store
            .delete_manifest(&row.repository, &row.digest)
            .await?;
        removed += 1;
    }
    Ok(removed)
}

/// Blobs leave the repositories in which no manifest names them any more.
async fn sweep_links(
    registry: &Registry,
    manifests: &BTreeMap<Digest, Manifest>,
    marked: &BTreeSet<Key>,
    before: Timestamp,
) -> Result<(), RegistryError> {
    let mut linked = BTreeSet::new();
    for (repository, digest) in marked {
        let blobs = manifests.get(digest).map(Manifest::blobs);
        linked.extend(
            blobs
                .into_iter()
                .flatten()
                .map(|blob| (repository.as_str(), blob.digest)),
        );
    }
    for (repository, digest) in registry.store.blob_links(before).await? {
        if !linked.contains(&(repository.as_str(), digest)) {
            registry.store.unlink_blob(&repository, &digest).await?;
        }
    }
    Ok(())
}

async fn needed_blobs(
    registry: &Registry,
    keep: &Keep,
    manifests: &BTreeMap<Digest, Manifest>,
    marked: &BTreeSet<Key>,
    now: Timestamp,
) -> Result<BTreeSet<Digest>, RegistryError> {
    let mut needed = registry.store.fresh_blobs(before(now, keep.grace)).await?;
    needed.extend(&keep.digests);
    for (_, digest) in marked {
        needed.insert(*digest);
        let blobs = manifests.get(digest).map(Manifest::blobs);
        needed.extend(blobs.into_iter().flatten().map(|blob| blob.digest));
    }
    Ok(needed)
}

async fn sweep_blobs(
    registry: &Registry,
    needed: &BTreeSet<Digest>,
    before: Timestamp,
    collection: &mut Collection,
) -> Result<(), RegistryError> {
    let mut blobs = registry.blobs.list();
    while let Some(blob) = blobs.try_next().await? {
        if blob.written_at >= before || needed.contains(&blob.digest) {
            continue;
        }
        registry.blobs.delete(&blob.digest).await?;
        collection.blobs += 1;
        collection.bytes += blob.size;
    }
    Ok(())
}
