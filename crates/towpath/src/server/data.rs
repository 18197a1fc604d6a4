use std::fs::{self, DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The data folder, locked for one server.
///
/// `towpath.db` rows, `blobs/` content, `logs/`, `repos/`, `layers/` unpacked images, and `work/` with what
/// running actions and pods need, which a start throws away.
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Makes the folder, for its owner alone, and takes its lock, which ends with this process in whatever way.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_if_free(path)?.with_context(|| {
            format!(
                "another server uses the data folder {}: end it first, or choose another with --data",
                path.display()
            )
        })
    }

    /// As [`DataFolder::open`]; none when somebody else has the lock.
    pub fn open_if_free(path: &Path) -> Result<Option<Self>> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("cannot make the data folder {}", path.display()))?;
        let path = fs::canonicalize(path)?;
        let file = path.join("lock");
        let lock =
            File::create(&file).with_context(|| format!("cannot write {}", file.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { path, _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", file.display()))
            }
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}
