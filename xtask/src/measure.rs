//! Runs one command and prints what it cost. A process of its own, since the system tells the peak memory
//! of all children of a process together.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde_json::{Value, json};

#[derive(Args)]
pub(crate) struct Options {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    command: Vec<String>,
}

/// What one run of a command cost.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    pub(crate) user: Duration,
    /// Peak resident memory in bytes.
    pub(crate) memory: u64,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let (program, arguments) = options.command.split_first().context("no command")?;
    let start = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .status()
        .with_context(|| format!("cannot start `{program}`"))?;
    let wall = start.elapsed();
    ensure!(status.success(), "`{program}` failed: {status}");
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cost = json!({
        "wall": u64::try_from(wall.as_micros())?,
        "user": usage.user_time().num_microseconds(),
        "memory": usage.max_rss() * 1024,
    });
    println!("{cost}");
    Ok(())
}

/// The cost of a command, its output thrown away.
pub(crate) fn cost(command: &[&str]) -> Result<Cost> {
    let output = Command::new(std::env::current_exe()?)
        .arg("measure")
        .args(command)
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "`{}` failed", command.join(" "));
    let cost: Value = serde_json::from_slice(&output.stdout)?;
    let number = |field: &str| cost[field].as_u64().context("a figure");
    Ok(Cost {
        wall: Duration::from_micros(number("wall")?),
        user: Duration::from_micros(number("user")?),
        memory: number("memory")?,
    })
}
