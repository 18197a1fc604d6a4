use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream, StreamExt as _};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::watch;
use towpath_model::ProjectName;
use towpath_store::Change;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ApiError;
use super::extract::Query;
use crate::App;
use crate::moves::Moves;

/// Tells proxies and clients that the connection lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const GATHER: Duration = Duration::from_millis(60);

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(events))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EventParameters {
    /// Only changes of this project.
    project: Option<String>,
    /// Also when something new is known of clusters, and nothing of what runs in them.
    clusters: Option<bool>,
}

/// Changes as they happen, as server-sent events. `change` names a project and perhaps an execution to
/// look at again; `cluster`, when asked for, that a cluster was looked at; `app` means that something moved in a cluster, of whichever project, or may have in one
/// elsewhere; `resync`, which also comes first, means that some may have been missed and everything is to be looked at again.
#[utoipa::path(get, path = "/events", tag = "events", params(EventParameters),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
async fn events(
    State(app): State<App>,
    Query(parameters): Query<EventParameters>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let project: Option<ProjectName> = parameters
        .project
        .map(|name| name.parse())
        .transpose()
        .map_err(|error| ApiError::bad_request("bad_parameter", format!("project: {error}")))?;
    let watch = Watch {
        changes: app.store.signals().subscribe(),
        moves: match parameters.clusters {
            Some(true) => Moves::Never,
            _ => Moves::of(&app, project.as_ref()).await?,
        },
        looks: match parameters.clusters {
            Some(true) => Some(app.cluster_looks.ended()),
            _ => None,
        },
        project,
        waiting: VecDeque::new(),
    };
    // What changed between the client's last look and now is nobody's to tell.
    let first = stream::once(async { Ok(resync()) });
    let stream = stream::unfold(watch, |mut watch| async move {
        let event = watch.next().await?;
        Some((Ok(event), watch))
    });
    Ok(Sse::new(first.chain(stream)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// What one client wants to hear of.
struct Watch {
    changes: Receiver<Change>,
    moves: Moves,
    /// Of clusters.
    looks: Option<watch::Receiver<u64>>,
    project: Option<ProjectName>,
    waiting: VecDeque<Event>,
}

impl Watch {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            tokio::select! {
                received = self.changes.recv() => self.gather(received).await?,
                () = self.moves.next() => {
                    tokio::time::sleep(GATHER).await;
                    self.waiting.push_back(named("app"));
                }
                () = looked(&mut self.looks) => self.waiting.push_back(named("cluster")),
            }
        }
    }

    /// Work comes in bursts: what changed many times within a moment is told once. None at the server's end.
    async fn gather(&mut self, first: Result<Change, RecvError>) -> Option<()> {
        tokio::time::sleep(GATHER).await;
        let mut told: Vec<Change> = Vec::new();
        let mut next = Some(first);
        while let Some(received) = next {
            match received {
                Ok(change) if self.concerns(&change) && !told.contains(&change) => {
                    told.push(change)
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => self.waiting.push_back(resync()),
                Err(RecvError::Closed) => return None,
            }
            next = match self.changes.try_recv() {
                Ok(change) => Some(Ok(change)),
                Err(TryRecvError::Lagged(missed)) => Some(Err(RecvError::Lagged(missed))),
                Err(TryRecvError::Empty | TryRecvError::Closed) => None,
            };
        }
        self.waiting.extend(told.iter().map(event));
        Some(())
    }

    fn concerns(&self, change: &Change) -> bool {
        let project = self.project.as_ref();
        project.is_none_or(|project| *project == change.project)
    }
}

async fn looked(looks: &mut Option<watch::Receiver<u64>>) {
    let lives = match looks {
        Some(looks) => looks.changed().await.is_ok(),
        None => false,
    };
    if !lives {
        std::future::pending().await
    }
}

fn event(change: &Change) -> Event {
    let number = change.execution.map(|number| number.0);
    let data = json!({ "project": change.project.as_str(), "execution": number });
    Event::default().event("change").data(data.to_string())
}

fn resync() -> Event {
    named("resync")
}

fn named(name: &str) -> Event {
    Event::default().event(name).data("{}")
}
