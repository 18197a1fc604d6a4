use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::StreamExt;
use http::{HeaderMap, StatusCode, header};

use super::answer::Refused;
use super::{BODY_LIMIT, Intake};

/// How long a body may take to arrive.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Reads a body within limits of size, time, and memory for all of them together.
pub(super) async fn read(
    intake: &Intake,
    headers: &HeaderMap,
    body: Body,
) -> Result<Bytes, Refused> {
    let declared = declared(headers);
    if declared.is_some_and(|length| length > BODY_LIMIT) {
        return Err(too_large(declared.unwrap_or(BODY_LIMIT)));
    }
    let Some(_room) = intake.room(declared.unwrap_or(BODY_LIMIT)).await else {
        let reason = "too many webhooks at once";
        return Err(Refused::new(StatusCode::SERVICE_UNAVAILABLE, reason));
    };
    match tokio::time::timeout(TIMEOUT, collect(body, declared)).await {
        Ok(body) => body,
        Err(_) => Err(Refused::new(
            StatusCode::REQUEST_TIMEOUT,
            "the body did not arrive within 30 s",
        )),
    }
}

async fn collect(body: Body, declared: Option<u64>) -> Result<Bytes, Refused> {
    let mut whole = Vec::with_capacity(usize::try_from(declared.unwrap_or(0)).unwrap_or(0));
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| {
            Refused::new(
                StatusCode::BAD_REQUEST,
                format!("the body broke off: {error}"),
            )
        })?;
        whole.extend_from_slice(&piece);
        if whole.len() as u64 > BODY_LIMIT {
            return Err(too_large(whole.len() as u64));
        }
    }
    Ok(whole.into())
}

fn declared(headers: &HeaderMap) -> Option<u64> {
    let length = headers.get(header::CONTENT_LENGTH)?.to_str().ok()?;
    length.parse().ok()
}

fn too_large(size: u64) -> Refused {
    let limit = BODY_LIMIT / 1024 / 1024;
    let reason = format!(
        "the body is larger than the limit of {limit} MiB, which no git host's is: see what else calls this URL"
    );
    Refused::new(StatusCode::PAYLOAD_TOO_LARGE, reason).of_size(size)
}
