//! Where the workers of builds that run elsewhere call. Each shows the token of its one job.

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt, future};
use http::{HeaderMap, StatusCode, header};
use towpath_remote::{JobId, MAX_FRAME};

use crate::App;

/// `GET /work/v1/<job>`, upgraded to a WebSocket.
pub(crate) async fn work(
    State(app): State<App>,
    Path(job): Path<String>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let token = bearer(&headers).unwrap_or_default();
    match app.store.is_work_token(&job, token).await {
        Ok(true) => upgrade
            .max_message_size(MAX_FRAME)
            .max_frame_size(MAX_FRAME)
            .on_upgrade(move |socket| serve(app, job.into(), socket)),
        Ok(false) => refused(),
        Err(error) => {
            tracing::error!(%error, "cannot look up a worker's token");
            let answer = "the server cannot look up the token; its log says why\n";
            (StatusCode::INTERNAL_SERVER_ERROR, answer).into_response()
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ")
}

fn refused() -> Response {
    let answer = "the job has ended, or the token is not this job's\n";
    (StatusCode::UNAUTHORIZED, answer).into_response()
}

async fn serve(app: App, job: JobId, socket: WebSocket) {
    let (to, from) = socket.split();
    let to = to.with(|bytes| future::ready(Ok::<_, axum::Error>(Message::Binary(bytes))));
    let from = from.filter_map(|message| future::ready(content(message)));
    let ended = app.work.serve(&job, to, from).await;
    tracing::debug!(%job, %ended, "a worker's connection ended");
}

/// WebSocket's own pings and its close mean nothing here.
fn content(message: Result<Message, axum::Error>) -> Option<Result<Bytes, String>> {
    match message {
        Ok(Message::Binary(bytes)) => Some(Ok(bytes)),
        Ok(Message::Text(_)) => Some(Err("a text message".to_owned())),
        Ok(_) => None,
        Err(error) => Some(Err(error.to_string())),
    }
}
