//! One run of one target, and what it tells.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::plan::Turn;
use crate::process;

/// What a run has done.
pub(super) struct Report {
    target: String,
    runs: u64,
    /// Inputs that each reach something the others do not: those committed, and those found in this run.
    corpus: usize,
    found: usize,
    took: Duration,
    pub(super) finding: Option<Finding>,
}

/// A target that an input has broken.
pub(super) struct Finding {
    pub(super) target: String,
    /// What the target said, with the input and the command that runs it again.
    said: String,
}

/// From the committed corpus. What is found new stays outside of the checkout, but for an input that breaks the
/// target: that is in `fuzz/artifacts`.
pub(super) fn run(turn: &Turn, programs: &Path) -> Result<Report> {
    let found = tempfile::tempdir()?;
    let corpus = process::root().join("fuzz/corpus").join(&turn.target);
    let begin = Instant::now();
    let output = fuzz(turn, programs, found.path(), &corpus)?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok(Report {
        target: turn.target.clone(),
        runs: statistic(&said, "number_of_executed_units"),
        corpus: count(&corpus)?,
        found: count(found.path())?,
        took: begin.elapsed(),
        finding: (!output.status.success()).then(|| Finding {
            target: turn.target.clone(),
            said,
        }),
    })
}

fn fuzz(turn: &Turn, programs: &Path, found: &Path, corpus: &Path) -> Result<Output> {
    let artifacts = artifacts(&turn.target);
    fs::create_dir_all(&artifacts).with_context(|| artifacts.display().to_string())?;
    let program = programs.join(&turn.target);
    Command::new(&program)
        .args([found, corpus])
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(format!("-max_total_time={}", turn.seconds))
        .args([
            "-timeout=10",
            "-rss_limit_mb=2048",
            "-max_len=65536",
            "-verbosity=0",
            "-print_funcs=0",
            "-print_final_stats=1",
        ])
        // As cargo fuzz starts it.
        .env("ASAN_OPTIONS", "detect_odr_violation=0")
        .output()
        .with_context(|| format!("cannot start {}", program.display()))
}

fn artifacts(target: &str) -> PathBuf {
    process::root().join("fuzz/artifacts").join(target)
}

/// A line such as `stat::number_of_executed_units: 12`. A target that was broken prints none.
fn statistic(said: &str, name: &str) -> u64 {
    let line = said
        .lines()
        .find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name));
    let number = line.and_then(|rest| rest.trim_start_matches(':').trim().parse().ok());
    number.unwrap_or_default()
}

fn count(folder: &Path) -> Result<usize> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    Ok(entries.count())
}

impl Report {
    pub(super) const HEAD: &str =
        "target                 runs   a second   corpus    found     time";
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let took = self.took.as_secs_f64();
        let rate = self.runs as f64 / took.max(1.0);
        let (target, runs, corpus, found) = (&self.target, self.runs, self.corpus, self.found);
        write!(
            f,
            "{target:<16} {runs:>10} {rate:>10.0} {corpus:>8} {found:>8} {took:>6.0} s"
        )?;
        match &self.finding {
            Some(finding) => write!(
                f,
                "   BROKEN\n{}\nAgain: RUSTC_BOOTSTRAP=1 cargo fuzz run {target} <the input written above>",
                finding.said
            ),
            None => Ok(()),
        }
    }
}
