//! `RUN`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Instant;

use serde_json::json;
use tokio::io::AsyncReadExt;
use towpath_model::workspace::{Command, Exit};
use towpath_model::{Diagnostic, Digest};
use towpath_oci::Layer;
use towpath_oci::layer::Owners;
use towpath_sandbox::{Layers, Limits, Mount, Network, Process, RootFs, Sandbox, Spec, User};

use super::blocking::blocking;
use super::command::{self, RunCommand, SCRIPT};
use super::engine::Engine;
use super::error::{BuildError, Stop};
use super::progress::{Label, Progress};
use super::scratch_folder::ScratchFolder;
use super::settings::DEFAULT_PATH;
use super::state::State;
use super::{FILE_TIME, cache, variables};
use crate::accounts::{Accounts, Ids};
use crate::dockerfile::{Run, RunNetwork, Step};
use crate::image_files;
use crate::tree::Tree;

/// Files of the machine that a command needs to find others on the network.
const NETWORK_FILES: [&str; 2] = ["/etc/resolv.conf", "/etc/hosts"];

/// As for a build's commands: enough for any compiler, not for a fork bomb.
const LIMITS: Limits = Limits {
    memory: None,
    pids: Some(8192),
    cpu_millis: None,
};

impl Engine<'_> {
    pub(crate) async fn run(
        &mut self,
        step: &Step,
        run: &Run,
        state: &mut State,
        label: &Label,
    ) -> Result<(), Stop> {
        let since = Instant::now();
        let command = command::command(state, run);
        let key = key(state, run, &command);
        if self.reuse(&key, step, state, label).await? {
            return Ok(());
        }
        self.progress.started(label, &step.text);
        let made = self.execute(step, run, &command, state).await;
        match &made {
            Ok(_) => self.progress.finished(label, since),
            Err(_) => self.progress.failed(label, since),
        }
        self.add(&key, made?, state).await
    }

    async fn execute(
        &mut self,
        step: &Step,
        run: &Run,
        command: &RunCommand,
        state: &State,
    ) -> Result<Layer, Stop> {
        let lower = self.unpacked(step, &state.layers).await?;
        let image = self.tree(step, &state.layers).await?;
        let user = who(step, command, state, image).await?;
        let env = self.environment(state, &user);
        let folder = ScratchFolder::new(&self.builder.work, &self.builder.host).await?;
        let layers = Layers {
            lower,
            upper: folder.folder("upper").await?,
            work: folder.folder("work").await?,
        };
        let upper = layers.upper.clone();
        let spec = spec(layers, run, command, state, user, &folder).await?;
        let command = Command {
            argv: command.argv.clone(),
            env,
            working_dir: Some(PathBuf::from(&state.settings.working_dir)),
            timeout: None,
        };
        let sandbox = self.sandbox(step, spec).await?;
        let exit = run_to_end(&sandbox, &command, &mut self.progress).await?;
        sandbox.stop().await?;
        if !exit.success() {
            folder.remove().await?;
            return Err(failed(step, exit).into());
        }
        let layer = self.write_diff(step, &upper).await;
        folder.remove().await?;
        layer
    }

    /// What this machine does not allow is for its user to change, not for us to try again.
    async fn sandbox(&self, step: &Step, spec: Spec) -> Result<Sandbox, Stop> {
        let host = &self.builder.host;
        if let Err(lack) = host.sandbox() {
            let message = format!("RUN needs a sandbox: {lack}");
            return Err(Diagnostic::new(step.location.clone(), message).into());
        }
        Ok(Sandbox::start(host, spec).await?)
    }

    async fn write_diff(&self, step: &Step, upper: &Path) -> Result<Layer, Stop> {
        let (users, groups) = (self.builder.host.clone(), self.builder.host.clone());
        let owners = Owners::mapped(
            move |uid| users.uid_inside(uid),
            move |gid| groups.gid_inside(gid),
        );
        let blobs = self.builder.registry().blobs();
        let layer = towpath_oci::layer::write_diff(blobs, upper, owners, FILE_TIME).await;
        layer.map_err(|error| Stop::writing(error, &step.location))
    }

    /// The image's variables and the `ARG`s, and what every shell expects; nothing of the server's.
    fn environment(&self, state: &State, user: &Ids) -> BTreeMap<String, String> {
        let given = self.request.build_args.iter();
        let predefined = given.filter(|(name, _)| variables::PREDEFINED.contains(&name.as_str()));
        let home = user.home.clone().unwrap_or_else(|| "/".to_owned());
        let mut env = BTreeMap::from([
            ("PATH".to_owned(), DEFAULT_PATH.to_owned()),
            ("HOME".to_owned(), home),
        ]);
        env.extend(predefined.map(|(name, value)| (name.clone(), value.clone())));
        env.extend(state.variables());
        env
    }
}

fn key(state: &State, run: &Run, command: &RunCommand) -> Digest {
    let inputs = json!({
        "below": state.chain(),
        "argv": command.argv,
        "script": command.script,
        "env": state.variables(),
        "user": state.settings.user,
        "in": state.settings.working_dir,
        "network": run.network == RunNetwork::Host,
    });
    cache::key("run", &inputs)
}

/// Looks the user up, and refuses a program that is not there before a sandbox is made for it.
async fn who(step: &Step, command: &RunCommand, state: &State, image: Tree) -> Result<Ids, Stop> {
    let program = command.argv.first().cloned().unwrap_or_default();
    let (step, user) = (step.clone(), state.settings.user.clone());
    let path = state.variables().remove("PATH");
    let from_scratch = state.layers.is_empty();
    blocking(move || {
        let read = |source| BuildError::Io {
            what: "read the image".to_owned(),
            source,
        };
        let path = path.as_deref().unwrap_or(DEFAULT_PATH);
        let is_script = program == SCRIPT;
        if !is_script && !image_files::has_program(&image, &program, path).map_err(read)? {
            return Err(Stop::from(no_program(&step, &program, from_scratch)));
        }
        let accounts = image_files::accounts(&image).map_err(read)?;
        ids(&step, &accounts, user.as_deref())
    })
    .await
}

fn no_program(step: &Step, program: &str, from_scratch: bool) -> Diagnostic {
    let message = format!("RUN needs {program}, which is not in the image");
    Diagnostic::new(step.location.clone(), message).help(if from_scratch {
        "FROM scratch is empty: build in another stage or before the image, and COPY what it made"
    } else {
        "COPY it there first, or begin FROM an image that has it"
    })
}

fn ids(step: &Step, accounts: &Accounts, user: Option<&str>) -> Result<Ids, Stop> {
    let user = user.unwrap_or("0");
    Ok(accounts.user(user).map_err(|error| {
        let message = format!("USER {user}: {error}");
        Diagnostic::new(step.location.clone(), message)
            .help("create it in a RUN before, or give numbers")
    })?)
}

async fn spec(
    layers: Layers,
    run: &Run,
    command: &RunCommand,
    state: &State,
    user: Ids,
    folder: &ScratchFolder,
) -> Result<Spec, BuildError> {
    let mut spec = Spec::new(RootFs::Layers(layers));
    spec.limits = LIMITS;
    spec.working_dir = PathBuf::from(&state.settings.working_dir);
    spec.user = User {
        uid: user.uid,
        gid: user.gid,
        groups: user.groups,
    };
    spec.network = match run.network {
        RunNetwork::Host => Network::Host,
        RunNetwork::None => Network::Isolated,
    };
    spec.mounts = network_files(folder).await?;
    if let Some(script) = &command.script {
        let file = folder.file("script", script.as_bytes()).await?;
        spec.mounts.push(Mount::bind(file, SCRIPT).read_only());
    }
    Ok(spec)
}

/// Copies, so that a command can neither change the machine's nor see what it becomes later.
async fn network_files(folder: &ScratchFolder) -> Result<Vec<Mount>, BuildError> {
    let mut mounts = Vec::new();
    for (path, name) in NETWORK_FILES.iter().zip(["resolv.conf", "hosts"]) {
        let content = match tokio::fs::read(path).await {
            Ok(content) => content,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(BuildError::io("read", *path)(error)),
        };
        mounts.push(Mount::bind(folder.file(name, &content).await?, *path));
    }
    Ok(mounts)
}

fn failed(step: &Step, exit: Exit) -> Diagnostic {
    let message = format!("`{}` failed: {exit}", step.text);
    Diagnostic::new(step.location.clone(), message).help("its output is in the log above")
}

/// Passes the output on until the command ends. What it left running ends with it, as in a container.
async fn run_to_end(
    sandbox: &Sandbox,
    command: &Command,
    progress: &mut Progress<'_>,
) -> Result<Exit, Stop> {
    for note in sandbox.notes() {
        progress.note(note);
    }
    let mut process = sandbox.exec(command).await?;
    let mut end = pin!(process.wait());
    let mut buffer = vec![0; 64 * 1024];
    loop {
        tokio::select! {
            exit = &mut end => {
                process.kill();
                while read(&mut process, &mut buffer, progress).await? {}
                return Ok(exit?);
            }
            more = read(&mut process, &mut buffer, progress) => if !more? {
                return Ok(end.await?);
            },
        }
    }
}

/// Whether there may be more.
async fn read(
    process: &mut Process,
    buffer: &mut [u8],
    progress: &mut Progress<'_>,
) -> Result<bool, BuildError> {
    let count = process
        .read(buffer)
        .await
        .map_err(|source| BuildError::Io {
            what: "read the command's output".to_owned(),
            source,
        })?;
    progress.output(&buffer[..count]);
    Ok(count > 0)
}
