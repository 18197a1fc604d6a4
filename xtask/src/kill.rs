use anyhow::Result;
use clap::Args;

use crate::process;

#[derive(Args)]
pub(crate) struct Options {
    /// How many times the server is killed.
    #[arg(long, default_value_t = 50)]
    count: u32,
}

impl Options {
    pub(crate) fn count(count: u32) -> Self {
        Self { count }
    }
}

/// The kill test of `crates/towpath`, as often as asked.
pub(crate) fn run(options: &Options) -> Result<()> {
    process::run(
        process::cargo()
            .args([
                "test",
                "--package",
                "towpath",
                "--test",
                "it",
                "kill",
                "--",
                "--nocapture",
            ])
            .env("TOWPATH_KILLS", options.count.to_string()),
    )
}
