//! Fuzzing: targets side by side, each from its committed corpus, a line for each when it is done.

mod plan;
mod turn;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::process;
use plan::Lane;
use turn::{Finding, Report};

#[derive(Args)]
pub(crate) struct Options {
    /// Seconds for each target.
    #[arg(long, default_value_t = 60, conflicts_with = "within")]
    seconds: u64,
    /// Seconds for all targets together: a minute for each of the YAML parser, the emitter and the build, and
    /// for the others what is left of it. Building the targets is not counted.
    #[arg(long)]
    within: Option<u64>,
    /// How many targets run at a time; as many as there are cores without it.
    #[arg(long)]
    lanes: Option<usize>,
    /// Only these targets.
    targets: Vec<String>,
}

impl Options {
    pub(crate) fn seconds(seconds: u64) -> Self {
        Self {
            seconds,
            within: None,
            lanes: None,
            targets: Vec::new(),
        }
    }
}

/// # Errors
/// When a target does not build, or after all have run, when one has found an input that breaks it.
pub(crate) fn run(options: &Options) -> Result<()> {
    let targets = chosen(options)?;
    let lanes = match options.lanes {
        Some(lanes) => lanes.max(1),
        None => thread::available_parallelism()?.get(),
    };
    let plan = match options.within {
        Some(budget) => plan::within(&targets, lanes, budget)?,
        None => plan::even(&targets, lanes, options.seconds),
    };
    let programs = build()?;
    let begin = Instant::now();
    let findings = run_lanes(&plan, &programs)?;
    println!("all in {} s", begin.elapsed().as_secs());
    let broken: Vec<&str> = findings.iter().map(|finding| &*finding.target).collect();
    ensure!(
        broken.is_empty(),
        "broken by an input: {}; the inputs are in fuzz/artifacts, and above is how to run them again",
        broken.join(", ")
    );
    Ok(())
}

fn chosen(options: &Options) -> Result<Vec<String>> {
    let all = all_targets()?;
    for target in &options.targets {
        ensure!(
            all.contains(target),
            "no fuzz target is called `{target}`; there are {}",
            Vec::from_iter(all.iter().cloned()).join(", ")
        );
    }
    Ok(match options.targets.is_empty() {
        true => all.into_iter().collect(),
        false => options.targets.clone(),
    })
}

fn all_targets() -> Result<BTreeSet<String>> {
    let folder = process::root().join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut targets = BTreeSet::new();
    for entry in entries {
        let path = entry?.path();
        if let Some(name) = path.file_stem() {
            targets.insert(name.to_string_lossy().into_owned());
        }
    }
    Ok(targets)
}

/// Builds all targets, each with its instruments, and returns the folder of the programs.
fn build() -> Result<PathBuf> {
    let target_folder = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => process::root().join("fuzz/target"),
    };
    process::run(
        process::cargo()
            .args(["fuzz", "build", "--target-dir"])
            .arg(&target_folder)
            // libFuzzer's instrumentation is an unstable flag of the compiler.
            .env("RUSTC_BOOTSTRAP", "1"),
    )
    .context("`cargo install --locked cargo-fuzz` installs what is needed")?;
    let host = Command::new("rustc")
        .args(["--print", "host-tuple"])
        .output()?;
    let host = String::from_utf8(host.stdout)?;
    Ok(target_folder.join(host.trim()).join("release"))
}

/// Each lane takes its turns one after another; a line is printed at the end of each.
fn run_lanes(plan: &[Lane], programs: &Path) -> Result<Vec<Finding>> {
    println!("{}", Report::HEAD);
    thread::scope(|scope| {
        let lanes: Vec<_> = plan
            .iter()
            .map(|lane| scope.spawn(|| run_lane(lane, programs)))
            .collect();
        let mut findings = Vec::new();
        for lane in lanes {
            let found = lane
                .join()
                .map_err(|_| anyhow::anyhow!("a lane has panicked"))?;
            findings.extend(found?);
        }
        Ok(findings)
    })
}

fn run_lane(lane: &Lane, programs: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for turn in lane {
        let report = turn::run(turn, programs)?;
        println!("{report}");
        findings.extend(report.finding);
    }
    Ok(findings)
}
