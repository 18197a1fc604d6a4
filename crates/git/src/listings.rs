use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use towpath_model::{CommitId, ProjectName};

use crate::TreeEntry;

/// As many commits as are being planned and built at one time on a busy server.
const COMMITS: usize = 16;
/// Listings longer than this are not kept: 16 of them are some 30 MB.
const LONGEST: usize = 10_000;

/// The files of the commits that were listed last. A commit is asked for several times while it goes through
/// its pipeline, and never changes.
#[derive(Default)]
pub(crate) struct Listings {
    latest: Mutex<VecDeque<Listing>>,
}

struct Listing {
    project: ProjectName,
    commit: CommitId,
    files: Arc<[TreeEntry]>,
}

impl Listings {
    pub(crate) fn get(&self, project: &ProjectName, commit: &CommitId) -> Option<Arc<[TreeEntry]>> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let found = latest
            .iter()
            .find(|listing| listing.commit == *commit && listing.project == *project);
        found.map(|listing| listing.files.clone())
    }

    pub(crate) fn keep(&self, project: &ProjectName, commit: &CommitId, files: &Arc<[TreeEntry]>) {
        if files.len() > LONGEST {
            return;
        }
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.push_front(Listing {
            project: project.clone(),
            commit: commit.clone(),
            files: files.clone(),
        });
        latest.truncate(COMMITS);
    }

    /// A project of the same name may come after one that was deleted.
    pub(crate) fn forget(&self, project: &ProjectName) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.retain(|listing| listing.project != *project);
    }
}
