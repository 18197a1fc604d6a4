use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use serde::Deserialize;
use towpath_model::pipeline::{ActionName, StageName};
use towpath_model::{ActionKey, ActionRunKey, ExecutionKey, ExecutionNumber, ProjectName};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Path, Query};
use super::{ApiError, ErrorDocument};
use crate::log::{Follow, read};
use crate::{App, query};

const DEFAULT_LIMIT: usize = 1 << 20;
const MAX_LIMIT: usize = 8 << 20;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(log))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LogParameters {
    /// From 1; the latest unless given.
    attempt: Option<i64>,
    /// The first byte wanted.
    offset: Option<u64>,
    /// At most this many bytes, up to 8 MiB; 1 MiB unless given. Not with `follow`.
    limit: Option<usize>,
    /// Go on sending while the log grows, and end when the action has ended.
    follow: Option<bool>,
}

/// The log of an action, as its programs wrote it.
///
/// The headers `towpath-log-next` (where to go on), `towpath-log-size` (bytes so far) and
/// `towpath-log-open` (`true` while more may come) tell how to read on. With `follow` they are left out.
#[utoipa::path(get, path = "/projects/{project}/executions/{number}/actions/{stage}/{action}/log",
    tag = "logs",
    params(("project" = String, Path), ("number" = i64, Path), ("stage" = String, Path),
        ("action" = String, Path), LogParameters),
    responses(
        (status = 200, content_type = "text/plain", body = String),
        (status = 404, body = ErrorDocument)))]
async fn log(
    State(app): State<App>,
    Path((project, number, stage, action)): Path<(
        ProjectName,
        ExecutionNumber,
        StageName,
        ActionName,
    )>,
    Query(parameters): Query<LogParameters>,
) -> Result<Response, ApiError> {
    let action = ActionKey {
        execution: ExecutionKey { project, number },
        stage,
        action,
    };
    let run = run(&app, action, parameters.attempt).await?;
    let offset = parameters.offset.unwrap_or(0);
    if parameters.follow.unwrap_or(false) {
        let stream = Follow::new(app, run, offset).into_stream();
        return Ok(plain_text(Body::from_stream(stream)));
    }
    let limit = parameters.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        let message = format!("limit is {limit}, expected 1 to {MAX_LIMIT}");
        return Err(ApiError::bad_request("bad_parameter", message));
    }
    let chunk = read(&app, &run, offset, limit).await?;
    let position = [
        ("towpath-log-next", chunk.next.to_string()),
        ("towpath-log-size", chunk.size.to_string()),
        ("towpath-log-open", chunk.open.to_string()),
    ];
    Ok((position, plain_text(Body::from(chunk.content))).into_response())
}

pub(super) fn plain_text(body: Body) -> Response {
    let text = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (text, body).into_response()
}

/// The attempt that was asked for, else the latest.
async fn run(app: &App, action: ActionKey, attempt: Option<i64>) -> Result<ActionRunKey, ApiError> {
    let runs = app.store.action_runs(&action.execution).await?;
    let run = runs
        .into_iter()
        .map(|run| run.key)
        .filter(|run| run.action == action && attempt.is_none_or(|wanted| wanted == run.attempt))
        .max_by_key(|run| run.attempt);
    if let Some(run) = run {
        return Ok(run);
    }
    query::execution(app, &action.execution).await?;
    let (stage, name) = (&action.stage, &action.action);
    Err(ApiError::not_found(
        "no_such_action_run",
        format!(
            "action {stage}/{name} of {} has not run (or not in this attempt)",
            action.execution
        ),
    ))
}
