use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use towpath_model::{ExecutionKey, ExecutionNumber, ProjectName};
use towpath_store::ExecutionFilter;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, NoParameters, Path, Query};
use super::wire::{
    ArtifactDocument, ExecutionDocument, ExecutionList, ExecutionSummary, ReleaseDocument,
    StageDocument, StartExecution, StartedExecution,
};
use super::{ApiError, ErrorDocument};
use crate::{App, change, query};

const DEFAULT_LIMIT: u32 = 30;
const MAX_LIMIT: u32 = 200;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, start))
        .routes(routes!(show))
        .routes(routes!(cancel))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParameters {
    /// Only those whose title or author holds this, or whose commit begins with it.
    q: Option<String>,
    /// Only those with a lower number: the `next` of the page before.
    before: Option<i64>,
    /// 1 to 200; 30 unless given.
    limit: Option<u32>,
}

/// A project's executions, newest first.
#[utoipa::path(get, path = "/projects/{project}/executions", tag = "executions",
    params(("project" = String, Path), ListParameters),
    responses((status = 200, body = ExecutionList), (status = 404, body = ErrorDocument)))]
async fn list(
    State(app): State<App>,
    Path(name): Path<ProjectName>,
    Query(parameters): Query<ListParameters>,
) -> Result<axum::Json<ExecutionList>, ApiError> {
    query::project(&app, &name).await?;
    let limit = parameters.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        let message = format!("limit is {limit}, expected 1 to {MAX_LIMIT}");
        return Err(ApiError::bad_request("bad_parameter", message));
    }
    let filter = ExecutionFilter {
        before: parameters.before.map(ExecutionNumber),
        search: parameters.q,
        limit,
    };
    let page = query::executions(&app, &name, filter).await?;
    let summary = |view| ExecutionSummary::new(&app.config, view);
    let executions: Vec<_> = page.items.iter().map(summary).collect();
    let last = executions.last().map(|execution| execution.number);
    Ok(axum::Json(ExecutionList {
        next: last.filter(|_| page.more),
        executions,
    }))
}

/// Starts an execution of the branch as it stands.
#[utoipa::path(post, path = "/projects/{project}/executions", tag = "executions",
    params(("project" = String, Path)), request_body = StartExecution,
    responses(
        (status = 202, body = StartedExecution),
        (status = 404, body = ErrorDocument),
        (status = 409, description = "the branch has no commit yet", body = ErrorDocument)))]
async fn start(
    State(app): State<App>,
    Path(name): Path<ProjectName>,
    Query(_): Query<NoParameters>,
    Json(body): Json<StartExecution>,
) -> Result<(StatusCode, axum::Json<StartedExecution>), ApiError> {
    let started = change::start(&app, &name, body.request).await?;
    let document = StartedExecution {
        request: started.request,
        commit: started.commit.to_string(),
        new: started.new,
    };
    Ok((StatusCode::ACCEPTED, axum::Json(document)))
}

/// One execution with its stages, actions, artifacts and release.
#[utoipa::path(get, path = "/projects/{project}/executions/{number}", tag = "executions",
    params(("project" = String, Path), ("number" = i64, Path)),
    responses((status = 200, body = ExecutionDocument), (status = 404, body = ErrorDocument)))]
async fn show(
    State(app): State<App>,
    Path((project, number)): Path<(ProjectName, ExecutionNumber)>,
    Query(_): Query<NoParameters>,
) -> Result<axum::Json<ExecutionDocument>, ApiError> {
    let key = ExecutionKey { project, number };
    Ok(axum::Json(execution(&app, &key).await?))
}

/// The document of one execution.
pub async fn execution(app: &App, key: &ExecutionKey) -> Result<ExecutionDocument, ApiError> {
    let view = query::execution(app, key).await?;
    let artifacts = app.store.artifacts(key).await?;
    let release = app.store.release(key).await?;
    Ok(ExecutionDocument {
        summary: ExecutionSummary::new(&app.config, &view),
        explanation: view.execution.explanation.clone(),
        stages: view.stages.iter().map(StageDocument::from).collect(),
        artifacts: artifacts
            .iter()
            .map(|(name, artifact)| ArtifactDocument::new(name, artifact))
            .collect(),
        release: release.as_ref().map(ReleaseDocument::from),
    })
}

/// Asks an execution to end. Its actions are killed; the status becomes cancelled when they are gone.
#[utoipa::path(post, path = "/projects/{project}/executions/{number}/cancel", tag = "executions",
    params(("project" = String, Path), ("number" = i64, Path)),
    responses(
        (status = 202, description = "it will end"),
        (status = 404, body = ErrorDocument),
        (status = 409, description = "it has ended already", body = ErrorDocument)))]
async fn cancel(
    State(app): State<App>,
    Path((project, number)): Path<(ProjectName, ExecutionNumber)>,
    Query(_): Query<NoParameters>,
) -> Result<StatusCode, ApiError> {
    change::cancel(&app, &ExecutionKey { project, number }).await?;
    Ok(StatusCode::ACCEPTED)
}
