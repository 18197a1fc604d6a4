use axum::extract::State;
use http::StatusCode;
use towpath_model::{Project, ProjectName};
use towpath_store::new_webhook_secret;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, NoParameters, Path, Query};
use super::wire::{NewRemoteDocument, RemoteDocument};
use super::{ApiError, ErrorDocument};
use crate::{App, clock::now, query, remotes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(change))
        .routes(routes!(register, remove))
        .routes(routes!(replace_secret))
}

/// Gives a project a remote, or changes it: what is left out stays as it is. It is fetched at once, and from
/// then on the project takes no pushes of its own. Credentials do not follow it to another host.
#[utoipa::path(patch, path = "/projects/{project}/remote", tag = "remotes",
    params(("project" = String, Path)), request_body = NewRemoteDocument,
    responses((status = 200, body = RemoteDocument), (status = 400, body = ErrorDocument),
              (status = 404, body = ErrorDocument)))]
async fn change(
    State(app): State<App>,
    Path(name): Path<ProjectName>,
    Query(_): Query<NoParameters>,
    Json(given): Json<NewRemoteDocument>,
) -> Result<axum::Json<RemoteDocument>, ApiError> {
    let project = query::project(&app, &name).await?;
    remotes::change(&app, &project, given).await?;
    shown(&app, &project).await
}

/// Registers the webhook at the git host, soon and until it is there; needs an API token.
#[utoipa::path(post, path = "/projects/{project}/webhook", tag = "remotes",
    params(("project" = String, Path)),
    responses((status = 202, body = RemoteDocument), (status = 404, body = ErrorDocument),
              (status = 409, body = ErrorDocument)))]
async fn register(
    State(app): State<App>,
    Path(name): Path<ProjectName>,
    Query(_): Query<NoParameters>,
) -> Result<(StatusCode, axum::Json<RemoteDocument>), ApiError> {
    let project = query::project(&app, &name).await?;
    let remote = shown(&app, &project).await?;
    if !remote.statuses {
        let message = format!("{name} has no token for the git host's API");
        return Err(ApiError::conflict("no_api_token", message).help(format!(
            "give one with `towpath project remote {name} --api-token-file FILE`"
        )));
    }
    app.store.want_hook(&name, true, now()).await?;
    Ok((StatusCode::ACCEPTED, shown(&app, &project).await?))
}

/// Removes the webhook at the git host, when we registered it.
#[utoipa::path(delete, path = "/projects/{project}/webhook", tag = "remotes",
    params(("project" = String, Path)),
    responses((status = 200, body = RemoteDocument), (status = 404, body = ErrorDocument),
              (status = 502, description = "the git host did not do it", body = ErrorDocument)))]
async fn remove(
    State(app): State<App>,
    Path(name): Path<ProjectName>,
    Query(_): Query<NoParameters>,
) -> Result<axum::Json<RemoteDocument>, ApiError> {
    let project = query::project(&app, &name).await?;
    // Says that there is no remote, when there is none.
    drop(shown(&app, &project).await?);
    let removed = app.remotes.remove_hook(&name).await;
    removed
        .map_err(|error| ApiError::internal(&error))?
        .map_err(|error| ApiError::new(StatusCode::BAD_GATEWAY, "git_host", error))?;
    shown(&app, &project).await
}

/// Makes a new secret for the project's webhook, shows it once, and forgets the old one. A webhook that we
/// registered gets it too.
#[utoipa::path(post, path = "/projects/{project}/webhook/secret", tag = "remotes",
    params(("project" = String, Path)),
    responses((status = 200, body = RemoteDocument), (status = 404, body = ErrorDocument)))]
async fn replace_secret(
    State(app): State<App>,
    Path(name): Path<ProjectName>,
    Query(_): Query<NoParameters>,
) -> Result<axum::Json<RemoteDocument>, ApiError> {
    let project = query::project(&app, &name).await?;
    let secret = new_webhook_secret();
    app.store
        .set_webhook_secret(&name, secret.clone(), now())
        .await?;
    let mut remote = shown(&app, &project).await?;
    remote.webhook.secret = Some(secret.expose_str()?.to_owned());
    Ok(remote)
}

async fn shown(app: &App, project: &Project) -> Result<axum::Json<RemoteDocument>, ApiError> {
    let document = remotes::document(app, project).await?;
    document.map(axum::Json).ok_or_else(|| {
        let name = &project.name;
        let message = format!("{name} has no remote: its repository is here");
        ApiError::not_found("no_remote", message).help(format!(
            "give it one with `towpath project remote {name} --url URL`"
        ))
    })
}
