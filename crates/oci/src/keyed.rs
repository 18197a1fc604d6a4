use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// One lock a key: the same work is done once, different work at the same time.
#[derive(Debug)]
pub(crate) struct Keyed<K> {
    locks: Mutex<HashMap<K, Arc<AsyncMutex<()>>>>,
}

impl<K> Default for Keyed<K> {
    fn default() -> Self {
        Self {
            locks: Mutex::default(),
        }
    }
}

impl<K: Eq + Hash> Keyed<K> {
    pub(crate) async fn lock(&self, key: K) -> OwnedMutexGuard<()> {
        let lock = self.of(key);
        lock.lock_owned().await
    }

    /// `None` when somebody holds it.
    pub(crate) fn try_lock(&self, key: K) -> Option<OwnedMutexGuard<()>> {
        self.of(key).try_lock_owned().ok()
    }

    fn of(&self, key: K) -> Arc<AsyncMutex<()>> {
        let mut locks: MutexGuard<'_, _> =
            self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that nobody holds or waits for are forgotten here, so that the map does not grow.
        locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        Arc::clone(locks.entry(key).or_default())
    }
}
