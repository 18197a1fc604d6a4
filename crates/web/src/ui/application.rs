use askama::Template;
use axum::extract::State;
use towpath_model::{Project, ProjectName};

use super::app_parts::AppParts;
use super::page::{Chrome, PageResult, Path, Viewer, render};
use crate::{App, clock::now, query};

#[derive(Template)]
#[template(path = "application.html")]
struct ApplicationPage {
    chrome: Chrome,
    project: Project,
    app: AppParts,
}

/// What runs of a project: deployments with their pods, services with their addresses.
pub(super) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path(name): Path<ProjectName>,
) -> PageResult {
    let project = query::project(&app, &name).await?;
    let status = query::app_status(&app, &project).await;
    render(&ApplicationPage {
        chrome: Chrome::new(format!("{name} app"), viewer),
        project,
        app: AppParts::new(status, now()),
    })
}
