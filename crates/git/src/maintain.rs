use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use towpath_model::ProjectName;

use crate::process::ask_within;
use crate::{GitError, Repositories};

/// git holds these for milliseconds. One of this age is left from a git that was killed, and nobody could
/// push as long as it is there.
const STALE_LOCK: Duration = Duration::from_secs(60);
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

    /// Removes ref locks that a git left which was killed, with the machine for example.
    pub(crate) fn remove_stale_locks(&self, project: &ProjectName) -> Result<(), GitError> {
        let repository = self.existing(project)?;
        remove_locks_in(&repository, false)
            .and_then(|()| remove_locks_in(&repository.join("refs"), true))
            .map_err(GitError::io("remove old locks in", &repository))
    }
}

fn remove_locks_in(folder: &Path, below: bool) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
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
            missing_is_fine(remove_if_stale(&path))?;
        }
    }
    Ok(())
}

fn remove_if_stale(lock: &Path) -> io::Result<()> {
    let modified = std::fs::symlink_metadata(lock)?.modified()?;
    let age = SystemTime::now()
        .duration_since(modified)
        .unwrap_or_default();
    if age < STALE_LOCK {
        return Ok(());
    }
    tracing::warn!(lock = %lock.display(), "removing a lock that a killed git left");
    std::fs::remove_file(lock)
}

/// git removes its locks and empty folders all the time.
fn missing_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
