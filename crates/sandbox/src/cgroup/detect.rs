use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::layout::Layout;
use super::{Controller, Groups};
use crate::Lack;

/// A group of this process's own in which it waits, so that its parent may hold groups with controllers
/// (version 2 allows processes only in the leaves).
const OWN_LEAF: &str = "towpath-server";

/// Where this process may make groups. What it may not limit is a [`Lack`].
pub(crate) fn detect() -> (Groups, Vec<Lack>) {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let layout = Layout::parse(&read("/proc/self/mountinfo"), &read("/proc/self/cgroup"));
    let groups = choose(&layout);
    let lacks = Controller::ALL
        .into_iter()
        .filter(|controller| !groups.can_limit(*controller))
        .map(|controller| lack(controller, &layout))
        .collect();
    (groups, lacks)
}

/// Removes the groups of servers that are no more. Those of others, and those in use, stay.
pub(crate) fn remove_stale(groups: &Groups) {
    let parents: Vec<PathBuf> = match groups {
        Groups::V1(folders) => folders.values().cloned().collect(),
        Groups::V2 { parent, .. } => vec![parent.clone()],
    };
    for entry in parents
        .iter()
        .filter_map(|parent| fs::read_dir(parent).ok())
        .flatten()
        .flatten()
    {
        if entry
            .file_name()
            .to_str()
            .and_then(maker)
            .is_some_and(has_ended)
        {
            // Not empty: something of it is still ending.
            let _in_use = fs::remove_dir(entry.path());
        }
    }
}

fn choose(layout: &Layout) -> Groups {
    let v1: BTreeMap<_, _> = layout
        .v1
        .iter()
        .filter(|(controller, folder)| can_make(folder, limit_file(**controller)))
        .map(|(controller, folder)| (*controller, folder.clone()))
        .collect();
    if v1.is_empty()
        && let Some(parent) = &layout.v2
    {
        let controllers = enable(parent);
        return Groups::V2 {
            parent: parent.clone(),
            controllers,
        };
    }
    Groups::V1(v1)
}

/// The file by which version 1 limits.
fn limit_file(controller: Controller) -> &'static str {
    match controller {
        Controller::Memory => "memory.limit_in_bytes",
        Controller::Pids => "pids.max",
        Controller::Cpu => "cpu.cfs_quota_us",
    }
}

/// Tries: only the kernel knows.
fn can_make(parent: &Path, file: &str) -> bool {
    let probe = parent.join(format!("towpath-{}-probe", std::process::id()));
    let made = fs::create_dir(&probe).is_ok();
    let has_file = made && probe.join(file).exists();
    made && fs::remove_dir(&probe).is_ok() && has_file
}

/// Hands the controllers that this group has on to its children; returns those that it could.
fn enable(parent: &Path) -> Vec<Controller> {
    let available = fs::read_to_string(parent.join("cgroup.controllers")).unwrap_or_default();
    let wanted = Controller::ALL.into_iter().filter(|controller| {
        available
            .split_whitespace()
            .any(|name| name == controller.name())
    });
    wanted
        .filter(|controller| enable_one(parent, *controller).is_ok())
        .collect()
}

fn enable_one(parent: &Path, controller: Controller) -> io::Result<()> {
    let hand_on = || {
        fs::write(
            parent.join("cgroup.subtree_control"),
            format!("+{}", controller.name()),
        )
    };
    match hand_on() {
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
            step_aside(parent)?;
            hand_on()
        }
        result => result,
    }
}

/// Only where we are alone, as in a service of our own that systemd has delegated.
fn step_aside(parent: &Path) -> io::Result<()> {
    let own = std::process::id().to_string();
    let processes = fs::read_to_string(parent.join("cgroup.procs"))?;
    if processes.split_whitespace().any(|pid| pid != own) {
        return Err(io::Error::other("other processes are in this group"));
    }
    let leaf = parent.join(OWN_LEAF);
    match fs::create_dir(&leaf) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => fs::write(leaf.join("cgroup.procs"), own),
    }
}

fn lack(controller: Controller, layout: &Layout) -> Lack {
    let what = match controller {
        Controller::Memory => "memory cannot be limited",
        Controller::Pids => "the number of processes cannot be limited by a control group",
        Controller::Cpu => "CPU time cannot be limited",
    };
    Lack {
        what: what.into(),
        remedy: remedy(controller, layout),
    }
}

fn remedy(controller: Controller, layout: &Layout) -> String {
    match (layout.v1.get(&controller), &layout.v2) {
        (Some(folder), _) => format!(
            "this process may make no control group with {} in {}",
            limit_file(controller),
            folder.display()
        ),
        (None, Some(folder)) => format!(
            "controller `{}` is not delegated to {}: run Towpath in a systemd service with Delegate=yes",
            controller.name(),
            folder.display()
        ),
        (None, None) => "no control groups are mounted".into(),
    }
}

/// The server that made a group, by the group's name.
fn maker(name: &str) -> Option<u32> {
    name.strip_prefix("towpath-")?
        .split('-')
        .next()?
        .parse()
        .ok()
}

fn has_ended(pid: u32) -> bool {
    !Path::new("/proc").join(pid.to_string()).exists()
}

#[cfg(test)]
mod tests {
    use super::maker;

    #[test]
    fn a_group_names_its_maker() {
        assert_eq!(maker("towpath-12-3"), Some(12));
        assert_eq!(maker("towpath-server"), None);
        assert_eq!(maker("docker-12-3"), None);
    }
}
