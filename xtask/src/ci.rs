use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::{bench, fuzz, kill, process, random};

#[derive(Args)]
pub(crate) struct Options {
    /// Also what takes long: ten minutes of fuzzing, a thousand kills, other random cases and more, the benches.
    #[arg(long)]
    full: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    process::run(Command::new("bash").arg(process::root().join(".ci/run")))?;
    if options.full {
        fuzz::run(&fuzz::Options::seconds(600))?;
        kill::run(&kill::Options::count(1000))?;
        random::run(&random::Options::count(20_000))?;
        bench::run(&bench::Options::all())?;
    }
    Ok(())
}
