use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ApiError;
use super::extract::{NoParameters, Query};
use super::wire::CollectedDocument;
use crate::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(gc))
}

/// Removes what retention no longer keeps, beside running work, and tells how much that was.
#[utoipa::path(post, path = "/gc", tag = "server",
    responses((status = 200, body = CollectedDocument)))]
async fn gc(
    State(app): State<App>,
    Query(_): Query<NoParameters>,
) -> Result<axum::Json<CollectedDocument>, ApiError> {
    let collected = app.collector.collect().await;
    let collected = collected.map_err(|error| ApiError::internal(&error))?;
    let mut document = CollectedDocument::from(&collected);
    document.sandboxes = app.kept.free();
    Ok(axum::Json(document))
}
