//! Figures for docs/performance.md. Printed, never asserted.

mod apply;
mod blob;
mod figures;
mod kustomize;
mod push;
mod webhook;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::process;

#[derive(Args)]
pub(crate) struct Options {
    /// What to measure; everything when none is named.
    what: Vec<Bench>,
    /// Measures this program instead of building one.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Bench {
    /// From `git push` to the first build command and to the first answer of the new version.
    Push,
    /// A gigabyte into the registry: time and memory.
    Blob,
    /// `kustomize build`, beside upstream's program.
    Kustomize,
    /// Webhooks taken under 32 clients, and none lost when the server is killed.
    Webhook,
    /// 1,000 objects into Kubernetes, beside a bare client.
    Apply,
}

impl Options {
    pub(crate) fn all() -> Self {
        Self {
            what: Vec::new(),
            program: None,
        }
    }

    fn wants(&self, bench: Bench) -> bool {
        self.what.is_empty() || self.what.contains(&bench)
    }
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if options.wants(Bench::Apply) {
        apply::run()?;
    }
    if options.what == [Bench::Apply] {
        return Ok(());
    }
    let program = match &options.program {
        Some(program) => program.clone(),
        None => release_program()?,
    };
    let runtime = tokio::runtime::Runtime::new()?;
    if options.wants(Bench::Push) {
        runtime.block_on(push::run(&program))?;
    }
    if options.wants(Bench::Blob) {
        runtime.block_on(blob::run(&program))?;
    }
    if options.wants(Bench::Webhook) {
        runtime.block_on(webhook::run(&program))?;
    }
    if options.wants(Bench::Kustomize) {
        kustomize::run(&program)?;
    }
    Ok(())
}

fn release_program() -> Result<PathBuf> {
    process::run(process::cargo().args(["build", "--release", "--package", "towpath"]))?;
    Ok(target().join("release/towpath"))
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| process::root().join("target"), PathBuf::from)
}
