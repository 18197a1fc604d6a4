//! The worker: put into a build's pod, started beside its commands, and told by its environment whom to call.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use towpath_remote::worker::{Config, work};
use towpath_sandbox::InitProgram;

/// The first argument with which it starts itself to run commands.
const INIT: &str = "towpath-init";

fn main() -> ExitCode {
    // Before any thread: an init process is single-threaded.
    let mut arguments = env::args_os().skip(1);
    match arguments.next() {
        Some(argument) if argument == INIT => towpath_sandbox::init::main(),
        Some(argument) if argument == "install" => match arguments.next() {
            Some(folder) => end(install(Path::new(&folder)).map_err(|error| error.to_string())),
            None => end(Err("install: expected a folder".to_owned())),
        },
        Some(argument) => end(Err(format!(
            "unknown argument {argument:?}; expected `install FOLDER` or none"
        ))),
        None => end(run()),
    }
}

#[expect(clippy::print_stderr, reason = "a program of its own")]
fn end(ended: Result<String, String>) -> ExitCode {
    match ended {
        Ok(reason) => {
            eprintln!("towpath-worker: {reason}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("towpath-worker: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// Copies this program to where a container of any image can start it.
fn install(folder: &Path) -> io::Result<String> {
    let target = folder.join("towpath-worker");
    fs::copy("/proc/self/exe", &target)?;
    Ok(format!("installed as {}", target.display()))
}

fn run() -> Result<String, String> {
    let config = config()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start: {error}"))?;
    runtime
        .block_on(work(config))
        .map_err(|error| error.to_string())
}

fn config() -> Result<Config, String> {
    let folder = PathBuf::from(variable("TOWPATH_WORK_FOLDER")?);
    fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot make the folder {}: {error}", folder.display()))?;
    let own_path = env::current_exe().map_err(|error| format!("cannot find itself: {error}"))?;
    Ok(Config {
        url: variable("TOWPATH_WORK_URL")?,
        token: variable("TOWPATH_WORK_TOKEN")?,
        certificate_authorities: env::var("TOWPATH_WORK_CA")
            .ok()
            .filter(|pem| !pem.is_empty()),
        environment: environment(),
        folder,
        init: InitProgram::within(own_path),
    })
}

/// Of the image. What is meant for this program alone is left out, and so is what a cluster adds.
fn environment() -> BTreeMap<String, String> {
    env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| !name.starts_with("TOWPATH_WORK_") && !name.starts_with("KUBERNETES_"))
        .collect()
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| {
        format!(
            "the variable {name} is not set; Towpath starts this program itself, where builds run"
        )
    })
}
