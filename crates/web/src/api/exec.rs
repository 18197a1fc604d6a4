//! A way into the sandbox of a failed build, for as long as the server keeps it.

mod session;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use http::StatusCode;
use towpath_model::pipeline::{ActionName, StageName};
use towpath_model::{ActionKey, ActionRunKey, ExecutionKey, ExecutionNumber, ProjectName};
use towpath_pipeline::kept::Guest;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{NoParameters, Path, Query};
use super::{ApiError, ErrorDocument};
use crate::auth::Identity;
use crate::{App, query};

/// No key or paste is as long.
const MOST_TYPED: usize = 1 << 20;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(exec))
}

/// Runs a command, or a shell at a terminal, in the sandbox of a failed action, over a WebSocket.
///
/// It is a write and takes the token itself: a browser's session is not enough, since any page may open a
/// WebSocket. Binary messages are what is typed and what is to be seen. The client's first message is text:
/// `{"argv": [...], "terminal": {"kind", "rows", "columns"}}`; later `{"resize": {"rows", "columns"}}`. The
/// server's last one is `{"exited": {"code"}}` or `{"failed": {"message"}}`.
#[utoipa::path(get, path = "/projects/{project}/executions/{number}/actions/{stage}/{action}/exec",
    tag = "executions",
    params(("project" = String, Path), ("number" = i64, Path), ("stage" = String, Path),
        ("action" = String, Path)),
    responses(
        (status = 101, description = "the WebSocket begins"),
        (status = 403, description = "a session, where the token is needed", body = ErrorDocument),
        (status = 404, body = ErrorDocument),
        (status = 409, description = "the sandbox is not kept, or not any more", body = ErrorDocument)))]
async fn exec(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    Path((project, number, stage, action)): Path<(
        ProjectName,
        ExecutionNumber,
        StageName,
        ActionName,
    )>,
    Query(_): Query<NoParameters>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    if identity != Identity::Token {
        let message = "entering a sandbox takes the token, not a session";
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "token_needed",
            message,
        ));
    }
    let action = ActionKey {
        execution: ExecutionKey { project, number },
        stage,
        action,
    };
    let guest = enter(&app, &action).await?;
    tracing::info!(execution = %action.execution, action = %action.action, "somebody enters a kept sandbox");
    Ok(upgrade
        .max_message_size(MOST_TYPED)
        .on_upgrade(move |socket| session::serve(guest, socket)))
}

async fn enter(app: &App, action: &ActionKey) -> Result<Guest, ApiError> {
    let attempt = latest_attempt(app, action).await?;
    let run = ActionRunKey {
        action: action.clone(),
        attempt,
    };
    app.kept.enter(&run).ok_or_else(|| {
        let message = format!(
            "the sandbox of {} {}/{} is not kept",
            action.execution, action.stage, action.action
        );
        ApiError::conflict("not_kept", message).help(
            "only sandboxes of failed builds are, for as long as `serve --keep-failed` says, at most 4, and not \
             over a restart; run it again to have another",
        )
    })
}

async fn latest_attempt(app: &App, action: &ActionKey) -> Result<i64, ApiError> {
    let view = query::execution(app, &action.execution).await?;
    let named = view
        .actions()
        .find(|(stage, named)| stage.name == action.stage && named.name == action.action);
    let (_, named) = named.ok_or_else(|| {
        let message = format!(
            "execution {} has no action {}/{}",
            action.execution, action.stage, action.action
        );
        ApiError::not_found("no_such_action", message)
    })?;
    Ok(named.attempt)
}
