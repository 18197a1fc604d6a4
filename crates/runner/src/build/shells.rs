use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use towpath_model::workspace::{Command, Exit, Workspace};

use super::Error;
use super::console::Console;
use super::failure::Failure;
use crate::flow::{Flow, Position};
use crate::log::Log;
use crate::marker::Nonce;
use crate::script::{Resume, Script, render};
use crate::{BuildContext, Program, Progress};

/// Where a shell keeps what the next one needs, in the workspace's private folder.
pub(crate) const STATE: &str = "shell-state";

/// Runs the commands of a program: in one shell, and in another one from where that left off whenever a
/// command ends the shell (`exit`, `exec`, a failure under `set -e`, in dash a syntax error).
pub(super) async fn run<W: Workspace>(
    workspace: &W,
    program: &Program,
    context: &BuildContext,
    log: &mut Log<'_>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Option<Failure>, Error> {
    let nonce = Nonce::random();
    let state = workspace.write(STATE, 0o600, b"").await?;
    let mut console = Console::new(program, &nonce, log, progress);
    let deadline = Deadline {
        start: Instant::now(),
        limit: context.timeout,
    };
    let mut shells = Shells {
        workspace,
        program,
        context,
        nonce: &nonce,
        state,
        started: 0,
    };
    while let Some(start) = console.flow().next() {
        let exit = shells
            .run_one(start, &mut console, deadline.remaining())
            .await?;
        if exit == Exit::TimedOut {
            let failure = Failure::of_timeout(program, console.running(), context.timeout);
            console.stop(failure);
            break;
        }
        console.shell_ended(exit);
        if console.forged() {
            console.stop(Failure::of_forged_marker());
            break;
        }
        if console.flow().next() == Some(start) {
            console.stop(Failure::of_shell(program, exit));
            break;
        }
    }
    Ok(console.into_failure())
}

struct Shells<'a, W> {
    workspace: &'a W,
    program: &'a Program,
    context: &'a BuildContext,
    nonce: &'a Nonce,
    state: PathBuf,
    started: usize,
}

impl<W: Workspace> Shells<'_, W> {
    async fn run_one(
        &mut self,
        start: Position,
        console: &mut Console<'_, '_>,
        timeout: Duration,
    ) -> Result<Exit, Error> {
        if timeout.is_zero() {
            return Ok(Exit::TimedOut);
        }
        let resume = (self.started > 0).then(|| resume(console.flow(), console.last_exit()));
        let script = Script {
            nonce: self.nonce,
            state: &self.state,
            resume,
        };
        let text = render(self.program, start, &script);
        let name = format!("build-{}.sh", self.started);
        let path = self.workspace.write(&name, 0o600, text.as_bytes()).await?;
        self.started += 1;
        let command = Command {
            argv: vec![
                self.program.shell.as_str().to_owned(),
                path.to_string_lossy().into_owned(),
            ],
            env: self.environment(resume.is_some()),
            working_dir: None,
            timeout: Some(timeout),
        };
        tracing::debug!(%start, shell = self.started, "starting a shell");
        Ok(self.workspace.exec(&command, console).await?)
    }

    /// A later shell gets its variables from the state that the former one left, so that what a command has
    /// unset stays unset. PATH it needs to be found itself.
    fn environment(&self, resumed: bool) -> BTreeMap<String, String> {
        let mut environment = self
            .context
            .environment(self.program, self.workspace.source_dir());
        if resumed {
            environment.retain(|name, _| name == "PATH" || name == "CODEBUILD_SRC_DIR");
        }
        environment
    }
}

fn resume(flow: &Flow<'_>, last_exit: i32) -> Resume {
    Resume {
        last_exit,
        phase_failed: flow.phase_failed(),
        build_failed: flow.build_failed(),
    }
}

struct Deadline {
    start: Instant,
    limit: Duration,
}

impl Deadline {
    fn remaining(&self) -> Duration {
        self.limit.saturating_sub(self.start.elapsed())
    }
}
