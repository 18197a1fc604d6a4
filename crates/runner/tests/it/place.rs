//! The places that a build runs in, and all that it takes to run one there.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use towpath_model::workspace::{Selection, Workspace};
use towpath_model::{ExecutionKey, ExecutionNumber, Timestamp};
use towpath_runner::{
    Archives, BuildContext, BuildOutcome, DEFAULT_LOG_LIMIT, Program, Progress, run_build,
};
use towpath_sandbox::{
    Host, InitProgram, Limits, Network, PlainWorkspace, SandboxWorkspace, WorkspaceSpec,
};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Plain,
    Sandbox,
}

/// What came out of a build.
pub(crate) struct Ran {
    pub(crate) log: String,
    pub(crate) progress: Vec<Progress>,
    pub(crate) result: BuildOutcome,
    /// The paths in the artifact.
    pub(crate) artifact: Vec<String>,
}

pub(crate) fn context() -> BuildContext {
    BuildContext {
        execution: ExecutionKey {
            project: "hello".parse().unwrap(),
            number: ExecutionNumber(7),
        },
        commit: "0123456789012345678901234567890123456789".parse().unwrap(),
        reference: "refs/heads/main".parse().unwrap(),
        source_repo_url: "http://127.0.0.1:8480/git/hello.git".to_owned(),
        build_url: None,
        started_at: Timestamp(1_700_000_000_000),
        path: "/usr/bin:/bin".to_owned(),
        home: "/nonexistent".to_owned(),
        lang: "C.UTF-8".to_owned(),
        timeout: Duration::from_secs(60),
        log_limit: DEFAULT_LOG_LIMIT,
    }
}

/// Runs a program as plain processes in a source folder without files.
pub(crate) fn run(program: &Program, context: &BuildContext) -> Ran {
    run_in(Place::Plain, &[], program, context)
}

/// Runs a program over these files (path, content).
pub(crate) fn run_in(
    place: Place,
    files: &[(&str, &str)],
    program: &Program,
    context: &BuildContext,
) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("work");
    let paths = (
        source_zip(&folder, files),
        folder.path().join("artifact.zip"),
    );
    let archives = Archives {
        source: &paths.0,
        artifact: &paths.1,
    };
    runtime().block_on(async {
        match place {
            Place::Plain => {
                let workspace = plain(&work).await;
                let ran = build(&workspace, program, context, archives).await;
                workspace.close().await.unwrap();
                ran
            }
            Place::Sandbox => {
                let workspace = sandboxed(&work).await;
                let ran = build(&workspace, program, context, archives).await;
                workspace.close().await.unwrap();
                ran
            }
        }
    })
}

async fn build<W: Workspace>(
    workspace: &W,
    program: &Program,
    context: &BuildContext,
    archives: Archives<'_>,
) -> Ran {
    let (mut log, mut progress) = (Vec::new(), Vec::new());
    let mut to_log = |chunk: &[u8]| log.extend_from_slice(chunk);
    let mut to_progress = |event| progress.push(event);
    let build = run_build(
        workspace,
        program,
        context,
        archives,
        &mut to_log,
        &mut to_progress,
    );
    let result = build.await.unwrap();
    let artifact = match result.artifact {
        Some(_) => towpath_archive::zip::list(archives.artifact).unwrap(),
        None => Vec::new(),
    };
    let artifact = artifact
        .iter()
        .map(|entry| entry.path.to_string())
        .collect();
    Ran {
        log: String::from_utf8(log).unwrap(),
        progress,
        result,
        artifact,
    }
}

/// A workspace of plain processes, its source folder still empty.
pub(crate) async fn plain(work: &Path) -> PlainWorkspace {
    PlainWorkspace::start(host(), work, &Limits::default())
        .await
        .unwrap()
}

async fn sandboxed(work: &Path) -> SandboxWorkspace {
    let spec = WorkspaceSpec {
        work: work.to_owned(),
        home: std::env::var_os("HOME")
            .unwrap_or_else(|| "/".into())
            .into(),
        hide: vec![work.to_owned()],
        limits: Limits::default(),
        network: Network::Isolated,
    };
    SandboxWorkspace::start(host(), spec).await.unwrap()
}

pub(crate) fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| {
        let detect = || {
            runtime().block_on(Host::detect(InitProgram::new(
                towpath_testkit::init_program(),
            )))
        };
        // Not on the thread of a runtime that already runs.
        std::thread::spawn(detect).join().unwrap()
    })
}

pub(crate) fn source_zip(folder: &TempDir, files: &[(&str, &str)]) -> PathBuf {
    let source = folder.path().join("files");
    std::fs::create_dir(&source).unwrap();
    for (path, content) in [("README", "")].iter().chain(files) {
        let path = source.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let archive = folder.path().join("source.zip");
    let selection = Selection {
        files: vec!["**/*".to_owned()],
        ..Selection::default()
    };
    towpath_archive::zip::pack(&source, &selection, &archive).unwrap();
    archive
}
