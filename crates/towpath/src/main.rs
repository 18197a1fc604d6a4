//! The `towpath` program: configuration, wiring, one file per command.

mod cli;
mod client;
mod commands;
mod credentials;
mod demo;
mod exit;
mod live;
mod output;
mod server;
mod tty;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command, ProjectCommand};
use exit::Verdict;

/// The argument with which the server starts this program as a sandbox's first process.
const INIT: &str = "towpath-init";

fn main() -> ExitCode {
    // Before any thread: an init process is single-threaded.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == INIT)
    {
        return towpath_sandbox::init::main();
    }
    if let Err(installed) = rustls::crypto::aws_lc_rs::default_provider().install_default() {
        // Somebody was faster: there is one, which is what matters.
        drop(installed);
    }
    let cli = Cli::parse();
    trace(&cli.command);
    match run(cli.command) {
        Ok(verdict) => verdict.into(),
        Err(error) => {
            eprintln!("{} {error:#}", output::error_label());
            Verdict::CouldNotRun.into()
        }
    }
}

/// To stderr, what the operator should know; `TOWPATH_LOG` chooses otherwise (tracing's filter syntax).
fn trace(command: &Command) {
    let default = match command {
        // A cluster that does not answer is told where somebody waits for it, not at every try.
        Command::Serve(_) => "warn,towpath=info,kube_client::client::builder=off",
        _ => "error",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("TOWPATH_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
}

fn run(command: Command) -> anyhow::Result<Verdict> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match command {
            Command::Serve(options) => commands::serve::run(options).await,
            Command::Demo(options) => demo::run(options).await,
            Command::Login(options) => commands::login::run(options).await,
            Command::Project(ProjectCommand::Create(options)) => {
                commands::project::create(*options).await
            }
            Command::Project(ProjectCommand::List(options)) => {
                commands::project::list(options).await
            }
            Command::Project(ProjectCommand::Show(options)) => {
                commands::project::show(options).await
            }
            Command::Cluster(command) => commands::cluster::run(command).await,
            Command::Project(ProjectCommand::Delete(options)) => {
                commands::project_delete::run(options).await
            }
            Command::Project(ProjectCommand::Build(options)) => {
                commands::build_place::run(options).await
            }
            Command::Project(ProjectCommand::Remote(options)) => {
                commands::remote::run(*options).await
            }
            Command::Webhook(command) => commands::webhook::run(command).await,
            Command::Delivery(command) => commands::delivery::run(command).await,
            Command::Status(options) => commands::status::run(options).await,
            Command::Logs(options) => commands::logs::run(options).await,
            Command::Exec(options) => commands::exec::run(options).await,
            Command::Cancel(options) => commands::cancel::run(options).await,
            Command::Gc(options) => commands::gc::run(options).await,
            Command::Kustomize(command) => commands::kustomize::run(command).await,
            Command::Run(options) => commands::run::run(options).await,
            Command::Check(options) => commands::check::run(options).await,
        }
    })
}
