use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use towpath_cluster::LocalCluster;
use towpath_cluster::local::Changes;
use towpath_model::ProjectName;
use towpath_store::Change;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ApiError;
use super::extract::Query;
use crate::App;

/// Tells proxies and clients that the connection lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const GATHER: Duration = Duration::from_millis(100);

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(events))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EventParameters {
    /// Only changes of this project.
    project: Option<String>,
}

/// Changes as they happen, as server-sent events. `change` names a project and perhaps an execution to
/// look at again; `app` means that something moved in a cluster, of whichever project; `resync` means
/// that some were missed and everything is to be looked at again.
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
        cluster: app.cluster.as_ref().map(LocalCluster::changes),
        project,
    };
    let stream = stream::unfold(watch, |mut watch| async move {
        let event = watch.next().await?;
        Some((Ok(event), watch))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// What one client wants to hear of.
struct Watch {
    changes: Receiver<Change>,
    cluster: Option<Changes>,
    project: Option<ProjectName>,
}

impl Watch {
    async fn next(&mut self) -> Option<Event> {
        loop {
            let received = tokio::select! {
                received = self.changes.recv() => received,
                () = moved(&mut self.cluster) => {
                    // A rollout moves many times within a moment.
                    tokio::time::sleep(GATHER).await;
                    return Some(Event::default().event("app").data("{}"));
                }
            };
            match received {
                Ok(change) if self.concerns(&change) => {
                    let number = change.execution.map(|number| number.0);
                    let data = json!({ "project": change.project.as_str(), "execution": number });
                    return Some(Event::default().event("change").data(data.to_string()));
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => {
                    return Some(Event::default().event("resync").data("{}"));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn concerns(&self, change: &Change) -> bool {
        let project = self.project.as_ref();
        project.is_none_or(|project| *project == change.project)
    }
}

async fn moved(cluster: &mut Option<Changes>) {
    let lives = match cluster {
        Some(changes) => changes.changed().await,
        None => false,
    };
    if !lives {
        std::future::pending().await
    }
}
