use std::{fs, io};

use nix::unistd::Pid;

use crate::cgroup::{Group, Setting, Version};

/// Makes the groups; returns those that could be made. What fails here is a note, not the end: the sandbox
/// then runs without that limit.
pub(super) fn make(groups: &[Group], notes: &mut Vec<String>) -> Vec<Group> {
    let make = |group: &&Group| note(group, make_one(group), notes);
    groups.iter().filter(make).cloned().collect()
}

/// Puts this process, which has one thread, in the groups of version 1. There the kernel lets a thread move
/// itself without a lock that takes it 10 ms to get, as it does for any other move.
pub(super) fn enter(groups: &[Group], notes: &mut Vec<String>) {
    for group in groups.iter().filter(|group| group.version == Version::V1) {
        note(group, fs::write(group.path.join("tasks"), "0"), notes);
    }
}

/// Puts another process in the groups of version 2.
pub(super) fn put(groups: &[Group], process: Pid, notes: &mut Vec<String>) {
    for group in groups.iter().filter(|group| group.version == Version::V2) {
        let put = fs::write(group.path.join("cgroup.procs"), process.to_string());
        note(group, put, notes);
    }
}

/// Whether it went well.
fn note(group: &Group, result: io::Result<()>, notes: &mut Vec<String>) -> bool {
    if let Err(error) = &result {
        notes.push(format!(
            "no limit by control group {}: {error}",
            group.path.display()
        ));
    }
    result.is_ok()
}

fn make_one(group: &Group) -> io::Result<()> {
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
