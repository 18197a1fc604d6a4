use tokio::io::AsyncReadExt;
use towpath_model::workspace::{Command, Exit};
use towpath_sandbox::{Process, Sandbox, SandboxError};

/// How much of a command's output is kept for people.
const KEPT: usize = 300;

/// Runs a command beside a container's main process: an exec probe, a preStop hook. Gives its end and the
/// beginning of its output; the rest is read and dropped, so that it never waits for a reader.
///
/// Dropping the future kills the command.
pub(super) async fn run(
    sandbox: &Sandbox,
    command: &Command,
) -> Result<(Exit, String), SandboxError> {
    let mut process = sandbox.exec(command).await?;
    let mut kept = Vec::new();
    let ended = process.wait();
    let exit = tokio::select! {
        exit = ended => exit?,
        never = drop_output(&mut process, &mut kept) => match never {},
    };
    let text = String::from_utf8_lossy(&kept);
    let text: String = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    Ok((exit, text))
}

async fn drop_output(process: &mut Process, kept: &mut Vec<u8>) -> std::convert::Infallible {
    let mut buffer = vec![0; 4096];
    while let Ok(count @ 1..) = process.read(&mut buffer).await {
        let room = KEPT.saturating_sub(kept.len());
        kept.extend(buffer[..count].iter().take(room));
    }
    std::future::pending().await
}
