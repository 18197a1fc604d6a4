//! Events become executions, or are dismissed.

use towpath_model::{CommitId, Event, Project, RefName, Trigger};
use towpath_store::{NewExecution, StoreError, StoredEvent};

use super::now;
use crate::PipelineError;
use crate::services::Services;

pub(super) async fn handle_events(services: &Services) -> Result<(), PipelineError> {
    for event in services.store.unhandled_events().await? {
        handle(services, &event).await?;
    }
    Ok(())
}

async fn handle(services: &Services, event: &StoredEvent) -> Result<(), PipelineError> {
    let project = services.store.project(event.event.project()).await?;
    match project
        .as_ref()
        .and_then(|project| wanted(&event.event, project))
    {
        Some((trigger, ref_name, commit)) => {
            let new = describe(services, event, trigger, ref_name, commit).await;
            match services.store.create_execution(event, &new, now()).await {
                Err(StoreError::BeingDeleted(_)) => {
                    services.store.dismiss_event(event, now()).await?;
                }
                made => drop(made?),
            }
        }
        None => services.store.dismiss_event(event, now()).await?,
    }
    Ok(())
}

/// Only the project's branch starts its pipeline, and a deletion starts nothing.
fn wanted(event: &Event, project: &Project) -> Option<(Trigger, RefName, CommitId)> {
    match event {
        Event::RefUpdated(update) if update.ref_name == project.branch => {
            let commit = update.new.clone()?;
            Some((Trigger::Push, update.ref_name.clone(), commit))
        }
        Event::RefUpdated(_) => None,
        Event::StartRequested(request) => Some((
            Trigger::Manual,
            project.branch.clone(),
            request.commit.clone(),
        )),
    }
}

/// A commit that cannot be described still gets its execution, which then says what is wrong with it.
async fn describe(
    services: &Services,
    event: &StoredEvent,
    trigger: Trigger,
    ref_name: RefName,
    commit: CommitId,
) -> NewExecution {
    let project = event.event.project().clone();
    let repositories = &services.repositories;
    // The plan asks for the files next: git lists them while it describes the commit.
    let (info, _) = tokio::join!(
        repositories.commit_info(&project, &commit),
        repositories.list_files(&project, &commit),
    );
    let (title, author) = match info {
        Ok(info) => (info.title, info.author_name),
        Err(error) => {
            tracing::warn!(%project, %commit, %error, "cannot read the commit");
            (format!("commit {}", commit.short()), String::new())
        }
    };
    NewExecution {
        project,
        trigger,
        ref_name,
        commit,
        title,
        author,
    }
}
