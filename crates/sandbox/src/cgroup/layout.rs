use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What we limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Controller {
    Memory,
    Pids,
    Cpu,
}

impl Controller {
    pub(crate) const ALL: [Self; 3] = [Self::Memory, Self::Pids, Self::Cpu];

    /// As the kernel names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Pids => "pids",
            Self::Cpu => "cpu",
        }
    }
}

/// The folders of this process's own groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) v1: BTreeMap<Controller, PathBuf>,
    pub(crate) v2: Option<PathBuf>,
}

impl Layout {
    /// From /proc/self/mountinfo and /proc/self/cgroup.
    pub(crate) fn parse(mountinfo: &str, own: &str) -> Self {
        let mut layout = Self::default();
        for mount in mountinfo.lines().filter_map(CgroupMount::parse) {
            if mount.v2 {
                layout.v2 = own_path(own, "").and_then(|own| mount.folder(own));
            } else {
                layout.add_v1(&mount, own);
            }
        }
        layout
    }

    fn add_v1(&mut self, mount: &CgroupMount, own: &str) {
        for controller in Controller::ALL {
            if mount
                .options
                .split(',')
                .any(|option| option == controller.name())
                && let Some(folder) =
                    own_path(own, controller.name()).and_then(|own| mount.folder(own))
            {
                self.v1.insert(controller, folder);
            }
        }
    }
}

struct CgroupMount {
    root: PathBuf,
    point: PathBuf,
    v2: bool,
    options: String,
}

impl CgroupMount {
    /// One line of proc_pid_mountinfo(5).
    fn parse(line: &str) -> Option<Self> {
        let (mount, filesystem) = line.split_once(" - ")?;
        let mut filesystem = filesystem.split(' ');
        let v2 = match filesystem.next()? {
            "cgroup" => false,
            "cgroup2" => true,
            _ => return None,
        };
        let mut mount = mount.split(' ').skip(3);
        Some(Self {
            root: mount.next()?.into(),
            point: mount.next()?.into(),
            v2,
            options: filesystem.nth(1)?.to_owned(),
        })
    }

    /// Where the group `own` is below this mount. A mount of a container shows only a part of the tree.
    fn folder(&self, own: &str) -> Option<PathBuf> {
        let below = Path::new(own).strip_prefix(&self.root).ok()?;
        let clean = below
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        clean.then(|| self.point.join(below))
    }
}

/// This process's group in a version 1 hierarchy, or in version 2, whose controller list is empty.
fn own_path<'a>(own: &'a str, controller: &str) -> Option<&'a str> {
    own.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let controllers = fields.next()?;
        let path = fields.next()?;
        controllers
            .split(',')
            .any(|name| name == controller)
            .then_some(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mountinfo: &str, own: &str, v1: &[(Controller, &str)], v2: Option<&str>) {
        let layout = Layout::parse(mountinfo, own);
        let v1 = v1
            .iter()
            .map(|(controller, path)| (*controller, path.into()))
            .collect();
        assert_eq!(
            layout,
            Layout {
                v1,
                v2: v2.map(Into::into)
            }
        );
    }

    #[test]
    fn version_2_alone() {
        check(
            "25 30 0:23 / /sys rw - sysfs sysfs rw\n\
             31 25 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate",
            "0::/user.slice/user-1000.slice/user@1000.service/app.slice/t.scope\n",
            &[],
            Some("/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/t.scope"),
        );
    }

    #[test]
    fn hybrid_with_joined_controllers() {
        check(
            "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
             35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
             40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n\
             41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
            "9:name=systemd:/a\n4:memory:/b/c\n2:cpu,cpuacct:/\n0::/\n",
            &[
                (Controller::Memory, "/sys/fs/cgroup/memory/b/c"),
                (Controller::Cpu, "/sys/fs/cgroup/cpu,cpuacct"),
            ],
            Some("/sys/fs/cgroup/unified"),
        );
    }

    #[test]
    fn a_container_sees_its_own_part() {
        check(
            "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n\
             36 31 0:33 /docker/abc /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids",
            "4:memory:/docker/abc/x\n8:pids:/elsewhere\n",
            &[(Controller::Memory, "/sys/fs/cgroup/memory/x")],
            None,
        );
    }

    #[test]
    fn none_at_all() {
        check(
            "22 27 0:21 / /proc rw - proc proc rw\nnonsense\n",
            "",
            &[],
            None,
        );
    }
}
