use std::{fs, io};

use nix::unistd::Pid;

use crate::cgroup::{Group, Setting};

/// Makes the groups and puts a process in them. What fails is a note, not the end: the sandbox then runs
/// without that limit.
pub(super) fn join(groups: &[Group], process: Pid) -> Vec<String> {
    groups
        .iter()
        .filter_map(|group| {
            let result = make(group)
                .and_then(|()| fs::write(group.path.join("cgroup.procs"), process.to_string()));
            result.err().map(|error| {
                format!(
                    "no limit by control group {}: {error}",
                    group.path.display()
                )
            })
        })
        .collect()
}

fn make(group: &Group) -> io::Result<()> {
    fs::create_dir(&group.path)?;
    group
        .settings
        .iter()
        .try_for_each(|setting| set(group, setting))
}

fn set(group: &Group, setting: &Setting) -> io::Result<()> {
    match fs::write(group.path.join(&setting.file), &setting.value) {
        Err(_) if setting.optional => Ok(()),
        result => result,
    }
}

/// When their last process has gone. What is left, the server's next start removes.
pub(super) fn remove(groups: &[Group]) {
    for group in groups {
        let _left_for_the_next_start = fs::remove_dir(&group.path);
    }
}
