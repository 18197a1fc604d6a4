use towpath_model::Outcome;
use towpath_runner::{BuildContext, BuildOutcome, Program};

use super::ActionError;
use super::context::Context;
use crate::kept::{KeepFailed, Place, to_the_minute};

/// Ends a build's place, or keeps it when the build has failed and that is wanted.
pub(super) async fn close_or_keep(
    context: &mut Context<'_>,
    place: Place,
    program: &Program,
    build: &BuildContext,
    ended: &Result<BuildOutcome, ActionError>,
) -> Result<(), ActionError> {
    let kept = context.services.kept.clone();
    let failed = matches!(ended, Ok(build) if matches!(build.outcome, Outcome::Failed { .. }));
    if !failed || kept.policy() == KeepFailed::No {
        return Ok(place.close().await?);
    }
    match place.prepare_visit(program, build).await {
        Ok(visit) => {
            if let Some(until) = kept.keep(&context.run, place, visit) {
                let line = format!(
                    "The sandbox is kept until {}. Enter it: {}",
                    to_the_minute(until),
                    command(context)
                );
                context.log.line(line);
            }
            Ok(())
        }
        // What is broken cannot be looked into, and says so already by the build's failure.
        Err(error) => {
            tracing::warn!(%error, "a failed build's sandbox is not kept");
            Ok(place.close().await?)
        }
    }
}

fn command(context: &Context<'_>) -> String {
    let key = &context.run.action;
    format!(
        "towpath exec {} {} {}/{}",
        key.execution.project, key.execution.number, key.stage, key.action
    )
}
