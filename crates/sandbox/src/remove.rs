use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cgroup;
use crate::link::Link;
use crate::user_namespace::UserNamespace;
use crate::wire::{Reply, Request};
use crate::{Host, SandboxError};

/// A sandbox that is just ending may still write; it is given so many times this long.
const RETRIES: u32 = 250;
const PAUSE: Duration = Duration::from_millis(20);

/// Removes a folder that a sandbox has written to: also what belongs to its other users, and overlayfs'
/// `work/work`, which has mode 000. Fine when it is gone already.
pub async fn remove_tree(host: &Host, path: &Path) -> Result<(), SandboxError> {
    let failed = || SandboxError::io(format!("cannot remove {}", path.display()));
    let mut retries = 0;
    loop {
        match remove_as_self(path.to_owned()).await {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty && retries < RETRIES => {
                retries += 1;
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                return match host.ids() {
                    Some(ids) => remove_as_root_inside(host, path, ids).await,
                    None => Err(failed()(error)),
                };
            }
            Err(error) => return Err(failed()(error)),
        }
    }
}

/// Throws away what a server that was killed has left behind: everything in `work_root`, where the folders of
/// its sandboxes are, and its control groups. Its processes and mounts ended with it. No other server may be
/// using the folder.
pub async fn cleanup(host: &Host, work_root: &Path) -> Result<(), SandboxError> {
    let failed = || SandboxError::io(format!("cannot read {}", work_root.display()));
    cgroup::remove_stale(host.all_groups());
    let mut entries = match tokio::fs::read_dir(work_root).await {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed())?,
    };
    while let Some(entry) = entries.next_entry().await.map_err(failed())? {
        remove_entry(host, &entry).await?;
    }
    Ok(())
}

async fn remove_entry(host: &Host, entry: &tokio::fs::DirEntry) -> Result<(), SandboxError> {
    let path = entry.path();
    let failed = || SandboxError::io(format!("cannot remove {}", path.display()));
    if entry.file_type().await.map_err(failed())?.is_dir() {
        remove_tree(host, &path).await
    } else {
        tokio::fs::remove_file(&path).await.map_err(failed())
    }
}

async fn remove_as_self(path: PathBuf) -> io::Result<()> {
    let removed = tokio::task::spawn_blocking(move || match fs::remove_dir_all(&path) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            open_up(&path)?;
            fs::remove_dir_all(&path)
        }
        result => result,
    });
    match removed.await.map_err(io::Error::other)? {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Makes every folder of ours removable.
fn open_up(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}

/// The sandbox's other users are out of reach from outside, but not from inside.
async fn remove_as_root_inside(
    host: &Host,
    path: &Path,
    ids: &UserNamespace,
) -> Result<(), SandboxError> {
    let request = Request::Remove {
        path: path.to_owned(),
        user_namespace: ids.clone(),
    };
    let (link, mut init, reply) = Link::start(host.init(), &request, Vec::new()).await?;
    link.close();
    init.see_off().await?;
    match reply {
        Reply::Removed => Ok(()),
        Reply::Failed(reason) => Err(SandboxError::SetUp(reason)),
        reply => Err(SandboxError::Protocol(format!("{reply:?}"))),
    }
}
