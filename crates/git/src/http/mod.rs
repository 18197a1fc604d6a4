//! git's smart HTTP protocol (gitprotocol-http(5)) through `git http-backend` as a CGI (RFC 3875), streamed
//! in both directions. Who may do what has been decided before.

mod backend;
mod body;
mod cgi;
mod elsewhere;
mod exchange;
mod report;
mod route;

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Request, Response, StatusCode};
use towpath_model::ProjectName;

use crate::Repositories;
use backend::Call;
pub use body::{Body, BodyError};

/// How long a request waits for its turn when too many are being served.
const QUEUE: Duration = Duration::from_secs(30);

impl Repositories {
    /// Serves `.../info/refs?service=...`, `.../git-upload-pack` and `.../git-receive-pack`; what comes
    /// before in the path is the caller's. A push's answer ends only after its events are committed; when
    /// they cannot be, the client sees a failure. Dropping the response's body ends git.
    pub async fn handle<B>(&self, project: &ProjectName, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: std::fmt::Display + Send,
    {
        match self.serve(project, request).await {
            Ok(response) => response,
            Err(refusal) => refusal.into_response(),
        }
    }

    async fn serve<B>(
        &self,
        project: &ProjectName,
        request: Request<B>,
    ) -> Result<Response<Body>, Refusal>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: std::fmt::Display + Send,
    {
        let (parts, body) = request.into_parts();
        let route = route::route(&parts.method, &parts.uri)?;
        let call = Call::new(route, &parts.headers)?;
        if !self.exists(project) {
            return Err(Refusal::new(
                StatusCode::NOT_FOUND,
                "there is no such project here; `towpath project create` makes one",
            ));
        }
        if let Some(answer) = elsewhere::refuse_push(self, project, &call).await? {
            return Ok(answer);
        }
        let backends = self.inner.backends.clone();
        let turn = tokio::time::timeout(QUEUE, backends.acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many transfers, try again",
            ));
        };
        exchange::start(self, project, &call, body, turn).await
    }
}

/// An answer without git.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    status: StatusCode,
    message: &'static str,
    client: Client,
}

/// Who reads a [`Refusal`].
#[derive(Debug, PartialEq, Eq)]
enum Client {
    Git,
    /// Shows only the `message` of a JSON object (git-lfs `docs/api/batch.md`, "Response Errors").
    GitLfs,
}

impl Refusal {
    const fn new(status: StatusCode, message: &'static str) -> Self {
        Self {
            status,
            message,
            client: Client::Git,
        }
    }

    fn into_response(self) -> Response<Body> {
        let (content_type, text) = match self.client {
            Client::Git => ("text/plain; charset=utf-8", self.message.to_owned()),
            Client::GitLfs => (
                "application/vnd.git-lfs+json",
                serde_json::json!({ "message": self.message }).to_string(),
            ),
        };
        let mut response = Response::new(Body::full(text + "\n"));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("30"));
        }
        response
    }
}
