use anyhow::Result;
use clap::Args;

use crate::process;

#[derive(Args)]
pub(crate) struct Options {
    /// How many kustomizations and texts of each kind.
    #[arg(long, default_value_t = 20_000)]
    count: u32,
    /// Draws the same ones again; others each time when not given.
    #[arg(long)]
    seed: Option<u64>,
}

impl Options {
    pub(crate) fn count(count: u32) -> Self {
        Self { count, seed: None }
    }
}

/// The random tests of `crates/kustomize`, beside upstream's program.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut command = process::cargo();
    let package = ["test", "--package", "towpath-kustomize", "--test", "it"];
    command.args(package).args(["random", "--", "--nocapture"]);
    command.env("PROPTEST_CASES", options.count.to_string());
    command.env("TOWPATH_REQUIRE_REAL", "1");
    command.env_remove("PROPTEST_RNG_SEED");
    if let Some(seed) = options.seed {
        command.env("PROPTEST_RNG_SEED", seed.to_string());
    }
    process::run(&mut command)
}
