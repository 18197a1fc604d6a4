use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use towpath_model::workspace::{Command, Exit};
use towpath_oci::image::Config;
use towpath_sandbox::{Layers, Limits, Network, RootFs, Sandbox, Spec, User, remove_tree};

use super::asking::Asked;
use super::container::Runs;
use super::context::PodContext;
use super::image::{self, Unpacked};
use super::main_process::MainProcess;
use super::stopping::{self, Stopping, stop_signal};
use crate::local::net::GATEWAY;
use crate::pod::{Downward, Ids, command_line, environment, resolve_user};

/// What a container has that says nothing else (Docker's default).
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Processes and threads of one container: enough for any server, too few for a fork bomb to matter.
const MOST_PROCESSES: u64 = 8192;

/// A container that runs.
pub(super) struct Running {
    sandbox: Sandbox,
    pub(super) process: MainProcess,
    env: BTreeMap<String, String>,
    signal: i32,
    folder: PathBuf,
    log: std::sync::Arc<super::LogRing>,
}

/// Starts the next run; the error is a sentence for the pod's status.
pub(super) async fn start(runs: &mut Runs<'_>) -> Result<Running, String> {
    let unpacked = match runs.image.take() {
        Some(unpacked) => unpacked,
        None => image::unpack(runs.pod, &runs.container.image).await?,
    };
    let started = start_in(runs, &unpacked).await;
    runs.image = Some(unpacked);
    started
}

async fn start_in(runs: &Runs<'_>, unpacked: &Unpacked) -> Result<Running, String> {
    let default = Config::default();
    let config = unpacked.image.config.config().as_ref().unwrap_or(&default);
    let ids = ids(runs, config, unpacked)?;
    let given = given_environment(runs)?;
    let command = command(runs, config, &ids, given)?;
    let folder = runs
        .pod
        .folder()
        .join("runs")
        .join(format!("{}-{}", runs.container.name, runs.count));
    let spec = spec(runs, unpacked, ids, folder.clone())?;
    let log = runs
        .pod
        .logs
        .get(&runs.container.name)
        .cloned()
        .ok_or("its log is missing")?;
    let machine = &runs.pod.machine;
    let sandbox = Sandbox::start(&machine.host, spec)
        .await
        .map_err(|error| error.to_string())?;
    for note in sandbox.notes() {
        tracing::debug!(
            pod = runs.pod.identity.name,
            container = runs.container.name,
            note,
            "sandbox"
        );
    }
    let process = sandbox
        .exec(&command)
        .await
        .map_err(|error| error.to_string())?;
    Ok(Running {
        sandbox,
        process: MainProcess::new(process, log.clone()),
        env: command.env,
        signal: stop_signal(config.stop_signal().as_deref()),
        folder,
        log,
    })
}

fn ids(runs: &Runs, config: &Config, unpacked: &Unpacked) -> Result<Ids, String> {
    let pod = &runs.pod.template.spec.security;
    let passwd = image::text_file(&unpacked.lower, "etc", "passwd");
    let group = image::text_file(&unpacked.lower, "etc", "group");
    let user = config.user().as_deref().unwrap_or_default();
    resolve_user(pod, &runs.container.security, user, &passwd, &group)
        .map_err(|error| error.to_string())
}

fn given_environment(runs: &Runs) -> Result<BTreeMap<String, String>, String> {
    let (identity, template) = (&runs.pod.identity, &runs.pod.template);
    let downward = Downward {
        name: &identity.name,
        namespace: &identity.namespace,
        uid: &identity.uid,
        ip: runs.place.ip,
        host_ip: GATEWAY,
        service_account: &template.spec.service_account,
        labels: &template.labels,
        annotations: &template.annotations,
    };
    environment(runs.container, &runs.pod.configs(), &downward).map_err(|error| error.to_string())
}

fn command(
    runs: &Runs,
    config: &Config,
    ids: &Ids,
    given: BTreeMap<String, String>,
) -> Result<Command, String> {
    let words = |words: &Option<Vec<String>>| words.clone().unwrap_or_default();
    let argv = command_line(
        runs.container,
        &words(config.entrypoint()),
        &words(config.cmd()),
        &given,
    );
    if argv.is_empty() {
        return Err("neither the image nor the manifest names a command".to_owned());
    }
    let mut env = BTreeMap::from([
        ("PATH".to_owned(), PATH.to_owned()),
        ("HOME".to_owned(), ids.home.clone()),
        ("HOSTNAME".to_owned(), runs.pod.hostname().to_owned()),
    ]);
    let of_image = words(config.env());
    env.extend(
        of_image
            .iter()
            .filter_map(|line| line.split_once('='))
            .map(|(k, v)| (k.to_owned(), v.to_owned())),
    );
    env.extend(given);
    Ok(Command {
        argv,
        env,
        working_dir: Some(working_dir(runs, config)),
        timeout: None,
    })
}

fn working_dir(runs: &Runs, config: &Config) -> PathBuf {
    let of_image = config
        .working_dir()
        .as_deref()
        .filter(|dir| dir.starts_with('/'));
    runs.container
        .working_dir
        .as_deref()
        .or(of_image)
        .unwrap_or("/")
        .into()
}

fn spec(runs: &Runs, unpacked: &Unpacked, ids: Ids, folder: PathBuf) -> Result<Spec, String> {
    let make = |name: &str| {
        let path = folder.join(name);
        std::fs::create_dir_all(&path)
            .map_err(|error| format!("cannot make {}: {error}", path.display()))?;
        Ok::<_, String>(path)
    };
    let root = RootFs::Layers(Layers {
        lower: unpacked.lower.clone(),
        upper: make("upper")?,
        work: make("work")?,
    });
    let container = runs.container;
    Ok(Spec {
        mounts: runs
            .volumes
            .mounts(container)
            .map_err(|error| error.to_string())?,
        network: Network::Join {
            user: runs.place.namespaces.user.clone(),
            net: runs.place.namespaces.net.clone(),
        },
        limits: Limits {
            memory: container.resources.memory,
            pids: Some(MOST_PROCESSES),
            cpu_millis: container.resources.cpu_millis,
        },
        hostname: Some(runs.pod.hostname().to_owned()),
        user: User {
            uid: ids.uid,
            gid: ids.gid,
            groups: ids.groups,
        },
        capabilities: container.security.capabilities(),
        read_only_root: container.security.read_only_root,
        ..Spec::new(root)
    })
}

impl Running {
    /// What probes need of it.
    pub(super) fn asked<'a>(&'a self, runs: &Runs<'a>) -> Asked<'a> {
        let ip: Ipv4Addr = runs.place.ip;
        Asked {
            network: &runs.pod.machine.network,
            sandbox: &self.sandbox,
            container: runs.container,
            ip,
            env: &self.env,
        }
    }

    /// Ends it in order.
    pub(super) async fn end(&self, runs: &Runs<'_>, grace: Option<Duration>) {
        stopping::end(Stopping {
            sandbox: &self.sandbox,
            process: &self.process,
            pre_stop: runs.container.pre_stop.as_ref(),
            env: &self.env,
            signal: self.signal,
            grace: grace.unwrap_or(runs.pod.template.spec.termination_grace),
        })
        .await;
    }

    /// How it ended by itself, for people, and whether that is a success.
    pub(super) fn describe(&self, ended: Result<Exit, String>) -> (String, bool) {
        let (how, success) = match ended {
            Ok(exit) => (format!("ended with {exit}"), exit.success()),
            Err(error) => (format!("ended: {error}"), false),
        };
        match self.log.take_last_line() {
            Some(line) if !success => (format!("{how}, last output `{line}`"), success),
            _ => (how, success),
        }
    }

    /// Kills what it left running and removes what it wrote.
    pub(super) async fn clean_up(self, pod: &PodContext) {
        if let Err(error) = self.sandbox.stop().await {
            tracing::error!(pod = pod.identity.name, %error, "ending a container");
        }
        if let Err(error) = remove_tree(&pod.machine.host, &self.folder).await {
            tracing::error!(pod = pod.identity.name, %error, "removing what a container wrote");
        }
    }
}
