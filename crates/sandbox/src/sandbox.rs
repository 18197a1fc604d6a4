use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::unix::pipe;
use towpath_model::workspace::Command;

use crate::cgroup::Group;
use crate::init_process::InitProcess;
use crate::link::Link;
use crate::oom::OomCount;
use crate::wire::{Isolation, NetworkChoice, Program, Reply, Request, Start, UserNamespaceChoice};
use crate::{Host, Limits, Network, Process, SandboxError, Spec};

/// Groups of one server are told apart by this.
static NEXT_GROUP: AtomicU64 = AtomicU64::new(1);

/// A root file system in which commands run. When it is dropped, or the server ends in whatever way,
/// everything in it is killed.
pub struct Sandbox {
    link: Arc<Link>,
    init: InitProcess,
    groups: Vec<Group>,
    working_dir: PathBuf,
    notes: Vec<String>,
}

impl Sandbox {
    /// Sets up the namespaces and mounts. Dropping the future undoes it.
    pub async fn start(host: &Host, spec: Spec) -> Result<Self, SandboxError> {
        Self::start_over(host, spec, None).await
    }

    /// With a layer of [`machine_folders`](crate::machine_folders) over the machine's.
    pub(crate) async fn start_over(
        host: &Host,
        spec: Spec,
        machine_folders: Option<PathBuf>,
    ) -> Result<Self, SandboxError> {
        host.sandbox()
            .map_err(|lack| SandboxError::NoNamespaces(lack.clone()))?;
        Self::try_start(host, spec, machine_folders).await
    }

    /// Without knowing whether this machine has what it takes.
    pub(crate) async fn try_start(
        host: &Host,
        spec: Spec,
        machine_folders: Option<PathBuf>,
    ) -> Result<Self, SandboxError> {
        let groups = host.groups(&group_name(), &spec.limits);
        let joins = matches!(spec.network, Network::Join { user: Some(_), .. });
        let rlimits = host.rlimits(&spec.limits, !joins);
        let unlimited = host.unlimited(&spec.limits, &rlimits);
        let working_dir = spec.working_dir.clone();
        let (isolation, fds) = isolation(host, spec, machine_folders, rlimits);
        let mut sandbox = Self::launch(host, Some(isolation), groups, fds, working_dir).await?;
        sandbox.notes.extend(unlimited);
        Ok(sandbox)
    }

    /// No namespaces: commands see the machine as the server does, and only end together.
    pub(crate) async fn start_plain(
        host: &Host,
        limits: &Limits,
        working_dir: PathBuf,
    ) -> Result<Self, SandboxError> {
        let groups = host.groups(&group_name(), limits);
        let mut sandbox = Self::launch(host, None, groups, Vec::new(), working_dir).await?;
        sandbox
            .notes
            .extend(host.unlimited(limits, &Limits::default()));
        Ok(sandbox)
    }

    async fn launch(
        host: &Host,
        isolation: Option<Isolation>,
        groups: Vec<Group>,
        fds: Vec<Arc<OwnedFd>>,
        working_dir: PathBuf,
    ) -> Result<Self, SandboxError> {
        let start = Request::Start(Box::new(Start {
            isolation,
            groups: groups.clone(),
        }));
        let (link, init, reply) = Link::start(host.init(), &start, fds).await?;
        match reply {
            Reply::Ready { notes } => Ok(Self {
                link: Arc::new(link),
                init,
                groups,
                working_dir,
                notes,
            }),
            Reply::Failed(reason) => Err(SandboxError::SetUp(reason)),
            reply => Err(SandboxError::Protocol(format!("{reply:?}"))),
        }
    }

    /// What this sandbox lacks on this machine: limits that cannot be set, folders that are read-only.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Starts a command. Many may run at once.
    ///
    /// A program that cannot be run says so in its output and exits with 127 (not found) or 126, as in a
    /// shell. [`Command::timeout`] is up to the caller.
    pub async fn exec(&self, command: &Command) -> Result<Process, SandboxError> {
        let failed = || SandboxError::io("cannot make a pipe for a command's output");
        let (ours, theirs) = std::io::pipe().map_err(failed())?;
        let output = pipe::Receiver::from_owned_fd(ours.into()).map_err(failed())?;
        let (id, exit) = self.link.register(OomCount::now(&self.groups))?;
        let request = Request::Exec {
            id,
            command: self.program(command),
            terminal: None,
        };
        self.link.send(&request, vec![Arc::new(theirs.into())])?;
        Ok(Process {
            link: self.link.clone(),
            id,
            output,
            exit,
        })
    }

    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups
    }

    pub(crate) fn program(&self, command: &Command) -> Program {
        let env = command
            .env
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()));
        Program {
            argv: command.argv.clone(),
            env: env.collect(),
            working_dir: command
                .working_dir
                .clone()
                .unwrap_or_else(|| self.working_dir.clone()),
        }
    }

    /// Kills everything and waits until it is gone: from then on its folders can be read and removed.
    pub async fn stop(mut self) -> Result<(), SandboxError> {
        self.link.close();
        self.init.see_off().await
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.link.close();
    }
}

fn group_name() -> String {
    let number = NEXT_GROUP.fetch_add(1, Ordering::Relaxed);
    format!("towpath-{}-{number}", std::process::id())
}

/// What goes over the wire, and the descriptors beside it.
fn isolation(
    host: &Host,
    spec: Spec,
    machine_folders: Option<PathBuf>,
    rlimits: Limits,
) -> (Isolation, Vec<Arc<OwnedFd>>) {
    let mut fds = Vec::new();
    let mut user_namespace = host.user_namespace();
    let network = match spec.network {
        Network::Host => NetworkChoice::Host,
        Network::Isolated => NetworkChoice::Isolated,
        Network::Join { user, net } => {
            if let Some(user) = user {
                user_namespace = UserNamespaceChoice::Join;
                fds.push(user);
            }
            fds.push(net);
            NetworkChoice::Join
        }
    };
    let isolation = Isolation {
        root: spec.root,
        mounts: spec.mounts,
        machine_folders,
        user_namespace,
        network,
        hostname: spec.hostname,
        user: spec.user,
        capabilities: spec.capabilities,
        read_only_root: spec.read_only_root,
        rlimits,
    };
    (isolation, fds)
}
