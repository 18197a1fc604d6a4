use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use towpath_model::workspace::Command;

use crate::cgroup::{self, Controller, Group, Groups};
use crate::id_ranges::IdRanges;
use crate::user_namespace::UserNamespace;
use crate::wire::UserNamespaceChoice;
use crate::{
    HostRoot, InitProgram, Lack, Limits, RootFs, Sandbox, SandboxError, Spec, machine_folders,
    refusal, remove_tree,
};

const MACHINE_FOLDERS: &str = "machine-folders";
/// There when they are whole.
const MACHINE_FOLDERS_MADE: &str = "machine-folders.made";

/// A sandbox that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(10);

/// What this machine allows, found out by trying. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Host(Arc<Facts>);

#[derive(Clone, Debug)]
struct Facts {
    init: InitProgram,
    sandbox: Result<(), Lack>,
    /// `None`: the server is root and needs none.
    user_namespace: Option<UserNamespace>,
    groups: Groups,
    notes: Vec<Lack>,
    machine_folders: OnceLock<PathBuf>,
}

impl Host {
    /// Tries a sandbox, id ranges and control groups. Never fails: what is not there is a [`Lack`].
    ///
    /// Where control groups of version 2 are delegated to this process alone, it moves itself into a child
    /// group to be able to use them.
    pub async fn detect(init: InitProgram) -> Self {
        let (groups, mut notes) = cgroup::detect();
        let mut first_refusal = None;
        for (user_namespace, lack) in candidates() {
            let facts = Facts {
                init: init.clone(),
                sandbox: Ok(()),
                user_namespace,
                groups: groups.clone(),
                notes: Vec::new(),
                machine_folders: OnceLock::new(),
            };
            let host = Self(Arc::new(facts.clone()));
            let tried = tokio::time::timeout(PATIENCE, host.try_sandbox()).await;
            match tried.unwrap_or(Err(SandboxError::TimedOut(PATIENCE))) {
                Ok(()) => {
                    notes.splice(0..0, lack);
                    return Self(Arc::new(Facts { notes, ..facts }));
                }
                Err(error) => {
                    tracing::debug!(%error, ?facts.user_namespace, "tried a sandbox");
                    let hangs = matches!(error, SandboxError::TimedOut(_));
                    first_refusal.get_or_insert(error);
                    if hangs {
                        break;
                    }
                }
            }
        }
        let refused = first_refusal.unwrap_or(SandboxError::Ended);
        let sandbox = Err(refusal::explain(&refused));
        let user_namespace = None;
        Self(Arc::new(Facts {
            init,
            sandbox,
            user_namespace,
            groups,
            notes,
            machine_folders: OnceLock::new(),
        }))
    }

    /// Tries nothing: for plain processes in a place that others have limited already, such as a container.
    pub fn plain(init: InitProgram) -> Self {
        Self(Arc::new(Facts {
            init,
            sandbox: Err(refusal::explain(&SandboxError::Ended)),
            user_namespace: None,
            groups: cgroup::Groups::none(),
            notes: Vec::new(),
            machine_folders: OnceLock::new(),
        }))
    }

    async fn try_sandbox(&self) -> Result<(), SandboxError> {
        let root = HostRoot {
            home: "/".into(),
            hide: Vec::new(),
            scratch: None,
        };
        let sandbox = Sandbox::try_start(self, Spec::new(RootFs::Host(root)), None).await?;
        let argv = ["/bin/sh", "-c", ":"].map(String::from).into();
        let command = Command {
            argv,
            env: [].into(),
            working_dir: None,
            timeout: None,
        };
        let exit = sandbox.exec(&command).await?.wait().await?;
        sandbox.stop().await?;
        if exit.success() {
            Ok(())
        } else {
            Err(SandboxError::SetUp(format!("/bin/sh in a sandbox: {exit}")))
        }
    }

    /// The program that sandboxes are entered by.
    pub fn init(&self) -> &InitProgram {
        &self.0.init
    }

    /// Whether sandboxes can be had at all.
    pub fn sandbox(&self) -> Result<(), &Lack> {
        self.0.sandbox.as_ref().copied()
    }

    /// What is missing although sandboxes work: limits, id ranges. For the log.
    pub fn notes(&self) -> &[Lack] {
        &self.0.notes
    }

    /// Whether sandboxes are in a user namespace, so that overlayfs marks are `user.` attributes.
    pub fn is_rootless(&self) -> bool {
        self.0.user_namespace.is_some()
    }

    /// The user in a sandbox to whom a file of this owner belongs there; `None` for somebody who is not in it.
    pub fn uid_inside(&self, outside: u32) -> Option<u32> {
        match &self.0.user_namespace {
            None => Some(outside),
            Some(ids) => ids.uid_inside(outside),
        }
    }

    /// As [`Host::uid_inside`] for groups.
    pub fn gid_inside(&self, outside: u32) -> Option<u32> {
        match &self.0.user_namespace {
            None => Some(outside),
            Some(ids) => ids.gid_inside(outside),
        }
    }

    /// Lets a plain user's workspaces write to the machine's folders, as root's can, so that packages can be
    /// installed in them. Makes some thousands of folders in `parent`, once: on a busy disk this takes a second
    /// or two, during which workspaces already start without. Does nothing for root.
    ///
    /// `parent` must lie outside of /etc, /opt, /usr and /var, since overlayfs refuses layers in each other;
    /// folders where it does stay read-only, and the workspace's notes say so.
    pub async fn make_machine_folders(&self, parent: &Path) -> Result<(), SandboxError> {
        if !self.is_rootless() || self.machine_folders().is_some() {
            return Ok(());
        }
        let layer = parent.join(MACHINE_FOLDERS);
        remove_tree(self, &layer).await?;
        let path = layer.clone();
        tokio::task::spawn_blocking(move || machine_folders::make(&path))
            .await
            .unwrap_or_else(|error| Err(std::io::Error::other(error)))
            .map_err(SandboxError::io(format!(
                "cannot prepare {}",
                layer.display()
            )))?;
        // Somebody else was as quick; his are as good.
        let _lost = self.0.machine_folders.set(layer);
        Ok(())
    }

    /// As [`Host::make_machine_folders`], but takes those that an earlier process has made in `parent` within
    /// `age`: for short-lived processes. Only one process may use the folder.
    pub async fn reuse_machine_folders(
        &self,
        parent: &Path,
        age: Duration,
    ) -> Result<(), SandboxError> {
        if !self.is_rootless() || self.machine_folders().is_some() {
            return Ok(());
        }
        let made = parent.join(MACHINE_FOLDERS_MADE);
        if is_younger(&made, age) {
            let _lost = self.0.machine_folders.set(parent.join(MACHINE_FOLDERS));
            return Ok(());
        }
        let failed = || SandboxError::io(format!("cannot write {}", made.display()));
        match std::fs::remove_file(&made) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed()(error));
            }
            _ => {}
        }
        self.make_machine_folders(parent).await?;
        // Last of all: without it they are made again.
        std::fs::write(&made, "").map_err(failed())
    }

    pub(crate) fn machine_folders(&self) -> Option<&PathBuf> {
        self.0.machine_folders.get()
    }

    pub(crate) fn ids(&self) -> Option<&UserNamespace> {
        self.0.user_namespace.as_ref()
    }

    pub(crate) fn user_namespace(&self) -> UserNamespaceChoice {
        match &self.0.user_namespace {
            None => UserNamespaceChoice::Stay,
            Some(ids) => UserNamespaceChoice::Make(ids.clone()),
        }
    }

    pub(crate) fn groups(&self, name: &str, limits: &Limits) -> Vec<Group> {
        cgroup::plan(&self.0.groups, name, limits)
    }

    pub(crate) fn all_groups(&self) -> &Groups {
        &self.0.groups
    }

    /// What an rlimit can stand in for: the number of processes of a user, when that is a user of this
    /// sandbox alone.
    pub(crate) fn rlimits(&self, limits: &Limits, own_users: bool) -> Limits {
        let stand_in = own_users && self.is_rootless() && !self.can_limit(Controller::Pids);
        Limits {
            pids: limits.pids.filter(|_| stand_in),
            ..Limits::default()
        }
    }

    /// Which of these limits will not hold.
    pub(crate) fn unlimited(&self, limits: &Limits, rlimits: &Limits) -> Vec<String> {
        let wanted = [
            (Controller::Memory, limits.memory.is_some()),
            (
                Controller::Pids,
                limits.pids.is_some() && rlimits.pids.is_none(),
            ),
            (Controller::Cpu, limits.cpu_millis.is_some()),
        ];
        let lacking = wanted
            .into_iter()
            .filter(|(controller, wanted)| *wanted && !self.can_limit(*controller));
        lacking
            .map(|(controller, _)| {
                format!("no limit on {}: no control group for it", controller.name())
            })
            .collect()
    }

    fn can_limit(&self, controller: Controller) -> bool {
        self.0.groups.can_limit(controller)
    }
}

fn is_younger(file: &Path, age: Duration) -> bool {
    let modified = std::fs::metadata(file).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|at| at.elapsed().is_ok_and(|elapsed| elapsed < age))
}

/// The ways to a sandbox, the best first, and what each lacks.
fn candidates() -> Vec<(Option<UserNamespace>, Option<Lack>)> {
    let (uid, gid) = (
        rustix::process::geteuid().as_raw(),
        rustix::process::getegid().as_raw(),
    );
    let single = UserNamespace::single(uid, gid);
    let mut ways = Vec::new();
    if uid == 0 {
        ways.push((None, None));
    }
    let lack = match IdRanges::read(uid) {
        Ok(ranges) => {
            ways.push((Some(ranges.add_to(single.clone())), None));
            "newuidmap does not work".to_owned()
        }
        Err(reason) => reason,
    };
    ways.push((Some(single), Some(only_own_id(&lack))));
    ways
}

fn only_own_id(reason: &str) -> Lack {
    Lack {
        what: format!("a sandbox has no users but the caller, as its root: {reason}"),
        remedy: "chown and installing packages will fail there; install package uidmap and give the caller \
                 65536 ids in /etc/subuid and /etc/subgid (usermod --add-subuids 100000-165535 \
                 --add-subgids 100000-165535 NAME)"
            .into(),
    }
}
