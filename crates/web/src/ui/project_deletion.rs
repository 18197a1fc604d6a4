use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use towpath_cluster::status::AppStatus;
use towpath_model::{Project, ProjectName, Timestamp};
use towpath_store::{ProjectDeletion, StoreError};

use super::markup::Ago;
use super::page::{Chrome, PageError, Path, Viewer, render};
use crate::api::ApiError;
use crate::{App, change};

/// A deletion that goes on, and what is left of the project.
pub(super) struct DeletionParts {
    pub(super) deletion: ProjectDeletion,
    /// What of it still has to go, in the order in which it does.
    pub(super) left: Vec<String>,
    now: Timestamp,
}

impl DeletionParts {
    pub(super) async fn read(
        app: &App,
        project: &Project,
        status: &AppStatus,
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let Some(deletion) = app.store.project_deletion(&project.name).await? else {
            return Ok(None);
        };
        let executions = app.store.unfinished_executions().await?.into_iter();
        let running = executions.filter(|execution| execution.key.project == project.name);
        Ok(Some(Self {
            left: left(&deletion, project, status, running.count()),
            deletion,
            now,
        }))
    }

    pub(super) fn since(&self) -> Ago {
        Ago {
            at: self.deletion.requested_at,
            now: self.now,
        }
    }
}

fn left(
    deletion: &ProjectDeletion,
    project: &Project,
    status: &AppStatus,
    running: usize,
) -> Vec<String> {
    let counted = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {many}")),
    };
    let mut left = Vec::new();
    left.extend(counted(
        running,
        "execution, which is being cancelled",
        "executions, which are being cancelled",
    ));
    if !deletion.leave_app {
        let place = format!("in {}/{}", project.cluster, project.namespace);
        let objects = [
            counted(status.deployments.len(), "workload", "workloads"),
            counted(status.services.len(), "service", "services"),
            counted(status.ingresses.len(), "ingress", "ingresses"),
        ];
        let objects: Vec<String> = objects.into_iter().flatten().collect();
        if !objects.is_empty() {
            left.push(format!("{} {place}", objects.join(", ")));
        }
    }
    left.push("its repository, images and history".to_owned());
    left
}

#[derive(Deserialize)]
pub(super) struct DeleteForm {
    /// What was typed to confirm it.
    #[serde(default)]
    name: String,
    /// There when the box was ticked.
    leave_app: Option<String>,
}

#[derive(Template)]
#[template(path = "deleting.html")]
struct DeletingPage {
    chrome: Chrome,
    project: ProjectName,
    webhook_left: String,
}

/// The button "Delete project": what `towpath project delete` does.
pub(super) async fn delete(
    State(app): State<App>,
    viewer: Viewer,
    Path(name): Path<ProjectName>,
    Form(form): Form<DeleteForm>,
) -> Result<Response, PageError> {
    if form.name.trim() != name.as_str() {
        let message = format!("Nothing was deleted: the name that was typed is not {name}");
        let refused = ApiError::bad_request("not_confirmed", message);
        return Err(refused
            .help("go back, and type the project's name as it is")
            .into());
    }
    let deleting = change::delete_project(&app, &name, form.leave_app.is_some()).await?;
    match (deleting.webhook_left, deleting.deletion) {
        (Some(webhook_left), _) => Ok(render(&DeletingPage {
            chrome: Chrome::new(format!("{name} is being deleted"), viewer),
            project: name,
            webhook_left,
        })
        .into_response()),
        (None, Some(_)) => Ok(Redirect::to(&format!("/projects/{name}")).into_response()),
        (None, None) => Ok(Redirect::to("/").into_response()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> Project {
        let name: ProjectName = "hello".parse().unwrap();
        Project {
            namespace: name.default_namespace(),
            name,
            branch: towpath_model::RefName::branch("main").unwrap(),
            cluster: "prod".parse().unwrap(),
            created_at: Timestamp(0),
        }
    }

    #[test]
    fn what_is_left_is_told_in_the_order_in_which_it_goes() {
        let project = project();
        let status = AppStatus::missing(&project.name);
        let deletion = ProjectDeletion {
            project: project.name.clone(),
            leave_app: false,
            requested_at: Timestamp(1),
            failures: 0,
            error: None,
        };
        let history = "its repository, images and history";
        assert_eq!(left(&deletion, &project, &status, 0), [history]);
        assert_eq!(
            left(&deletion, &project, &status, 2),
            ["2 executions, which are being cancelled", history]
        );
    }
}
