use axum::extract::State;
use towpath_cluster::ComputeType;
use towpath_model::{BuildPlace, ClusterName, ProjectName};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, NoParameters, Path, Query};
use super::projects::known_cluster;
use super::wire::BuildPlaceDocument;
use super::{ApiError, ErrorDocument};
use crate::{App, query};

/// What a build place is called that is not a cluster.
const SANDBOX: &str = "sandbox";
/// The longest reference is far shorter (distribution's reference: 255 for the name, 128 for the tag).
const LONGEST_IMAGE: usize = 512;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show, change))
}

/// Where a project's builds run.
#[utoipa::path(get, path = "/projects/{project}/build-place", tag = "projects",
    params(("project" = String, Path)),
    responses((status = 200, body = BuildPlaceDocument), (status = 404, body = ErrorDocument)))]
async fn show(
    State(app): State<App>,
    Path(name): Path<ProjectName>,
    Query(_): Query<NoParameters>,
) -> Result<axum::Json<BuildPlaceDocument>, ApiError> {
    query::project(&app, &name).await?;
    let place = app.store.build_place(&name).await?;
    Ok(axum::Json(document(place)))
}

/// Lets a project's builds run in sandboxes of the server's machine, or in pods of a cluster, from the next
/// execution on.
#[utoipa::path(put, path = "/projects/{project}/build-place", tag = "projects",
    params(("project" = String, Path)), request_body = BuildPlaceDocument,
    responses(
        (status = 200, body = BuildPlaceDocument),
        (status = 400, body = ErrorDocument),
        (status = 404, body = ErrorDocument)))]
async fn change(
    State(app): State<App>,
    Path(name): Path<ProjectName>,
    Query(_): Query<NoParameters>,
    Json(wanted): Json<BuildPlaceDocument>,
) -> Result<axum::Json<BuildPlaceDocument>, ApiError> {
    query::project(&app, &name).await?;
    let place = place(wanted)?;
    if let Some(place) = &place {
        known_cluster(&app, &place.cluster).await?;
    }
    app.store.set_build_place(&name, place.as_ref()).await?;
    Ok(axum::Json(document(place)))
}

pub(super) fn document(place: Option<BuildPlace>) -> BuildPlaceDocument {
    match place {
        None => BuildPlaceDocument {
            on: SANDBOX.to_owned(),
            image: None,
            compute: None,
            pull_secret: None,
        },
        Some(place) => BuildPlaceDocument {
            on: place.cluster.to_string(),
            image: place.image,
            compute: place.compute,
            pull_secret: place.pull_secret.map(String::from),
        },
    }
}

fn place(wanted: BuildPlaceDocument) -> Result<Option<BuildPlace>, ApiError> {
    let refused = |message: &str| Err(ApiError::bad_request("bad_build_place", message));
    if wanted.on == SANDBOX {
        return match (wanted.image, wanted.compute, wanted.pull_secret) {
            (None, None, None) => Ok(None),
            _ => refused(
                "a sandbox has this machine's tools and size: image, compute type and pull secret are for clusters",
            ),
        };
    }
    let cluster: ClusterName = wanted.on.parse().map_err(bad("bad_cluster"))?;
    if cluster == ClusterName::local() {
        return refused("the cluster `local` runs no builds; `sandbox` runs them on this machine");
    }
    if let Some(image) = &wanted.image
        && (image.is_empty() || image.len() > LONGEST_IMAGE || image.contains(char::is_whitespace))
    {
        return refused("the image is not the name of one");
    }
    if let Some(compute) = &wanted.compute {
        compute
            .parse::<ComputeType>()
            .map_err(bad("bad_compute_type"))?;
    }
    let pull_secret = wanted.pull_secret.map(|name| name.parse());
    Ok(Some(BuildPlace {
        pull_secret: pull_secret.transpose().map_err(bad("bad_pull_secret"))?,
        cluster,
        image: wanted.image,
        compute: wanted.compute,
    }))
}

fn bad<E: std::fmt::Display>(code: &'static str) -> impl Fn(E) -> ApiError {
    move |error| ApiError::bad_request(code, error.to_string())
}
