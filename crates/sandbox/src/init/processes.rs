//! The tree of processes, as /proc shows it.

use std::collections::BTreeMap;
use std::time::Duration;
use std::{fs, thread};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

/// After so many rounds something is left that cannot be killed: it waits in the kernel, for a disk perhaps.
const ROUNDS: u32 = 2000;
const PAUSE: Duration = Duration::from_millis(1);

/// Kills everything below a process, which has to be a subreaper (prctl(2), `PR_SET_CHILD_SUBREAPER`), so
/// that what loses its parent stays below it. A killed process starts no others, so rounds come to an end.
pub(super) fn kill_below(ancestor: Pid) {
    for round in 0..ROUNDS {
        let below = below(&parents(), ancestor);
        if below.is_empty() {
            return;
        }
        for process in below {
            // It may have ended meanwhile.
            let _gone = kill(process, Signal::SIGKILL);
        }
        collect_orphans(ancestor);
        if round > 0 {
            thread::sleep(PAUSE);
        }
    }
}

/// What has ended stays in /proc until its parent asks.
fn collect_orphans(ancestor: Pid) {
    if ancestor == Pid::this() {
        while matches!(waitpid(None, Some(WaitPidFlag::WNOHANG)), Ok(status) if status.pid().is_some())
        {
        }
    }
}

/// The parent of every process that is not a zombie already.
fn parents() -> BTreeMap<Pid, Pid> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return BTreeMap::new();
    };
    entries
        .filter_map(|entry| {
            let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let parent = parent(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
            Some((Pid::from_raw(pid), Pid::from_raw(parent)))
        })
        .collect()
}

/// From a line of /proc/pid/stat, in which the name, in brackets, may hold anything (proc_pid_stat(5)).
fn parent(stat: &str) -> Option<i32> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    if fields.next()? == "Z" {
        return None;
    }
    fields.next()?.parse().ok()
}

fn below(parents: &BTreeMap<Pid, Pid>, ancestor: Pid) -> Vec<Pid> {
    parents
        .keys()
        .copied()
        .filter(|pid| is_below(parents, *pid, ancestor))
        .collect()
}

fn is_below(parents: &BTreeMap<Pid, Pid>, mut pid: Pid, ancestor: Pid) -> bool {
    // As many steps as there are processes: pids may be reused while we read, and form a ring.
    for _ in 0..parents.len() {
        match parents.get(&pid) {
            Some(parent) if *parent == ancestor => return true,
            Some(parent) => pid = *parent,
            None => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_look_like_the_rest_of_the_line() {
        assert_eq!(parent("7 (a) S 5 (b) R 3 7 7 0"), Some(3));
        assert_eq!(parent("7 (sh) S 5 7 7 0"), Some(5));
        assert_eq!(parent("7 (sh) Z 5 7 7 0"), None);
        assert_eq!(parent("7"), None);
    }

    #[test]
    fn only_descendants_are_below() {
        let pid = Pid::from_raw;
        let parents = [(2, 1), (3, 2), (4, 3), (5, 1), (6, 7), (7, 6)]
            .map(|(a, b)| (pid(a), pid(b)))
            .into();
        assert_eq!(below(&parents, pid(2)), [pid(3), pid(4)]);
        assert_eq!(below(&parents, pid(5)), []);
    }
}
