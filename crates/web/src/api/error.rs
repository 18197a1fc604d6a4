use std::fmt;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use towpath_cluster::ClusterError;
use towpath_model::ProjectName;
use towpath_store::StoreError;
use utoipa::ToSchema;

/// What the API says when it does not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    body: ErrorBody,
}

/// `{ "error": { "code", "message", "help" } }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorDocument {
    pub error: ErrorBody,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// For programs; stays the same when the message's words change.
    #[schema(example = "no_such_project")]
    pub code: String,
    /// What happened, for people.
    pub message: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            body: ErrorBody {
                code: code.to_owned(),
                message: message.into(),
                help: None,
            },
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.body.help = Some(help.into());
        self
    }

    pub(crate) fn bad_request(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn not_found(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    pub(crate) fn conflict(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    pub(crate) fn being_deleted(project: &ProjectName) -> Self {
        Self::conflict(
            "being_deleted",
            format!("project {project} is being deleted"),
        )
        .help(format!("how far that is: `towpath project show {project}`"))
    }

    /// Our fault: the details go to the server's log, which the operator reads, not to the client.
    pub(crate) fn internal(error: &dyn fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the server could not do this",
        )
        .help("the server's log says why")
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn body(&self) -> &ErrorBody {
        &self.body
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.body.message)?;
        match &self.body.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ApiError {}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let document = ErrorDocument { error: self.body };
        (self.status, Json(document)).into_response()
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Exists(what) => Self::conflict("exists", format!("{what} already exists")),
            StoreError::NoCluster(name) => Self::conflict(
                "no_such_cluster",
                format!("cluster {name} was just removed"),
            ),
            StoreError::BeingDeleted(name) => Self::being_deleted(&name),
            StoreError::NoBlob(digest) => Self::new(
                StatusCode::GONE,
                "gone",
                format!("{digest} is not kept any more"),
            ),
            error if error.is_disk_full() => {
                tracing::error!(%error, "the disk is full");
                Self::new(
                    StatusCode::INSUFFICIENT_STORAGE,
                    "disk_full",
                    "the server's disk is full",
                )
                .help("make room, or remove old executions with `towpath gc`")
            }
            error => Self::internal(&error),
        }
    }
}

impl From<ClusterError> for ApiError {
    fn from(error: ClusterError) -> Self {
        match error {
            ClusterError::Store(error) => error.into(),
            ClusterError::NotFound(what) => {
                Self::not_found("not_found", format!("there is no {what}"))
            }
            error @ ClusterError::Connection { .. } => {
                Self::bad_request("bad_cluster", error.to_string())
            }
            error => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "cluster_unavailable",
                error.to_string(),
            ),
        }
    }
}
