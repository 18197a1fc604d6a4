use super::context::Context;
use super::{ActionError, Done};
use crate::engine::now;

/// Zips the commit. The same commit gives the same artifact, and twice is free.
pub(super) async fn run(context: &mut Context<'_>) -> Result<Done, ActionError> {
    let execution = &context.execution;
    let commit = &execution.commit;
    context.log.line(format!(
        "{} {commit} {}",
        execution.ref_name, execution.title
    ));
    let artifact = context
        .services
        .repositories
        .source(&context.project.name, commit, now())
        .await?;
    context
        .log
        .line(format!("{}, {} bytes", artifact.digest, artifact.size));
    let repositories = &context.services.repositories;
    for submodule in repositories
        .submodules(&context.project.name, commit)
        .await?
    {
        let note = format!("note: {submodule} is a submodule: an empty folder here");
        context.log.line(note);
    }
    let done = Done::succeeded()
        .with_variable("CommitId", commit)
        .with_variable("CommitMessage", &execution.title)
        .with_variable(
            "BranchName",
            execution.ref_name.branch_name().unwrap_or_default(),
        );
    Ok(match context.output() {
        Some(name) => done.with_artifact(name.clone(), artifact),
        None => done,
    })
}
