use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
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
    /// For the operator.
    pub(super) reason: String,
    /// What the sender is told, when that is less than the reason.
    told: Option<&'static str>,
    /// Whether the fact is kept.
    pub(super) remembered: bool,
    /// Asks for the password of basic authentication.
    challenge: bool,
    /// Of the body, as far as it was read.
    pub(super) size: u64,
}

impl Refused {
    pub(super) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.into(),
            told: status
                .is_server_error()
                .then_some("the server cannot take this now; send it again"),
            remembered: !status.is_server_error(),
            challenge: false,
            size: 0,
        }
    }

    /// Tells the sender no more than that there is nothing here.
    pub(super) fn unknown(reason: impl Into<String>) -> Self {
        Self {
            told: Some("there is no such webhook"),
            ..Self::new(StatusCode::NOT_FOUND, reason)
        }
    }

    /// Keeps the fact although the sender did nothing wrong.
    pub(super) fn remembered(mut self) -> Self {
        self.remembered = true;
        self
    }

    pub(super) fn unremembered(mut self) -> Self {
        self.remembered = false;
        self
    }

    /// RFC 9110, 11.6.1: who is to show a password has to be asked for it.
    pub(super) fn challenge(mut self) -> Self {
        self.challenge = true;
        self
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
        let message = self.told.unwrap_or(&self.reason);
        let body = json!({ "error": { "code": code(self.status), "message": message } });
        let mut response = (self.status, Json(body)).into_response();
        if self.challenge {
            let basic = HeaderValue::from_static("Basic realm=\"webhooks\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, basic);
        }
        response
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
