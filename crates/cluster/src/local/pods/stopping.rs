use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::time::{Instant, sleep, timeout_at};
use towpath_model::workspace::Command;
use towpath_sandbox::Sandbox;

use super::main_process::MainProcess;
use super::side_command;
use crate::spec::PreStop;

/// How a container is ended.
pub(super) struct Stopping<'a> {
    pub(super) sandbox: &'a Sandbox,
    pub(super) process: &'a MainProcess,
    pub(super) pre_stop: Option<&'a PreStop>,
    pub(super) env: &'a BTreeMap<String, String>,
    pub(super) signal: i32,
    pub(super) grace: Duration,
}

/// preStop, the stop signal, and when `grace` is over SIGKILL. The time of preStop counts, but a process
/// has two seconds after its signal in any case (Kubernetes, "Pod Lifecycle").
pub(super) async fn end(stopping: Stopping<'_>) {
    let deadline = Instant::now() + stopping.grace;
    if let Some(hook) = stopping.pre_stop
        && timeout_at(deadline, run_hook(&stopping, hook))
            .await
            .is_err()
    {
        tracing::warn!("a preStop hook took longer than terminationGracePeriodSeconds");
    }
    stopping.process.signal(stopping.signal);
    let least = Duration::from_secs(2).min(stopping.grace);
    let deadline = deadline.max(Instant::now() + least);
    if timeout_at(deadline, stopping.process.ended())
        .await
        .is_err()
    {
        stopping.process.kill();
    }
}

async fn run_hook(stopping: &Stopping<'_>, hook: &PreStop) {
    let command = match hook {
        PreStop::Sleep(time) => return sleep(*time).await,
        PreStop::Exec(command) => command,
    };
    let command = Command {
        argv: command.clone(),
        env: stopping.env.clone(),
        working_dir: None,
        timeout: None,
    };
    match side_command::run(stopping.sandbox, &command).await {
        Ok((exit, _)) if exit.success() => {}
        Ok((exit, output)) => {
            tracing::warn!(command = command.argv.join(" "), %exit, output, "a preStop hook failed");
        }
        Err(error) => {
            tracing::warn!(command = command.argv.join(" "), %error, "a preStop hook failed");
        }
    }
}

/// The number of an image's `STOPSIGNAL`, such as `SIGQUIT`, `QUIT` or `3`; SIGTERM when it names none.
pub(super) fn stop_signal(name: Option<&str>) -> i32 {
    let parse = |name: &str| {
        let by_name = Signal::from_str(name).or_else(|_| Signal::from_str(&format!("SIG{name}")));
        by_name
            .map(|signal| signal as i32)
            .ok()
            .or_else(|| name.parse().ok())
    };
    name.and_then(parse)
        .filter(|number| (1..=64).contains(number))
        .unwrap_or(Signal::SIGTERM as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_signals_have_names_and_numbers() {
        for (name, number) in [
            (None, 15),
            (Some("SIGQUIT"), 3),
            (Some("QUIT"), 3),
            (Some("2"), 2),
            (Some("99"), 15),
            (Some("nonsense"), 15),
        ] {
            assert_eq!(stop_signal(name), number, "{name:?}");
        }
    }
}
