use std::pin::pin;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::timeout;
use towpath_model::workspace::{Command, Exit, Output, WorkspaceError};

use crate::{Process, Sandbox, SandboxError};

const CHUNK: usize = 16 * 1024;
/// What has been killed takes so long at most to let go of its output.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Runs one command to its end, and ends what it leaves in the background.
pub(super) async fn run(
    sandbox: &Sandbox,
    command: &Command,
    output: &mut (dyn Output + Send),
) -> Result<Exit, WorkspaceError> {
    let failed = |error: SandboxError| WorkspaceError::Failed(error.to_string());
    let mut process = sandbox.exec(command).await.map_err(failed)?;
    let exit = match command.timeout {
        None => follow(&mut process, output).await,
        Some(limit) => match timeout(limit, follow(&mut process, output)).await {
            Ok(exit) => exit,
            Err(_) => Ok(Exit::TimedOut),
        },
    };
    process.kill();
    if timeout(LAST_WORDS, finish(&mut process, output))
        .await
        .is_err()
    {
        tracing::warn!("a killed command did not let go of its output");
    }
    exit.map_err(failed)
}

/// Passes on output until the command itself has ended. What it left in the background may go on writing.
async fn follow(
    process: &mut Process,
    output: &mut (dyn Output + Send),
) -> Result<Exit, SandboxError> {
    let waiter = process.waiter();
    let mut exit = pin!(waiter.wait());
    let mut chunk = vec![0; CHUNK];
    loop {
        tokio::select! {
            exit = &mut exit => return exit,
            read = process.read(&mut chunk) => match read {
                Ok(0) => return exit.await,
                Ok(count) => output.write(&chunk[..count]),
                Err(source) => return Err(unreadable(source)),
            },
        }
    }
}

/// Passes on what is left in the pipe, and waits for the command to be gone.
async fn finish(process: &mut Process, output: &mut (dyn Output + Send)) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(count @ 1..) = process.read(&mut chunk).await {
        output.write(&chunk[..count]);
    }
    if let Err(error) = process.wait().await {
        tracing::debug!(%error, "the sandbox ended with its command");
    }
}

fn unreadable(source: std::io::Error) -> SandboxError {
    SandboxError::Io {
        what: "cannot read a command's output".into(),
        source,
    }
}
