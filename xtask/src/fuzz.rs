use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};
use clap::Args;

use crate::process;

#[derive(Args)]
pub(crate) struct Options {
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Only these targets.
    targets: Vec<String>,
}

impl Options {
    pub(crate) fn seconds(seconds: u64) -> Self {
        Self {
            seconds,
            targets: Vec::new(),
        }
    }
}

/// Runs each target from its committed corpus. What it finds new stays outside of the checkout.
pub(crate) fn run(options: &Options) -> Result<()> {
    let all = targets()?;
    let chosen: Vec<&String> = match options.targets.is_empty() {
        true => all.iter().collect(),
        false => options.targets.iter().collect(),
    };
    for target in chosen {
        let found = tempfile::tempdir()?;
        let corpus = process::root().join("fuzz/corpus").join(target);
        process::run(
            process::cargo()
                .args(["fuzz", "run", target])
                .arg(found.path())
                .arg(corpus)
                .arg("--")
                .arg(format!("-max_total_time={}", options.seconds))
                .args([
                    "-timeout=10",
                    "-rss_limit_mb=2048",
                    "-max_len=65536",
                    "-verbosity=0",
                    "-print_funcs=0",
                ])
                // libFuzzer's instrumentation is an unstable flag of the compiler.
                .env("RUSTC_BOOTSTRAP", "1"),
        )?;
    }
    Ok(())
}

fn targets() -> Result<BTreeSet<String>> {
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
