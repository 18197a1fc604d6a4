//! The OCI distribution specification, version 1.1, over plain `http` types.

mod blobs;
mod body;
mod content_range;
mod error;
mod lists;
mod manifests;
mod path;
mod uploads;

use bytes::Buf;
use http::{HeaderValue, Method, Request, Response, StatusCode, request};

use super::Registry;
pub use body::Body;
pub use error::unauthorized;
use error::{Code, HttpError};
use path::Route;

type Answer = Result<Response<Body>, HttpError>;

impl Registry {
    /// Answers a request for a path under `/v2/`. Who may do what has been decided before.
    ///
    /// Content goes from the request to the disk and from the disk to the answer in pieces; only
    /// manifests, which are limited to 4 MiB, are held in memory.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data: Buf + Send, Error: std::fmt::Display> + Send,
    {
        let (parts, body) = request.into_parts();
        let answer = self.route(&parts, body).await;
        let mut response = answer.unwrap_or_else(|error| {
            if error.is_ours() {
                tracing::error!(method = %parts.method, path = parts.uri.path(), %error, "registry request failed");
            }
            error.into_response()
        });
        response.headers_mut().insert(
            "docker-distribution-api-version",
            HeaderValue::from_static("registry/2.0"),
        );
        response
    }

    async fn route<B>(&self, parts: &request::Parts, body: B) -> Answer
    where
        B: http_body::Body<Data: Buf + Send, Error: std::fmt::Display> + Send,
    {
        let route = path::parse(parts.uri.path())?;
        let reading = matches!(parts.method, Method::GET | Method::HEAD);
        match (&route, &parts.method) {
            (Route::Base, _) if reading => Ok(body::json(StatusCode::OK, &serde_json::json!({}))),
            (Route::Catalog, _) if reading => lists::catalog(self, parts).await,
            (Route::Tags(repository), _) if reading => lists::tags(self, repository, parts).await,
            (Route::Referrers(repository, subject), _) if reading => {
                lists::referrers(self, repository, subject, parts).await
            }
            (Route::Manifest(repository, version), _) if reading => {
                manifests::get(self, repository, version, &parts.method).await
            }
            (Route::Manifest(repository, version), &Method::PUT) => {
                manifests::put(self, repository, version, parts, body).await
            }
            (Route::Manifest(repository, version), &Method::DELETE) => {
                manifests::delete(self, repository, version).await
            }
            (Route::Blob(repository, digest), _) if reading => {
                blobs::get(self, repository, digest, parts).await
            }
            (Route::Blob(repository, digest), &Method::DELETE) => {
                blobs::delete(self, repository, digest).await
            }
            (Route::Uploads(repository), &Method::POST) => {
                uploads::begin(self, repository, parts, body).await
            }
            (Route::Upload(repository, id), &Method::GET) => {
                uploads::status(self, repository, *id).await
            }
            (Route::Upload(repository, id), &Method::PATCH) => {
                uploads::append(self, repository, *id, parts, body).await
            }
            (Route::Upload(repository, id), &Method::PUT) => {
                uploads::finish(self, repository, *id, parts, body).await
            }
            (Route::Upload(repository, id), &Method::DELETE) => {
                uploads::cancel(self, repository, *id).await
            }
            (_, method) => Err(HttpError::new(
                Code::Unsupported,
                format!("{method} is not supported here"),
            )),
        }
    }
}

/// A parameter of the query string; the last one counts.
fn query(parts: &request::Parts, name: &str) -> Option<String> {
    let query = parts.uri.query()?;
    url::form_urlencoded::parse(query.as_bytes())
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .last()
}
