//! The `towpath` program: configuration, wiring, one file per command.

mod cli;
mod client;
mod commands;
mod credentials;
mod demo;
mod exit;
mod live;
mod output;
mod runtime;
mod server;
mod tty;

use std::process::ExitCode;

use cli::{Command, ProjectCommand};
use exit::Verdict;
use runtime::wait;

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
    let command = cli::parse();
    trace(&command);
    match run(command) {
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
        // It only computes, in so little memory that a filter would show.
        Command::Kustomize(_) => return,
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
    match command {
        Command::Serve(options) => wait(commands::serve::run(*options)),
        Command::Demo(options) => wait(demo::run(options)),
        Command::Login(options) => wait(commands::login::run(options)),
        Command::Project(ProjectCommand::Create(options)) => {
            wait(commands::project::create(*options))
        }
        Command::Project(ProjectCommand::List(options)) => wait(commands::project::list(options)),
        Command::Project(ProjectCommand::Show(options)) => wait(commands::project::show(options)),
        Command::Cluster(command) => wait(commands::cluster::run(command)),
        Command::Project(ProjectCommand::Delete(options)) => {
            wait(commands::project_delete::run(options))
        }
        Command::Project(ProjectCommand::Left(options)) => wait(commands::left_apps::list(options)),
        Command::Project(ProjectCommand::Forget(options)) => {
            wait(commands::left_apps::forget(options))
        }
        Command::Project(ProjectCommand::Build(options)) => {
            wait(commands::build_place::run(options))
        }
        Command::Project(ProjectCommand::Remote(options)) => wait(commands::remote::run(*options)),
        Command::Webhook(command) => wait(commands::webhook::run(command)),
        Command::Delivery(command) => wait(commands::delivery::run(command)),
        Command::Status(options) => wait(commands::status::run(options)),
        Command::Logs(options) => wait(commands::logs::run(options)),
        Command::Exec(options) => wait(commands::exec::run(options)),
        Command::Cancel(options) => wait(commands::cancel::run(options)),
        Command::Gc(options) => wait(commands::gc::run(options)),
        Command::Kustomize(command) => Ok(commands::kustomize::run(command)),
        Command::Run(options) => wait(commands::run::run(options)),
        Command::Check(options) => wait(commands::check::run(options)),
    }
}
