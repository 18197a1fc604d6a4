use askama::Template;
use axum::response::{Html, IntoResponse, Response};

use super::page::{Chrome, Viewer};
use crate::api::{ApiError, ErrorBody};

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    chrome: Chrome,
    status: u16,
    error: &'a ErrorBody,
}

/// Says what went wrong and what to do, as a page.
pub(crate) fn error_page(error: &ApiError) -> Response {
    let page = ErrorPage {
        chrome: Chrome::new(
            error.status().canonical_reason().unwrap_or("Error"),
            Viewer::UNKNOWN,
        ),
        status: error.status().as_u16(),
        error: error.body(),
    };
    match page.render() {
        Ok(html) => (error.status(), Html(html)).into_response(),
        Err(_) => (error.status(), error.to_string()).into_response(),
    }
}
