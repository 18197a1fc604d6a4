use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use towpath_model::{ClusterName, Namespace, ProjectName};
use towpath_store::LeftAppFilter;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{NoParameters, Path, Query};
use super::projects::bad;
use super::wire::{LeftAppDocument, LeftAppList};
use super::{ApiError, ErrorDocument};
use crate::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(forget))
}

/// What projects that were deleted have left in Kubernetes clusters.
#[utoipa::path(get, path = "/left-apps", tag = "projects",
    responses((status = 200, body = LeftAppList)))]
async fn list(
    State(app): State<App>,
    Query(_): Query<NoParameters>,
) -> Result<axum::Json<LeftAppList>, ApiError> {
    let left = app.store.left_apps().await?;
    let left_apps = left.iter().map(LeftAppDocument::new).collect();
    Ok(axum::Json(LeftAppList { left_apps }))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Where {
    /// Everywhere unless given.
    cluster: Option<String>,
    namespace: Option<String>,
}

/// Ends what a left app pulls its images with, and removes these when nothing else of its name needs them. What runs
/// of it in the cluster stays.
#[utoipa::path(delete, path = "/left-apps/{project}", tag = "projects",
    params(("project" = String, Path), Where),
    responses((status = 204), (status = 404, body = ErrorDocument)))]
async fn forget(
    State(app): State<App>,
    Path(project): Path<ProjectName>,
    Query(place): Query<Where>,
) -> Result<StatusCode, ApiError> {
    let cluster = place.cluster.map(|name| name.parse::<ClusterName>());
    let namespace = place.namespace.map(|name| name.parse::<Namespace>());
    let filter = LeftAppFilter {
        cluster: cluster.transpose().map_err(bad("bad_cluster"))?,
        namespace: namespace.transpose().map_err(bad("bad_namespace"))?,
        project,
    };
    if app.store.forget_left_apps(&filter).await? == 0 {
        let message = format!("no project {} has left an app there", filter.project);
        let help = "`towpath project left` lists what was left where";
        return Err(ApiError::not_found("no_such_left_app", message).help(help));
    }
    Ok(StatusCode::NO_CONTENT)
}
