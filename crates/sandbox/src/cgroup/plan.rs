use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Controller;
use crate::Limits;

/// The length of a CPU accounting period in microseconds, as container runtimes have it.
const CPU_PERIOD: u64 = 100_000;

/// Folders in which groups may be made: tried, not guessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Groups {
    V1(BTreeMap<Controller, PathBuf>),
    V2 {
        parent: PathBuf,
        controllers: Vec<Controller>,
    },
}

impl Groups {
    pub(crate) fn none() -> Self {
        Self::V1(BTreeMap::new())
    }

    pub(crate) fn can_limit(&self, controller: Controller) -> bool {
        match self {
            Self::V1(folders) => folders.contains_key(&controller),
            Self::V2 { controllers, .. } => controllers.contains(&controller),
        }
    }
}

/// A group that the init program makes, puts the sandbox in and removes again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) version: Version,
    pub(crate) path: PathBuf,
    pub(crate) settings: Vec<Setting>,
    /// Where the kernel counts the processes that it killed for want of memory.
    pub(crate) oom_file: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Version {
    V1,
    V2,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Setting {
    pub(crate) file: String,
    pub(crate) value: String,
    /// Not every kernel has this file.
    pub(crate) optional: bool,
}

/// The groups for a sandbox of this name; none where nothing is limited.
pub(crate) fn plan(groups: &Groups, name: &str, limits: &Limits) -> Vec<Group> {
    match groups {
        Groups::V1(folders) => folders
            .iter()
            .map(|(&controller, folder)| (controller, folder, v1_settings(controller, limits)))
            .filter(|(_, _, settings)| !settings.is_empty())
            .map(|(controller, folder, settings)| Group {
                version: Version::V1,
                path: folder.join(name),
                settings,
                oom_file: (controller == Controller::Memory).then(|| "memory.oom_control".into()),
            })
            .collect(),
        Groups::V2 {
            parent,
            controllers,
        } => v2_group(parent.join(name), controllers, limits),
    }
}

/// Kernel documentation, `admin-guide/cgroup-v1`.
fn v1_settings(controller: Controller, limits: &Limits) -> Vec<Setting> {
    match controller {
        Controller::Memory => limits
            .memory
            .iter()
            .flat_map(|bytes| {
                // Memory and swap together, else what does not fit is swapped out without limit.
                [
                    required("memory.limit_in_bytes", bytes),
                    optional("memory.memsw.limit_in_bytes", bytes),
                ]
            })
            .collect(),
        Controller::Pids => pids_settings(limits),
        Controller::Cpu => limits
            .cpu_millis
            .iter()
            .flat_map(|millis| {
                [
                    required("cpu.cfs_period_us", &CPU_PERIOD),
                    required("cpu.cfs_quota_us", &quota(*millis)),
                ]
            })
            .collect(),
    }
}

/// Kernel documentation, `admin-guide/cgroup-v2`.
fn v2_group(path: PathBuf, controllers: &[Controller], limits: &Limits) -> Vec<Group> {
    let settings: Vec<_> = controllers
        .iter()
        .flat_map(|controller| v2_settings(*controller, limits))
        .collect();
    if settings.is_empty() {
        return Vec::new();
    }
    let counts_oom = limits.memory.is_some() && controllers.contains(&Controller::Memory);
    vec![Group {
        version: Version::V2,
        path,
        settings,
        oom_file: counts_oom.then(|| "memory.events".into()),
    }]
}

fn v2_settings(controller: Controller, limits: &Limits) -> Vec<Setting> {
    match controller {
        Controller::Memory => limits
            .memory
            .iter()
            .flat_map(|bytes| {
                [
                    required("memory.max", bytes),
                    optional("memory.swap.max", &0),
                ]
            })
            .collect(),
        Controller::Pids => pids_settings(limits),
        Controller::Cpu => limits
            .cpu_millis
            .iter()
            .map(|millis| required("cpu.max", &format!("{} {CPU_PERIOD}", quota(*millis))))
            .collect(),
    }
}

/// The same in both versions.
fn pids_settings(limits: &Limits) -> Vec<Setting> {
    let max = limits.pids.iter();
    max.map(|max| required("pids.max", max)).collect()
}

/// Microseconds of CPU a period. The kernel takes no less than a millisecond.
fn quota(millis: u64) -> u64 {
    (millis.saturating_mul(CPU_PERIOD) / 1000).max(1000)
}

fn required(file: &str, value: &impl ToString) -> Setting {
    Setting {
        file: file.into(),
        value: value.to_string(),
        optional: false,
    }
}

fn optional(file: &str, value: &impl ToString) -> Setting {
    Setting {
        optional: true,
        ..required(file, value)
    }
}

/// How many processes the kernel has killed, by the text of [`Group::oom_file`] (the same in both versions).
pub(crate) fn oom_kills(text: &str) -> u64 {
    text.lines()
        .find_map(|line| line.strip_prefix("oom_kill "))
        .and_then(|count| count.trim().parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        memory: Some(1 << 20),
        pids: Some(64),
        cpu_millis: Some(1500),
    };

    fn written(groups: &Groups, limits: &Limits) -> Vec<String> {
        plan(groups, "t", limits)
            .iter()
            .flat_map(|group| {
                group.settings.iter().map(|setting| {
                    format!(
                        "{}={}",
                        group.path.join(&setting.file).display(),
                        setting.value
                    )
                })
            })
            .collect()
    }

    #[test]
    fn version_1_has_a_group_for_each_controller() {
        let folder = |name: &str| PathBuf::from(format!("/cg/{name}"));
        let groups = Groups::V1(Controller::ALL.map(|c| (c, folder(c.name()))).into());
        assert_eq!(
            written(&groups, &LIMITS),
            [
                "/cg/memory/t/memory.limit_in_bytes=1048576",
                "/cg/memory/t/memory.memsw.limit_in_bytes=1048576",
                "/cg/pids/t/pids.max=64",
                "/cg/cpu/t/cpu.cfs_period_us=100000",
                "/cg/cpu/t/cpu.cfs_quota_us=150000",
            ]
        );
        assert!(written(&groups, &Limits::default()).is_empty());
    }

    #[test]
    fn version_2_has_one_group() {
        let groups = Groups::V2 {
            parent: "/cg".into(),
            controllers: vec![Controller::Memory, Controller::Pids, Controller::Cpu],
        };
        assert_eq!(
            written(&groups, &LIMITS),
            [
                "/cg/t/memory.max=1048576",
                "/cg/t/memory.swap.max=0",
                "/cg/t/pids.max=64",
                "/cg/t/cpu.max=150000 100000",
            ]
        );
        assert!(plan(&groups, "t", &Limits::default()).is_empty());
    }

    #[test]
    fn oom_kills_are_counted_in_both_versions() {
        assert_eq!(
            oom_kills("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"),
            3
        );
        assert_eq!(
            oom_kills("low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\noom_group_kill 0\n"),
            1
        );
        assert_eq!(oom_kills(""), 0);
    }
}
