use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use towpath_model::ProjectName;

use crate::process::ask_within;
use crate::{GitError, Repositories};

/// git holds these for milliseconds. One of this age is left from a git that was killed, and nobody could
/// push as long as it is there.
const STALE_LOCK: Duration = Duration::from_secs(60);
/// The objects of a push wait in a folder of their own until all are there. No push takes this long.
const STALE_PUSH: Duration = Duration::from_secs(24 * 3600);
const REPACK_TIMEOUT: Duration = Duration::from_secs(3600);

impl Repositories {
    /// Packs loose objects together and forgets those that no ref has needed for two weeks. Safe beside
    /// pushes and fetches; takes long for a large repository.
    pub async fn repack(&self, project: &ProjectName) -> Result<(), GitError> {
        let mut command = self.git(project)?;
        command.args(["gc", "--quiet", "--prune=2.weeks.ago"]);
        let answer = ask_within(REPACK_TIMEOUT, command, 4096).await?;
        if answer.success {
            Ok(())
        } else {
            Err(answer.into_error("gc".to_owned()))
        }
    }

    /// Removes what a git left that was killed, with the machine for example: locks of refs, and objects of
    /// pushes that never ended.
    pub(crate) fn remove_leftovers(&self, project: &ProjectName) -> Result<(), GitError> {
        let repository = self.existing(project)?;
        remove_locks_in(&repository, false)
            .and_then(|()| remove_locks_in(&repository.join("refs"), true))
            .and_then(|()| remove_broken_pushes(&repository.join("objects")))
            .map_err(GitError::io(
                "remove what a killed git left in",
                &repository,
            ))
    }
}

fn remove_locks_in(folder: &Path, below: bool) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if below {
                missing_is_fine(remove_locks_in(&path, true))?;
            }
        } else if path
            .extension()
            .is_some_and(|extension| extension == "lock")
        {
            missing_is_fine(remove_older(&path, STALE_LOCK, |path| {
                fs::remove_file(path)
            }))?;
        }
    }
    Ok(())
}

fn remove_broken_pushes(objects: &Path) -> io::Result<()> {
    for entry in fs::read_dir(objects)? {
        let entry = entry?;
        if entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(b"tmp_objdir-")
        {
            let removed = remove_older(&entry.path(), STALE_PUSH, |path| fs::remove_dir_all(path));
            missing_is_fine(removed)?;
        }
    }
    Ok(())
}

fn remove_older(
    path: &Path,
    limit: Duration,
    remove: impl Fn(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let modified = fs::symlink_metadata(path)?.modified()?;
    let age = SystemTime::now()
        .duration_since(modified)
        .unwrap_or_default();
    if age < limit {
        return Ok(());
    }
    tracing::warn!(path = %path.display(), "removing what a killed git left");
    remove(path)
}

/// git removes its locks and empty folders all the time.
fn missing_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
