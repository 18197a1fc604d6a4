use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use http::StatusCode;
use serde_json::json;
use towpath_model::ProjectName;

use crate::api::ApiError;
use crate::auth::guard;
use crate::headers::careful;
use crate::{App, api, assets, ui, webhooks, work};

/// Everything that the server answers: pages, API, git and registry, behind one guard.
pub fn router(app: App) -> Router {
    let (api, document) = api::router();
    let document = Arc::new(document);
    Router::new()
        .merge(ui::router())
        .merge(api)
        .merge(webhooks::router())
        .route(
            "/api/openapi.json",
            get(move || async move { Json(document.as_ref().clone()) }),
        )
        .route("/healthz", get(health))
        .route("/assets/{hash}/{name}", get(assets::asset))
        .route("/v2", any(registry))
        .route("/v2/", any(registry))
        .route("/v2/{*path}", any(registry))
        .route("/git/{repository}/{*path}", any(git))
        .route("/work/v1/{job}", get(work::work))
        .fallback(not_found)
        .layer(from_fn_with_state(app.clone(), guard))
        .layer(from_fn(careful))
        .with_state(app)
}

async fn registry(State(app): State<App>, request: Request) -> Response {
    app.registry
        .handle(request)
        .await
        .map(axum::body::Body::new)
}

/// `/git/<project>.git/...`, the `.git` may be left out, as git itself allows.
async fn git(
    State(app): State<App>,
    Path((repository, _)): Path<(String, String)>,
    request: Request,
) -> Response {
    let name = repository.strip_suffix(".git").unwrap_or(&repository);
    match name.parse::<ProjectName>() {
        Ok(project) => {
            let answer = app.repositories.handle(&project, request).await;
            answer.map(axum::body::Body::new)
        }
        Err(error) => (StatusCode::NOT_FOUND, format!("{error}\n")).into_response(),
    }
}

/// Whether the server can do its work: it asks the database.
async fn health(State(app): State<App>) -> Response {
    match app.store.ping().await {
        Ok(()) => Json(json!({ "status": "ok" })).into_response(),
        Err(error) => {
            tracing::error!(%error, "not healthy");
            let status = json!({ "status": "failed", "reason": "the database does not answer" });
            (StatusCode::SERVICE_UNAVAILABLE, Json(status)).into_response()
        }
    }
}

async fn not_found(request: Request) -> Response {
    let path = request.uri().path();
    let error = ApiError::not_found("no_such_path", format!("there is nothing at {path}"));
    if path.starts_with("/api/") {
        error
            .help("the API is described at /api/openapi.json")
            .into_response()
    } else {
        ui::error_page(&error)
    }
}
