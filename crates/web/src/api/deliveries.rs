use axum::extract::State;
use serde::Deserialize;
use towpath_model::ProjectName;
use towpath_store::{DeliveryFilter, DeliveryState, StoredDelivery};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{NoParameters, Path, Query};
use super::wire::{DeliveryDocument, DeliveryList};
use super::{ApiError, ErrorDocument};
use crate::{App, clock::now, query};

const MOST: u32 = 200;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(replay))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParameters {
    /// Only of this project.
    project: Option<String>,
    /// pending, done, ignored, failed or refused.
    state: Option<String>,
    /// Only those below this id.
    before: Option<i64>,
    /// 1 to 200; 50 unless given.
    limit: Option<u32>,
}

/// What git hosts sent, newest first.
#[utoipa::path(get, path = "/deliveries", tag = "webhooks", params(ListParameters),
    responses((status = 200, body = DeliveryList), (status = 400, body = ErrorDocument)))]
async fn list(
    State(app): State<App>,
    Query(parameters): Query<ListParameters>,
) -> Result<axum::Json<DeliveryList>, ApiError> {
    let filter = filter(&parameters)?;
    if let Some(project) = &filter.project {
        query::project(&app, project).await?;
    }
    let deliveries = app.store.deliveries(&filter).await?;
    let whole_page = deliveries.len() == filter.limit as usize;
    let next = deliveries.last().filter(|_| whole_page).map(|last| last.id);
    let deliveries = deliveries.iter().map(DeliveryDocument::new).collect();
    Ok(axum::Json(DeliveryList { deliveries, next }))
}

fn filter(parameters: &ListParameters) -> Result<DeliveryFilter, ApiError> {
    let bad = |error: String| ApiError::bad_request("bad_parameter", error);
    let project: Option<ProjectName> = match &parameters.project {
        Some(name) => Some(
            name.parse()
                .map_err(|error| bad(format!("project: {error}")))?,
        ),
        None => None,
    };
    let state: Option<DeliveryState> = match &parameters.state {
        Some(state) => Some(state.parse().map_err(bad)?),
        None => None,
    };
    let limit = parameters.limit.unwrap_or(50);
    if !(1..=MOST).contains(&limit) {
        return Err(bad(format!("limit: expected 1 to {MOST}")));
    }
    Ok(DeliveryFilter {
        project,
        state,
        before: parameters.before,
        limit,
    })
}

/// One delivery, with its body.
#[utoipa::path(get, path = "/deliveries/{delivery}", tag = "webhooks",
    params(("delivery" = i64, Path)),
    responses((status = 200, body = DeliveryDocument), (status = 404, body = ErrorDocument)))]
async fn show(
    State(app): State<App>,
    Path(id): Path<i64>,
    Query(_): Query<NoParameters>,
) -> Result<axum::Json<DeliveryDocument>, ApiError> {
    let delivery = found(&app, id).await?;
    Ok(axum::Json(DeliveryDocument::new(&delivery)))
}

/// Does a delivery again: the remote is looked at.
#[utoipa::path(post, path = "/deliveries/{delivery}/replay", tag = "webhooks",
    params(("delivery" = i64, Path)),
    responses((status = 200, body = DeliveryDocument), (status = 404, body = ErrorDocument),
              (status = 409, description = "it was refused", body = ErrorDocument)))]
async fn replay(
    State(app): State<App>,
    Path(id): Path<i64>,
    Query(_): Query<NoParameters>,
) -> Result<axum::Json<DeliveryDocument>, ApiError> {
    found(&app, id).await?;
    if !app.store.replay_delivery(id, now()).await? {
        let message = format!("delivery {id} was refused: nothing of it was kept");
        return Err(ApiError::conflict("refused", message).help("let the git host send it again"));
    }
    Ok(axum::Json(DeliveryDocument::new(&found(&app, id).await?)))
}

async fn found(app: &App, id: i64) -> Result<StoredDelivery, ApiError> {
    app.store.delivery(id).await?.ok_or_else(|| {
        ApiError::not_found("no_such_delivery", format!("there is no delivery {id}"))
            .help("see `towpath delivery list`; they are kept for 30 days")
    })
}
