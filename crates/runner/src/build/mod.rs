mod console;
mod failure;
mod shells;

pub(crate) use shells::STATE;

use std::path::Path;

use towpath_model::Outcome;
use towpath_model::workspace::{Output, Packed, Workspace, WorkspaceError};

use crate::log::Log;
use crate::{Artifacts, BuildContext, Program, Progress};

/// Where the build's input is and its output goes, on the server.
#[derive(Clone, Copy, Debug)]
pub struct Archives<'a> {
    /// The zip of the source.
    pub source: &'a Path,
    /// The zip that [`Program::artifacts`] describes is written here.
    pub artifact: &'a Path,
}

/// How a build ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildOutcome {
    pub outcome: Outcome,
    /// What was packed. A failed build may have an artifact too.
    pub artifact: Option<Packed>,
    /// [`Artifacts::name`].
    pub artifact_name: Option<String>,
}

/// Towpath's or the machine's failure, not the build's.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the build could not run: {0}")]
    Workspace(#[from] WorkspaceError),
}

/// Runs a build in an empty workspace: unpacks the source, runs the program's commands, packs the artifact.
///
/// The artifact is packed after a failure too, whichever phase failed ("Build phase transitions":
/// UPLOAD_ARTIFACTS is always attempted), though not after a time-out. The build has failed when any phase
/// has, also one with `on-failure: CONTINUE`, and when no file is there to pack.
///
/// Dropping the future cancels the build and ends all that it started.
pub async fn run_build<W: Workspace>(
    workspace: &W,
    program: &Program,
    context: &BuildContext,
    archives: Archives<'_>,
    log: &mut (dyn Output + Send),
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<BuildOutcome, Error> {
    let mut log = Log::new(log, context.log_limit);
    if let Some(refusal) = refused(workspace.unpack(archives.source).await)?.err() {
        return Ok(failed(
            &mut log,
            format!("the source cannot be unpacked: {refusal}"),
            None,
        ));
    }
    let failure = shells::run(workspace, program, context, &mut log, progress).await?;
    let timed_out = failure.as_ref().is_some_and(|failure| failure.timed_out);
    let mut reason = failure.map(|failure| failure.reason);
    let mut artifact = None;
    if let Some(artifacts) = program.artifacts.as_ref().filter(|_| !timed_out) {
        match upload(workspace, artifacts, archives.artifact, &mut log).await? {
            Ok(packed) => artifact = Some(packed),
            Err(refusal) if reason.is_none() => reason = Some(refusal),
            Err(refusal) => log.note(&refusal),
        }
    }
    let name = program
        .artifacts
        .as_ref()
        .and_then(|artifacts| artifacts.name.clone());
    Ok(match reason {
        Some(reason) => BuildOutcome {
            artifact_name: name,
            ..failed(&mut log, reason, artifact)
        },
        None => BuildOutcome {
            outcome: Outcome::Succeeded,
            artifact,
            artifact_name: name,
        },
    })
}

async fn upload<W: Workspace>(
    workspace: &W,
    artifacts: &Artifacts,
    archive: &Path,
    log: &mut Log<'_>,
) -> Result<Result<Packed, String>, Error> {
    match refused(workspace.pack(&artifacts.selection, archive).await)? {
        Ok(packed) => {
            let plural = if packed.files == 1 { "" } else { "s" };
            log.note(&format!(
                "artifact: {} file{plural}, {} bytes",
                packed.files, packed.bytes
            ));
            Ok(Ok(packed))
        }
        Err(refusal) => Ok(Err(format!("the artifact cannot be packed: {refusal}"))),
    }
}

/// The reason is the caller's to log; it begins on a line of its own.
fn failed(log: &mut Log<'_>, reason: String, artifact: Option<Packed>) -> BuildOutcome {
    log.end_line();
    BuildOutcome {
        outcome: Outcome::Failed { reason },
        artifact,
        artifact_name: None,
    }
}

/// Takes the user's failures out of a workspace's errors.
fn refused<T>(result: Result<T, WorkspaceError>) -> Result<Result<T, String>, Error> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(WorkspaceError::Refused(reason)) => Ok(Err(reason)),
        Err(error) => Err(error.into()),
    }
}
