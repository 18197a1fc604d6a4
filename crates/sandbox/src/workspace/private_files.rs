//! Files that a driver and its commands exchange. The commands may have put links and worse in their place.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use towpath_archive::EntryPath;
use towpath_archive::beneath::Folder;
use towpath_model::workspace::WorkspaceError;

pub(super) fn write(
    folder: &Path,
    path: &str,
    mode: u32,
    content: &[u8],
) -> Result<PathBuf, WorkspaceError> {
    let entry = parse(path)?;
    write_beneath(folder, &entry, mode, content).map_err(failed("write", path))?;
    Ok(PathBuf::from(&entry))
}

pub(super) fn read(
    folder: &Path,
    path: &str,
    limit: u64,
) -> Result<Option<Vec<u8>>, WorkspaceError> {
    let entry = parse(path)?;
    match read_beneath(folder, &entry, limit) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path)(error)),
    }
}

fn write_beneath(folder: &Path, entry: &EntryPath, mode: u32, content: &[u8]) -> io::Result<()> {
    let folder = Folder::open(folder)?;
    if let Some(parent) = entry.parent() {
        folder.create_dir_all(&parent)?;
    }
    if folder.kind(entry)?.is_some() {
        folder.remove_file(entry)?;
    }
    folder.create_file(entry, mode)?.write_all(content)
}

fn read_beneath(folder: &Path, entry: &EntryPath, limit: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    Folder::open(folder)?
        .open_file(entry)?
        .take(limit)
        .read_to_end(&mut content)?;
    Ok(content)
}

fn parse(path: &str) -> Result<EntryPath, WorkspaceError> {
    path.parse()
        .map_err(|reason| WorkspaceError::Refused(format!("the path {path:?}: {reason}")))
}

fn failed(action: &str, path: &str) -> impl FnOnce(io::Error) -> WorkspaceError {
    let context = format!("cannot {action} {path} in the workspace's private folder");
    move |source| WorkspaceError::Io { context, source }
}
