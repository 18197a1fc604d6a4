use axum::response::{IntoResponse, Redirect, Response};
use http::request::Parts as Head;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::json;
use towpath_store::StoreError;

use super::access::Surface;
use super::verdict::Verdict;
use crate::api::ApiError;
use crate::ui::error_page;

const TOKEN_HELP: &str = "send the admin token as `Authorization: Bearer TOKEN` or as the password of basic \
     authentication with any user name; it was shown at the server's first start";

/// Says no, in the words of the protocol that was spoken.
pub(crate) fn refusal(surface: Surface, verdict: Verdict, head: &Head) -> Response {
    let error = error(verdict);
    match surface {
        Surface::Page if verdict == Verdict::Unauthenticated => login(head),
        Surface::Page => error_page(&error),
        Surface::Api | Surface::Webhook => error.into_response(),
        Surface::Git => with_challenge(plain(&error)),
        Surface::Registry => with_challenge(oci(&error)),
    }
}

/// Our own fault while we looked at who asks.
pub(crate) fn internal(surface: Surface, error: &StoreError) -> Response {
    let error = ApiError::internal(error);
    match surface {
        Surface::Page => error_page(&error),
        Surface::Api | Surface::Webhook => error.into_response(),
        Surface::Git => plain(&error),
        Surface::Registry => oci(&error),
    }
}

fn error(verdict: Verdict) -> ApiError {
    let forbidden = StatusCode::FORBIDDEN;
    match verdict {
        Verdict::WrongHost => ApiError::new(
            forbidden,
            "host_not_allowed",
            "this server does not answer to the name in the Host header",
        )
        .help("use its address, localhost, or the host of --public-url"),
        Verdict::ForeignOrigin => ApiError::new(
            forbidden,
            "origin_not_allowed",
            "the request comes from a page of another site",
        )
        .help("reload the page and try again; programs leave the Origin header out and send the token"),
        Verdict::Unauthenticated | Verdict::Allow => ApiError::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "this needs the admin token",
        )
        .help(TOKEN_HELP),
    }
}

fn login(head: &Head) -> Response {
    let readable = matches!(head.method, Method::GET | Method::HEAD);
    let next = match head.uri.path_and_query() {
        Some(target) if readable => target.as_str(),
        _ => "/",
    };
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("next", next)
        .finish();
    Redirect::to(&format!("/login?{query}")).into_response()
}

fn plain(error: &ApiError) -> Response {
    (error.status(), format!("{error}\n")).into_response()
}

/// OCI distribution specification 1.1, "Error Codes".
fn oci(error: &ApiError) -> Response {
    let code = match error.status() {
        StatusCode::UNAUTHORIZED => "UNAUTHORIZED",
        StatusCode::FORBIDDEN => "DENIED",
        _ => "UNKNOWN",
    };
    let body = json!({ "errors": [{ "code": code, "message": error.to_string() }] });
    let json = [(header::CONTENT_TYPE, "application/json")];
    (error.status(), json, body.to_string()).into_response()
}

fn with_challenge(mut response: Response) -> Response {
    if response.status() == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Basic realm=\"towpath\"");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
