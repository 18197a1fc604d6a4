//! The API at `/api/v1`: one file for each resource. What it sends is in [`wire`].

mod action_log;
mod app_status;
mod build_place;
mod clusters;
mod deliveries;
mod error;
mod events;
mod exec;
mod executions;
mod extract;
mod gc;
mod left_apps;
mod projects;
mod release;
mod remotes;
mod webhook_allows;
pub mod wire;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, SecurityRequirement,
};
use utoipa_axum::router::OpenApiRouter;

use crate::App;
pub use error::{ApiError, ErrorBody, ErrorDocument};
pub use executions::execution;
pub(crate) use extract::{Path, Query};

/// Bodies of the API and of forms.
pub(crate) const BODY_LIMIT: usize = 64 * 1024;

/// The routes, and the document that describes them: both come from the same place.
pub(crate) fn router() -> (Router<App>, OpenApi) {
    let (router, document) = OpenApiRouter::with_openapi(base())
        .nest("/api/v1", resources())
        .split_for_parts();
    (router.layer(DefaultBodyLimit::max(BODY_LIMIT)), document)
}

/// The OpenAPI document of the API.
pub fn openapi() -> OpenApi {
    router().1
}

fn resources() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(projects::router())
        .merge(left_apps::router())
        .merge(build_place::router())
        .merge(executions::router())
        .merge(action_log::router())
        .merge(release::router())
        .merge(app_status::router())
        .merge(clusters::router())
        .merge(events::router())
        .merge(exec::router())
        .merge(gc::router())
        .merge(remotes::router())
        .merge(deliveries::router())
        .merge(webhook_allows::router())
}

fn base() -> OpenApi {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The admin token, shown at the server's first start."))
        .build();
    let basic = HttpBuilder::new()
        .scheme(HttpAuthScheme::Basic)
        .description(Some("Any user name, the token as password."))
        .build();
    let requirement = |name| SecurityRequirement::new::<_, [String; 0], String>(name, []);
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Towpath")
                .version("1")
                .description(Some(
                    "Errors are `{ \"error\": { \"code\", \"message\", \"help\" } }`. \
                     Unknown parameters and keys are errors. Times are RFC 3339 in UTC.",
                )),
        )
        .components(Some(
            ComponentsBuilder::new()
                .security_scheme("token", SecurityScheme::Http(bearer))
                .security_scheme("basic", SecurityScheme::Http(basic))
                .build(),
        ))
        .security(Some([requirement("token"), requirement("basic")]))
        .build()
}
