//! Each file in `tests/cases` is a buildspec, a line `=== log`, what the log has to be, a line `=== end`,
//! and the progress and outcome. `UPDATE_CASES=1` writes what came out instead.

use std::fmt::Write as _;
use std::path::Path;

use towpath_model::Outcome;
use towpath_runner::{PhaseStatus, Progress, buildspec};

use crate::place::{Place, Ran, context, run_in};

/// The log without the colours, which only stand around commands, and the names of temporary folders.
pub(crate) fn plain(log: &str) -> String {
    let log = log.replace("\x1b[1m", "").replace("\x1b[0m", "");
    let shortened = log
        .split('\n')
        .map(|line| match line.find("/private/build-") {
            Some(to) => {
                let from = line.find('/').unwrap_or(to);
                format!("{}{}", &line[..from], &line[to..])
            }
            None => line.to_owned(),
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
    if !ran.artifact.is_empty() {
        writeln!(text, "artifact: {}", ran.artifact.join(" ")).unwrap();
    }
    match &ran.result.outcome {
        Outcome::Failed { reason } => writeln!(text, "failed: {reason}").unwrap(),
        other => writeln!(text, "{other:?}").unwrap(),
    }
    text
}

fn check(path: &Path, place: Place) -> Result<(), String> {
    let case = std::fs::read_to_string(path).unwrap();
    let spec = case.split("=== log\n").next().unwrap();
    let program =
        buildspec::parse("buildspec.yml", spec).map_err(|e| format!("{}: {e}", path.display()))?;
    let ran = run_in(place, &[], &program, &context());
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
    Err(format!("--- {} in {place:?}\n{actual}", path.display()))
}

fn check_all(place: Place) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(paths.len() > 20);
    let wrong: Vec<String> = paths
        .iter()
        .filter_map(|path| check(path, place).err())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn cases_come_out_as_written_as_plain_processes() {
    check_all(Place::Plain);
}

#[test]
fn cases_come_out_as_written_in_a_sandbox() {
    check_all(Place::Sandbox);
}
