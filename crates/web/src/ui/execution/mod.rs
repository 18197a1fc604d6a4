//! The page of an execution: how it stands, its stages, its actions with their phases, and a log.

mod live;
mod panel;
mod parts;
mod selection;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use towpath_model::{ExecutionKey, ExecutionNumber, ProjectName};

use super::page::{Chrome, PageError, PageResult, Path, Query, Viewer, render, text};
use crate::api::ApiError;
use crate::{App, change, clock::now, query};
use panel::Panel;
use parts::Parts;
use selection::{Selected, select};

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/projects/{project}/executions/{number}", get(show))
        .route("/projects/{project}/executions/{number}/log", get(lines))
        .route(
            "/projects/{project}/executions/{number}/live",
            get(live::live),
        )
        .route(
            "/projects/{project}/executions/{number}/cancel",
            post(cancel),
        )
}

/// What of the log to show.
#[derive(Clone, Debug, Default, Deserialize)]
struct LogQuery {
    /// `Stage/Action`; without it the one where something happens.
    action: Option<String>,
    /// The latest unless given.
    attempt: Option<i64>,
    /// Show this line and mark it.
    line: Option<u64>,
    /// Look for this text.
    #[serde(default)]
    q: String,
    /// Where the search begins.
    from: Option<u64>,
}

#[derive(Template)]
#[template(path = "execution.html")]
struct ExecutionPage {
    chrome: Chrome,
    key: ExecutionKey,
    head: String,
    controls: String,
    graph: String,
    steps: String,
    panel: Option<String>,
    /// Where changes come from, while there may be any.
    live: Option<String>,
}

async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path((project, number)): Path<(ProjectName, ExecutionNumber)>,
    Query(query): Query<LogQuery>,
) -> PageResult {
    let key = ExecutionKey { project, number };
    let view = query::execution(&app, &key).await?;
    let selected = select(&view, query.action.as_deref(), query.attempt)?;
    let panel = match &selected {
        Some(selected) => Some(Panel::open(&app, selected, &query).await?),
        None => None,
    };
    let finished = view.status.is_final();
    let parts = Parts::load(&app, &view, selected.as_ref(), now()).await?;
    render(&ExecutionPage {
        chrome: Chrome::new(format!("{key} · {}", view.execution.title), viewer),
        head: parts.head()?,
        controls: if viewer.may_write() {
            parts.controls()?
        } else {
            String::new()
        },
        graph: parts.graph(),
        steps: parts.steps()?,
        live: (!finished).then(|| live::url(&key, query.action.as_deref(), viewer, panel.as_ref())),
        panel: panel.as_ref().map(text).transpose()?,
        key,
    })
}

/// Which lines to add to a log that is on a page already.
#[derive(Deserialize)]
struct LinesQuery {
    action: String,
    attempt: Option<i64>,
    #[serde(default)]
    q: String,
    /// The lines just before this one.
    before: Option<u64>,
    /// The lines from this byte on, which is where line `line` begins.
    offset: Option<u64>,
    line: Option<u64>,
}

async fn lines(
    State(app): State<App>,
    Path((project, number)): Path<(ProjectName, ExecutionNumber)>,
    Query(query): Query<LinesQuery>,
) -> PageResult {
    let key = ExecutionKey { project, number };
    let view = query::execution(&app, &key).await?;
    let Some(selected) = select(&view, Some(&query.action), query.attempt)? else {
        return Err(ApiError::not_found("no_such_action", "it has no actions yet").into());
    };
    let lines = match (query.before, query.offset, query.line) {
        (Some(before), ..) => panel::earlier(&app, &selected, &query.q, before).await?,
        (None, Some(offset), Some(line)) => {
            let cursor = crate::log::Cursor { offset, line };
            panel::later(&app, &selected, &query.q, cursor).await?
        }
        _ => {
            let message = "expected `before`, or `offset` and `line`";
            return Err(ApiError::bad_request("bad_parameter", message).into());
        }
    };
    Ok(Html(text(&lines)?))
}

async fn cancel(
    State(app): State<App>,
    Path((project, number)): Path<(ProjectName, ExecutionNumber)>,
) -> Result<Response, PageError> {
    let key = ExecutionKey { project, number };
    change::cancel(&app, &key).await?;
    Ok(Redirect::to(&path(&key)).into_response())
}

/// The page's address.
fn path(key: &ExecutionKey) -> String {
    format!("/projects/{}/executions/{}", key.project, key.number)
}

/// What the panel and the pictures need of the chosen action.
impl Selected {
    fn names(&self) -> (&str, &str) {
        let action = &self.run.action;
        (action.stage.as_str(), action.action.as_str())
    }
}
