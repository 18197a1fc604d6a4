//! What people may do to projects and executions, for API and pages alike.

use http::StatusCode;
use towpath_git::GitError;
use towpath_model::{CommitId, Event, ExecutionKey, Project, ProjectName, StartRequested};
use towpath_store::{NewRemote, ProjectDeletion};

use crate::api::ApiError;
use crate::{App, clock::now, query};

const REQUEST_LIMIT: usize = 128;

/// An execution that was asked for.
pub(crate) struct Started {
    pub(crate) request: String,
    pub(crate) commit: CommitId,
    /// False when this request had started one before.
    pub(crate) new: bool,
}

/// A deletion that was asked for.
pub(crate) struct Deleting {
    /// None when it is done already.
    pub(crate) deletion: Option<ProjectDeletion>,
    /// Why the webhook is still at the git host.
    pub(crate) webhook_left: Option<String>,
}

/// Makes the repository, then the row: a repository without a row is taken over by the next attempt.
pub(crate) async fn create_project(
    app: &App,
    project: &Project,
    remote: Option<&NewRemote>,
) -> Result<(), ApiError> {
    not_being_deleted(app, &project.name).await?;
    if app.store.project(&project.name).await?.is_some() {
        let message = format!("project {} already exists", project.name);
        return Err(ApiError::conflict("exists", message));
    }
    match app
        .repositories
        .create(&project.name, &project.branch)
        .await
    {
        Ok(()) | Err(GitError::Exists(_)) => {}
        Err(error) => return Err(ApiError::internal(&error)),
    }
    match remote {
        Some(remote) => {
            let store = &app.store;
            Ok(store
                .create_project_with_remote(project, remote, now())
                .await?)
        }
        None => Ok(app.store.create_project(project).await?),
    }
}

/// Starts an execution of the project's branch as it stands.
pub(crate) async fn start(
    app: &App,
    name: &ProjectName,
    request: Option<String>,
) -> Result<Started, ApiError> {
    let project = query::project(app, name).await?;
    not_being_deleted(app, name).await?;
    let request = match request {
        Some(request) => checked_request(request)?,
        None => format!("{:032x}", rand::random::<u128>()),
    };
    let commit = head(app, &project).await?;
    let event = Event::StartRequested(StartRequested {
        project: name.clone(),
        commit: commit.clone(),
        request: request.clone(),
    });
    let new = app.store.record_event(&event, now()).await?;
    Ok(Started {
        request,
        commit,
        new,
    })
}

/// Marks a project as being deleted and ends its webhook, as well as that goes.
pub(crate) async fn delete_project(
    app: &App,
    name: &ProjectName,
    leave_app: bool,
) -> Result<Deleting, ApiError> {
    query::project(app, name).await?;
    app.store.request_deletion(name, leave_app, now()).await?;
    let removed = match app.remotes.remove_hook(name).await {
        Ok(removed) => removed,
        Err(error) => Err(error.to_string()),
    };
    let deletion = app.store.project_deletion(name).await?;
    Ok(Deleting {
        deletion,
        webhook_left: removed.err(),
    })
}

/// Asks an execution to end.
pub(crate) async fn cancel(app: &App, key: &ExecutionKey) -> Result<(), ApiError> {
    if app.store.request_cancel(key, now()).await? {
        return Ok(());
    }
    let view = query::execution(app, key).await?;
    let message = format!("execution {key} has ended already: {}", view.status);
    Err(ApiError::conflict("already_finished", message))
}

async fn not_being_deleted(app: &App, name: &ProjectName) -> Result<(), ApiError> {
    match app.store.project_deletion(name).await? {
        Some(_) => Err(ApiError::being_deleted(name)),
        None => Ok(()),
    }
}

async fn head(app: &App, project: &Project) -> Result<CommitId, ApiError> {
    let head = app
        .repositories
        .resolve(&project.name, &project.branch)
        .await;
    match head {
        Ok(Some(commit)) => Ok(commit),
        Ok(None) => {
            let message = format!("{} has no commit yet", project.branch);
            let push = format!(
                "git push {} HEAD:{}",
                app.config.clone_url(&project.name),
                project.branch
            );
            Err(ApiError::conflict("no_commit", message).help(format!("push one: `{push}`")))
        }
        Err(error) => Err(ApiError::internal(&error)),
    }
}

fn checked_request(request: String) -> Result<String, ApiError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (1..=REQUEST_LIMIT).contains(&request.len()) && request.bytes().all(allowed) {
        Ok(request)
    } else {
        Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "bad_request_token",
            "request: expected 1 to 128 of A-Z, a-z, 0-9, - and _",
        ))
    }
}
