use askama::Template;
use axum::extract::State;
use towpath_model::ProjectName;

use super::app_parts::AppParts;
use super::page::{Chrome, PageResult, Path, Viewer, render};
use crate::{App, clock::now, query};

#[derive(Template)]
#[template(path = "application.html")]
struct ApplicationPage {
    chrome: Chrome,
    project: ProjectName,
    /// None: no cluster can say.
    app: Option<AppParts>,
}

/// What runs of a project: deployments with their pods, services with their addresses.
pub(super) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path(name): Path<ProjectName>,
) -> PageResult {
    query::project(&app, &name).await?;
    let status = query::app_status(&app, &name).await;
    render(&ApplicationPage {
        chrome: Chrome::new(format!("{name} app"), viewer),
        project: name,
        app: status.map(|status| AppParts::new(status, now())),
    })
}
