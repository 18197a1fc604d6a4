use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use towpath_model::pipeline::ArtifactName;
use towpath_model::{ExecutionKey, ExecutionNumber, ProjectName};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{NoParameters, Path, Query};
use super::{ApiError, ErrorDocument};
use crate::{App, query};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(manifests))
        .routes(routes!(artifact))
}

/// The manifests that this execution deployed, as they were applied.
#[utoipa::path(get, path = "/projects/{project}/executions/{number}/manifests", tag = "executions",
    params(("project" = String, Path), ("number" = i64, Path)),
    responses(
        (status = 200, content_type = "text/yaml", body = String),
        (status = 404, description = "it deployed nothing", body = ErrorDocument)))]
async fn manifests(
    State(app): State<App>,
    Path((project, number)): Path<(ProjectName, ExecutionNumber)>,
    Query(_): Query<NoParameters>,
) -> Result<Response, ApiError> {
    let key = ExecutionKey { project, number };
    let Some(release) = app.store.release(&key).await? else {
        query::execution(&app, &key).await?;
        let message = format!("execution {key} has not deployed anything");
        return Err(ApiError::not_found("no_release", message));
    };
    let content = app.blobs.stream(&release.manifests, None).await?;
    let yaml = [(header::CONTENT_TYPE, "text/yaml; charset=utf-8")];
    Ok((yaml, Body::from_stream(content)).into_response())
}

/// An artifact, as a zip.
#[utoipa::path(get, path = "/projects/{project}/executions/{number}/artifacts/{artifact}",
    tag = "executions",
    params(("project" = String, Path), ("number" = i64, Path), ("artifact" = String, Path)),
    responses(
        (status = 200, content_type = "application/zip", body = Vec<u8>),
        (status = 404, body = ErrorDocument)))]
async fn artifact(
    State(app): State<App>,
    Path((project, number, name)): Path<(ProjectName, ExecutionNumber, ArtifactName)>,
    Query(_): Query<NoParameters>,
) -> Result<Response, ApiError> {
    let key = ExecutionKey { project, number };
    let artifacts = app.store.artifacts(&key).await?;
    let Some(artifact) = artifacts.get(&name) else {
        query::execution(&app, &key).await?;
        let message = format!("execution {key} has no artifact {name}");
        return Err(ApiError::not_found("no_such_artifact", message));
    };
    let content = app.blobs.stream(&artifact.digest, None).await?;
    let file = format!(
        "attachment; filename=\"{}-{}-{name}.zip\"",
        key.project, key.number
    );
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_LENGTH, artifact.size.to_string()),
        (header::CONTENT_DISPOSITION, file),
    ];
    Ok((headers, Body::from_stream(content)).into_response())
}
