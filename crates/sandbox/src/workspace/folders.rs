use std::path::{Path, PathBuf};

use crate::{Host, SandboxError, remove_tree};

/// The folders of one workspace, all of them in one that is its own.
#[derive(Clone)]
pub(super) struct Folders {
    work: PathBuf,
}

impl Folders {
    /// Makes them in `work`, which is made, too.
    pub(super) async fn make(work: &Path) -> Result<Self, SandboxError> {
        let folders = Self {
            work: work.to_owned(),
        };
        for folder in [folders.source(), folders.private(), folders.scratch()] {
            tokio::fs::create_dir_all(&folder)
                .await
                .map_err(SandboxError::io(format!(
                    "cannot make {}",
                    folder.display()
                )))?;
        }
        Ok(folders)
    }

    pub(super) fn source(&self) -> PathBuf {
        self.work.join("source")
    }

    pub(super) fn private(&self) -> PathBuf {
        self.work.join("private")
    }

    pub(super) fn scratch(&self) -> PathBuf {
        self.work.join("scratch")
    }

    pub(super) async fn remove(&self, host: &Host) -> Result<(), SandboxError> {
        remove_tree(host, &self.work).await
    }
}
