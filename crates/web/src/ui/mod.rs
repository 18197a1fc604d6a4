//! Pages: one file each, drawn by the server, live where that helps, whole without JavaScript.

mod app_parts;
mod application;
mod cluster_parts;
mod clusters;
mod error;
mod escaped;
mod execution;
mod graph;
mod images;
mod login;
mod markup;
mod page;
mod project;
mod project_deletion;
mod projects;
mod remote_parts;
mod words;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::Redirect;
use axum::routing::{get, post};

use crate::App;
use crate::api::BODY_LIMIT;
pub(crate) use error::error_page;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/", get(projects::show))
        .route("/projects", get(|| async { Redirect::permanent("/") }))
        .route("/projects/{project}", get(project::show))
        .route("/projects/{project}/start", post(project::start))
        .route("/projects/{project}/delete", post(project_deletion::delete))
        .route("/projects/{project}/app", get(application::show))
        .route("/projects/{project}/images", get(images::show))
        .route("/clusters", get(clusters::list))
        .route("/clusters/{cluster}", get(clusters::show))
        .merge(execution::router())
        .route("/login", get(login::show).post(login::log_in))
        .route("/logout", post(login::log_out))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
}
