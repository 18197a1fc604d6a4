//! `towpath run`: the pipeline of a working tree, on this machine, without a server.

mod cache;
mod git;
mod log;
mod prepare;
mod select;
mod shell;
pub mod snapshot;

use std::time::Instant;

use anyhow::{Context, Result};
use console::style;
use tokio_util::sync::CancellationToken;
use towpath_cluster::Cluster;
use towpath_model::{ActionRunKey, ExecutionKey, Status};
use towpath_web::api::wire::ExecutionDocument;
use towpath_web::{App, api};

use crate::cli::run::RunOptions;
use crate::exit::Verdict;
use crate::server::{self, Parts};
use crate::{live, output, tty};
use log::Watched;
use prepare::Prepared;

pub async fn run(options: RunOptions) -> Result<Verdict> {
    let start = Instant::now();
    if options.shell_on_failure && !tty::is_there() {
        anyhow::bail!("--shell-on-failure needs a terminal to sit at");
    }
    let prepared = prepare::prepare(&options).await?;
    say(&prepared.title);
    let parts = &prepared.parts;
    let shutdown = CancellationToken::new();
    let engine = tokio::spawn({
        let (engine, shutdown) = (parts.engine.clone(), shutdown.clone());
        async move { engine.run(shutdown).await }
    });
    let followed = follow(&options, &prepared).await;
    let verdict = match &followed {
        Ok(execution) => ended(&options, &prepared, execution, start).await,
        Err(_) => Ok(Verdict::CouldNotRun),
    };
    shutdown.cancel();
    engine.await.context("the pipeline's task")?;
    prepared.close().await;
    followed?;
    verdict
}

/// Shows the execution to its end, which Ctrl-C hastens.
async fn follow(options: &RunOptions, prepared: &Prepared) -> Result<ExecutionDocument> {
    let Prepared {
        parts, app, key, ..
    } = prepared;
    let look = async || document(app, key).await;
    let watched = async {
        match options.verbose {
            true => log::follow(&parts.logs, key, look).await,
            false => live::follow(look).await,
        }
    };
    tokio::pin!(watched);
    tokio::select! {
        execution = &mut watched => return execution,
        interrupted = server::interrupted() => interrupted?,
    }
    parts.store.request_cancel(key, prepare::now()).await?;
    tokio::select! {
        execution = watched => execution,
        again = server::interrupted() => {
            again?;
            anyhow::bail!("interrupted twice: what was running is killed")
        }
    }
}

async fn document(app: &App, key: &ExecutionKey) -> Result<ExecutionDocument> {
    Ok(api::execution(app, key).await?)
}

async fn ended(
    options: &RunOptions,
    prepared: &Prepared,
    execution: &ExecutionDocument,
    start: Instant,
) -> Result<Verdict> {
    let took = output::duration(start.elapsed());
    let status = output::status(execution.summary.status);
    match execution.summary.status {
        Status::Succeeded if options.deploy => {
            println!("{status} in {took}");
            stay(&prepared.parts, &prepared.key).await?;
            Ok(Verdict::Fine)
        }
        Status::Succeeded => {
            println!("{status} in {took}{}", prepared.not_deployed());
            Ok(Verdict::Fine)
        }
        Status::Failed => {
            let failed = tell_failure(options, &prepared.parts, &prepared.key, execution)?;
            println!("{status} in {took}");
            if let Some(run) = failed.filter(|_| options.shell_on_failure) {
                shell::visit(&prepared.parts, &run).await?;
            }
            Ok(Verdict::Problems)
        }
        _ => {
            println!("{status} after {took}");
            Ok(Verdict::Problems)
        }
    }
}

/// What was deployed runs until somebody has seen it.
async fn stay(parts: &Parts, key: &ExecutionKey) -> Result<()> {
    let Ok(cluster) = parts.clusters.local() else {
        return Ok(());
    };
    let status = cluster.status(&key.project).await?;
    let urls: Vec<String> = status
        .services
        .iter()
        .flat_map(|service| service.urls())
        .collect();
    for url in &urls {
        say(&format!("{} is at {url}", key.project));
    }
    if urls.is_empty() {
        say(&format!(
            "{} runs; no Service of it has an address on this machine",
            key.project
        ));
    }
    println!("  Ctrl-C ends it.");
    server::interrupted().await
}

/// Which attempt failed, said with its reason and, unless it was shown already, the part of the log that tells why.
fn tell_failure(
    options: &RunOptions,
    parts: &Parts,
    key: &ExecutionKey,
    execution: &ExecutionDocument,
) -> Result<Option<ActionRunKey>> {
    let failed = execution.stages.iter().find_map(|stage| {
        let failed = |action: &&api::wire::ActionDocument| action.status == Status::Failed;
        Some((stage, stage.actions.iter().find(failed)?))
    });
    let Some((stage, action)) = failed else {
        let reason = execution.summary.reason.as_deref();
        println!("\n{}", reason.unwrap_or("no reason is known"));
        return Ok(None);
    };
    let run = Watched::of(key, &stage.name, action)?.run;
    if let Some(part) = log::failing_part(&parts.logs, &run)?.filter(|_| !options.verbose) {
        println!("\n{part}");
    }
    let reason = action.reason.as_deref().unwrap_or("no reason is known");
    println!(
        "\n{} {reason}\n",
        style(format!("{} failed:", action.name)).red().bold()
    );
    Ok(Some(run))
}

fn say(line: &str) {
    println!("{} {line}", style("▸").cyan());
}
