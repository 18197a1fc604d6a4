use axum::extract::State;
use futures_util::future::try_join_all;
use http::StatusCode;
use serde::Deserialize;
use towpath_cluster::AppStatus;
use towpath_model::{ClusterName, Project, ProjectName, RefName};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, NoParameters, Path, Query};
use super::wire::{DeletionDocument, NewProject, ProjectDocument, ProjectList};
use super::{ApiError, ErrorDocument, build_place};
use crate::{App, change, clock::now, query, remotes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, delete))
}

/// All projects by name.
#[utoipa::path(get, path = "/projects", tag = "projects",
    responses((status = 200, body = ProjectList)))]
async fn list(
    State(app): State<App>,
    Query(_): Query<NoParameters>,
) -> Result<axum::Json<ProjectList>, ApiError> {
    let projects = app.store.projects().await?;
    // At once: clusters may be far away.
    let documents = projects.iter().map(|project| async {
        let status = query::app_glance(&app, project).await;
        document(&app, project, &status).await
    });
    let projects = try_join_all(documents).await?;
    Ok(axum::Json(ProjectList { projects }))
}

/// Makes a project and its repository. Push to its `clone_url` and it is built and deployed.
#[utoipa::path(post, path = "/projects", tag = "projects", request_body = NewProject,
    responses(
        (status = 201, body = ProjectDocument),
        (status = 400, body = ErrorDocument),
        (status = 409, description = "there is a project of this name", body = ErrorDocument)))]
async fn create(
    State(app): State<App>,
    Query(_): Query<NoParameters>,
    Json(new): Json<NewProject>,
) -> Result<(StatusCode, axum::Json<ProjectDocument>), ApiError> {
    let project = project(&new)?;
    known_cluster(&app, &project.cluster).await?;
    let remote = new.remote.clone().map(remotes::new).transpose()?;
    change::create_project(&app, &project, remote.as_ref()).await?;
    let status = query::app_status(&app, &project).await;
    let mut document = document(&app, &project, &status).await?;
    if let (Some(shown), Some(made)) = (&mut document.remote, &remote) {
        let secret = made.secrets.webhook.as_ref().filter(|_| !made.hook_wanted);
        shown.webhook.secret = match secret {
            Some(secret) => Some(secret.expose_str()?.to_owned()),
            None => None,
        };
    }
    Ok((StatusCode::CREATED, axum::Json(document)))
}

/// One project.
#[utoipa::path(get, path = "/projects/{project}", tag = "projects",
    params(("project" = String, Path)),
    responses((status = 200, body = ProjectDocument), (status = 404, body = ErrorDocument)))]
async fn show(
    State(app): State<App>,
    Path(name): Path<ProjectName>,
    Query(_): Query<NoParameters>,
) -> Result<axum::Json<ProjectDocument>, ApiError> {
    let project = query::project(&app, &name).await?;
    let status = query::app_status(&app, &project).await;
    Ok(axum::Json(document(&app, &project, &status).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeleteParameters {
    #[serde(default)]
    leave_app: bool,
}

/// Deletes a project, soon: what runs is cancelled, what it has in its cluster is removed, then its webhook,
/// repository, executions, logs, deliveries, credentials and images. Until then the project says how far that
/// is. Asking again goes on at once, and may leave the app behind after all.
#[utoipa::path(delete, path = "/projects/{project}", tag = "projects",
    params(("project" = String, Path),
           ("leave_app" = Option<bool>, Query, description = "leaves its objects and images where they are")),
    responses((status = 202, body = DeletionDocument), (status = 404, body = ErrorDocument)))]
async fn delete(
    State(app): State<App>,
    Path(name): Path<ProjectName>,
    Query(parameters): Query<DeleteParameters>,
) -> Result<(StatusCode, axum::Json<DeletionDocument>), ApiError> {
    let deleting = change::delete_project(&app, &name, parameters.leave_app).await?;
    let mut document = DeletionDocument::new(deleting.deletion.as_ref());
    document.webhook_left = deleting.webhook_left;
    Ok((StatusCode::ACCEPTED, axum::Json(document)))
}

async fn document(
    app: &App,
    project: &Project,
    status: &AppStatus,
) -> Result<ProjectDocument, ApiError> {
    let latest = query::latest_execution(app, &project.name).await?;
    let place = app.store.build_place(&project.name).await?;
    let deletion = app.store.project_deletion(&project.name).await?;
    let document = ProjectDocument::new(
        &app.config,
        project,
        status,
        latest.as_ref(),
        remotes::document(app, project).await?,
        build_place::document(place),
    );
    Ok(ProjectDocument {
        deletion: deletion.map(|deletion| DeletionDocument::new(Some(&deletion))),
        ..document
    })
}

fn project(new: &NewProject) -> Result<Project, ApiError> {
    let name: ProjectName = new.name.parse().map_err(bad("bad_name"))?;
    let cluster = match &new.cluster {
        Some(cluster) => cluster.parse().map_err(bad("bad_cluster"))?,
        None => ClusterName::local(),
    };
    let namespace = match &new.namespace {
        Some(namespace) => namespace.parse().map_err(bad("bad_namespace"))?,
        None => name.default_namespace(),
    };
    let branch = new.branch.as_deref().unwrap_or("main");
    Ok(Project {
        branch: RefName::branch(branch).map_err(bad("bad_branch"))?,
        name,
        cluster,
        namespace,
        created_at: now(),
    })
}

pub(super) async fn known_cluster(app: &App, cluster: &ClusterName) -> Result<(), ApiError> {
    let known = app.clusters.names().await?;
    if known.contains(cluster) {
        return Ok(());
    }
    let known: Vec<String> = known.iter().map(ToString::to_string).collect();
    let message = format!(
        "there is no cluster {cluster}; there is {}",
        known.join(", ")
    );
    Err(ApiError::bad_request("no_such_cluster", message)
        .help(format!("add it with `towpath cluster add {cluster}`")))
}

pub(super) fn bad<E: std::fmt::Display>(code: &'static str) -> impl Fn(E) -> ApiError {
    move |error| ApiError::bad_request(code, error.to_string())
}
