use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;
use towpath_store::{DeliveryState, StoreError};

/// What became of a delivery that was let in. Git hosts show it to whoever looks for it.
pub(super) struct Answer {
    pub(super) delivery: i64,
    pub(super) state: DeliveryState,
    /// It had been sent before: nothing is done again.
    pub(super) repeated: bool,
    pub(super) reason: String,
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let pending = self.state == DeliveryState::Pending && !self.repeated;
        let status = if pending {
            StatusCode::ACCEPTED
        } else {
            StatusCode::OK
        };
        let body = json!({
            "delivery": self.delivery,
            "state": if self.repeated { "repeated" } else { self.state.as_str() },
            "reason": self.reason,
        });
        (status, Json(body)).into_response()
    }
}

/// Why a delivery was not let in.
pub(super) struct Refused {
    status: StatusCode,
    pub(super) reason: String,
    /// Of the body, as far as it was read.
    pub(super) size: u64,
}

impl Refused {
    pub(super) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.into(),
            size: 0,
        }
    }

    /// Says no more than that there is nothing here.
    pub(super) fn unknown() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no such webhook")
    }

    pub(super) fn of_size(mut self, size: u64) -> Self {
        self.size = size;
        self
    }

    /// The sender did nothing wrong and sends again.
    pub(super) fn is_ours(&self) -> bool {
        self.status.is_server_error()
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}

impl IntoResponse for Refused {
    /// What went wrong with us is the log's to say.
    fn into_response(self) -> Response {
        let message = match self.is_ours() {
            true => "the server cannot take this now; send it again",
            false => &self.reason,
        };
        let body = json!({ "error": { "code": code(self.status), "message": message } });
        (self.status, Json(body)).into_response()
    }
}

fn code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "wrong_signature",
        StatusCode::FORBIDDEN => "not_allowed",
        StatusCode::NOT_FOUND => "no_such_webhook",
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        StatusCode::BAD_REQUEST => "malformed",
        StatusCode::REQUEST_TIMEOUT => "too_slow",
        _ => "unavailable",
    }
}
