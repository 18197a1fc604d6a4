//! Running a short command to its end, with bounds on time and memory.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use crate::GitError;

/// No question we ask takes git longer than this, however large the repository.
const TIMEOUT: Duration = Duration::from_secs(120);
/// As much of what git says on stderr as is kept.
const STDERR_LIMIT: usize = 8 << 10;

/// Runs `command`, which must succeed, and gives its stdout of at most `limit` bytes.
pub(crate) async fn output(command: Command, limit: usize) -> Result<Vec<u8>, GitError> {
    let name = name(&command);
    match ask(command, limit).await? {
        Answer {
            success: true,
            stdout,
            ..
        } => Ok(stdout),
        answer => Err(answer.into_error(name)),
    }
}

/// How a command ended that may well fail.
pub(crate) struct Answer {
    pub(crate) success: bool,
    pub(crate) status: String,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Answer {
    pub(crate) fn into_error(self, command: String) -> GitError {
        GitError::Failed {
            command,
            status: self.status,
            message: self.stderr,
        }
    }
}

pub(crate) async fn ask(command: Command, limit: usize) -> Result<Answer, GitError> {
    ask_within(TIMEOUT, command, limit).await
}

/// [`ask`] with another time-out.
pub(crate) async fn ask_within(
    timeout: Duration,
    command: Command,
    limit: usize,
) -> Result<Answer, GitError> {
    let name = name(&command);
    match tokio::time::timeout(timeout, run(command, limit, &name)).await {
        Ok(answer) => answer,
        Err(_) => Err(GitError::TimedOut {
            command: name,
            seconds: timeout.as_secs(),
        }),
    }
}

async fn run(mut command: Command, limit: usize, name: &str) -> Result<Answer, GitError> {
    let program = command.as_std().get_program().to_owned();
    let failed = || GitError::io("run", program.as_ref());
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed())?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let read = async { tokio::try_join!(read_up_to(stdout, limit), read_start(stderr)) };
    let (stdout, stderr) = read.await.map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => GitError::TooMuch {
            command: name.to_owned(),
            limit,
        },
        _ => failed()(error),
    })?;
    let status = child.wait().await.map_err(failed())?;
    Ok(Answer {
        success: status.success(),
        status: status.to_string(),
        stdout,
        stderr: String::from_utf8_lossy(&stderr).trim().to_owned(),
    })
}

/// Reads to the end; `FileTooLarge` when that is farther than `limit`.
async fn read_up_to(pipe: Option<impl AsyncRead + Unpin>, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(limit as u64 + 1).read_to_end(&mut bytes).await?;
    }
    if bytes.len() > limit {
        Err(io::ErrorKind::FileTooLarge.into())
    } else {
        Ok(bytes)
    }
}

/// Reads to the end and keeps the first [`STDERR_LIMIT`] bytes. Who stops reading blocks the writer.
pub(crate) async fn read_start(pipe: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    if let Some(mut pipe) = pipe {
        (&mut pipe)
            .take(STDERR_LIMIT as u64)
            .read_to_end(&mut start)
            .await?;
        tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await?;
    }
    Ok(start)
}

/// The git command, for messages: the first argument that is neither an option nor an option's value.
fn name(command: &Command) -> String {
    let mut arguments = command.as_std().get_args();
    while let Some(argument) = arguments.next() {
        if argument == "--git-dir" {
            arguments.next();
        } else {
            return argument.to_string_lossy().into_owned();
        }
    }
    String::new()
}
