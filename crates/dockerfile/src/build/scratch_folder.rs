use std::path::{Path, PathBuf};

use towpath_sandbox::{Host, remove_tree};

use super::error::BuildError;

/// A folder for one `RUN`, removed also when the build is dropped half-way.
pub(crate) struct ScratchFolder {
    path: PathBuf,
    host: Host,
    removed: bool,
}

impl ScratchFolder {
    /// Makes a new folder in `work`.
    pub(crate) async fn new(work: &Path, host: &Host) -> Result<Self, BuildError> {
        let make = || BuildError::io("make a folder in", work);
        tokio::fs::create_dir_all(work).await.map_err(make())?;
        let folder = tempfile::Builder::new()
            .prefix("run-")
            .tempdir_in(work)
            .map_err(make())?;
        Ok(Self {
            path: folder.keep(),
            host: host.clone(),
            removed: false,
        })
    }

    /// Makes a folder in it.
    pub(crate) async fn folder(&self, name: &str) -> Result<PathBuf, BuildError> {
        let path = self.path.join(name);
        tokio::fs::create_dir(&path)
            .await
            .map_err(BuildError::io("make", &path))?;
        Ok(path)
    }

    /// Makes a file in it that everyone may read and run.
    pub(crate) async fn file(&self, name: &str, content: &[u8]) -> Result<PathBuf, BuildError> {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path.join(name);
        let io = || BuildError::io("write", &path);
        tokio::fs::write(&path, content).await.map_err(io())?;
        let permissions = std::fs::Permissions::from_mode(0o755);
        tokio::fs::set_permissions(&path, permissions)
            .await
            .map_err(io())?;
        Ok(path)
    }

    pub(crate) async fn remove(mut self) -> Result<(), BuildError> {
        self.removed = true;
        Ok(remove_tree(&self.host, &self.path).await?)
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        let runtime = tokio::runtime::Handle::try_current();
        let (false, Ok(runtime)) = (self.removed, runtime) else {
            return;
        };
        let (path, host) = (self.path.clone(), self.host.clone());
        runtime.spawn(async move {
            if let Err(error) = remove_tree(&host, &path).await {
                tracing::warn!(%error, "a build's folder is left behind until the next start");
            }
        });
    }
}
