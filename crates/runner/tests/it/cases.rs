//! Each file in `tests/cases` is a buildspec, a line `=== log`, what the log has to be, a line `=== end`,
//! and the progress and outcome. `UPDATE_CASES=1` writes what came out instead.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use towpath_model::{ExecutionKey, ExecutionNumber, Outcome, Timestamp};
use towpath_runner::{
    Archives, BuildContext, BuildOutcome, DEFAULT_LOG_LIMIT, PhaseStatus, Program, Progress,
    buildspec, run_build,
};

use crate::workspace::TestWorkspace;

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

pub(crate) struct Ran {
    pub(crate) log: String,
    pub(crate) progress: Vec<Progress>,
    pub(crate) result: BuildOutcome,
}

pub(crate) fn run(program: &Program, context: &BuildContext) -> Ran {
    run_in(&TestWorkspace::new(), program, context)
}

pub(crate) fn run_in(workspace: &TestWorkspace, program: &Program, context: &BuildContext) -> Ran {
    let (mut log, mut progress) = (Vec::new(), Vec::new());
    let mut to_log = |chunk: &[u8]| log.extend_from_slice(chunk);
    let mut to_progress = |event| progress.push(event);
    let archives = Archives {
        source: Path::new("source.zip"),
        artifact: Path::new("artifact.zip"),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let build = run_build(
        workspace,
        program,
        context,
        archives,
        &mut to_log,
        &mut to_progress,
    );
    let result = runtime.block_on(build).unwrap();
    Ran {
        log: String::from_utf8(log).unwrap(),
        progress,
        result,
    }
}

/// The log without the colours, which only stand around commands, and the names of temporary folders.
pub(crate) fn plain(log: &str) -> String {
    let log = log.replace("\x1b[1m", "").replace("\x1b[0m", "");
    let shortened =
        log.split('\n')
            .map(|line| match (line.find("/tmp/"), line.find("/private/")) {
                (Some(from), Some(to)) if from < to => format!("{}{}", &line[..from], &line[to..]),
                _ => line.to_owned(),
            });
    shortened.collect::<Vec<_>>().join("\n")
}

fn summary(ran: &Ran) -> String {
    let mut text = String::new();
    for event in &ran.progress {
        if let Progress::PhaseFinished { phase, status, .. } = event {
            let status = if *status == PhaseStatus::Succeeded {
                "succeeded"
            } else {
                "failed"
            };
            writeln!(text, "{phase} {status}").unwrap();
        }
    }
    match &ran.result.outcome {
        Outcome::Failed { reason } => writeln!(text, "failed: {reason}").unwrap(),
        other => writeln!(text, "{other:?}").unwrap(),
    }
    text
}

fn check(path: &Path) -> Result<(), String> {
    let case = std::fs::read_to_string(path).unwrap();
    let spec = case.split("=== log\n").next().unwrap();
    let program =
        buildspec::parse("buildspec.yml", spec).map_err(|e| format!("{}: {e}", path.display()))?;
    let ran = run(&program, &context());
    let actual = format!(
        "{spec}=== log\n{}=== end\n{}",
        plain(&ran.log),
        summary(&ran)
    );
    if actual == case {
        return Ok(());
    }
    if std::env::var_os("UPDATE_CASES").is_some() {
        std::fs::write(path, actual).unwrap();
        return Ok(());
    }
    Err(format!("--- {}\n{actual}", path.display()))
}

#[test]
fn cases_come_out_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(paths.len() > 20);
    let wrong: Vec<String> = paths.iter().filter_map(|path| check(path).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
