use std::fs;
use std::path::PathBuf;

use crate::cgroup::{Group, oom_kills};

/// How often the kernel had killed a process of the sandbox for want of memory when a command began.
#[derive(Debug)]
pub(crate) struct OomCount {
    file: Option<PathBuf>,
    before: u64,
}

impl OomCount {
    pub(crate) fn now(groups: &[Group]) -> Self {
        let file = groups
            .iter()
            .find_map(|group| Some(group.path.join(group.oom_file.as_ref()?)));
        let before = file.as_ref().map_or(0, count);
        Self { file, before }
    }

    pub(crate) fn has_grown(&self) -> bool {
        self.file
            .as_ref()
            .is_some_and(|file| count(file) > self.before)
    }
}

/// A file of the kernel's, which does not wait for a disk. It is gone when the sandbox is.
fn count(file: &PathBuf) -> u64 {
    fs::read_to_string(file).map_or(0, |text| oom_kills(&text))
}
