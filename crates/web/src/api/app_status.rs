use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use towpath_cluster::{AnyCluster, Cluster, ClusterError, PodStatus};
use towpath_model::ProjectName;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::action_log::plain_text;
use super::extract::{NoParameters, Path, Query};
use super::wire::AppDocument;
use super::{ApiError, ErrorDocument};
use crate::{App, query};

const DEFAULT_LIMIT: usize = 1 << 20;
const MAX_LIMIT: usize = 8 << 20;
const CHUNK: usize = 64 * 1024;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(pod_log))
}

/// How the project's application stands: health, deployments, pods, services with their addresses, and
/// the objects that are kept but not run here. When the cluster cannot say, the health is unknown and the
/// reason says why.
#[utoipa::path(get, path = "/projects/{project}/app", tag = "app",
    params(("project" = String, Path)),
    responses(
        (status = 200, body = AppDocument),
        (status = 404, body = ErrorDocument)))]
async fn status(
    State(app): State<App>,
    Path(name): Path<ProjectName>,
    Query(_): Query<NoParameters>,
) -> Result<axum::Json<AppDocument>, ApiError> {
    let project = query::project(&app, &name).await?;
    let status = query::app_status(&app, &project).await;
    Ok(axum::Json(AppDocument::from(&status)))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PodLogParameters {
    /// The pod's first unless given.
    container: Option<String>,
    /// The first byte wanted.
    offset: Option<u64>,
    /// At most this many bytes, up to 8 MiB; 1 MiB unless given. Not with `follow`.
    limit: Option<usize>,
    /// Go on sending while the pod lives.
    follow: Option<bool>,
}

/// The log of a container. The header `towpath-log-offset` says where the content begins (later than asked
/// for when older output was dropped) and `towpath-log-next` where to go on.
#[utoipa::path(get, path = "/projects/{project}/app/pods/{pod}/log", tag = "app",
    params(("project" = String, Path), ("pod" = String, Path), PodLogParameters),
    responses(
        (status = 200, content_type = "text/plain", body = String),
        (status = 404, body = ErrorDocument),
        (status = 503, description = "the cluster does not answer", body = ErrorDocument)))]
async fn pod_log(
    State(app): State<App>,
    Path((name, pod)): Path<(ProjectName, String)>,
    Query(parameters): Query<PodLogParameters>,
) -> Result<Response, ApiError> {
    let project = query::project(&app, &name).await?;
    let cluster = app.clusters.get(&project.cluster).await?;
    let status = cluster.status(&name).await?;
    let pod = status
        .pods
        .into_iter()
        .find(|status| status.name == pod)
        .ok_or_else(|| {
            ApiError::not_found("no_such_pod", format!("project {name} has no pod {pod}"))
        })?;
    let container = container(&pod, parameters.container)?;
    let log = PodLog {
        cluster,
        pod,
        container,
    };
    let offset = parameters.offset.unwrap_or(0);
    if parameters.follow.unwrap_or(false) {
        return Ok(plain_text(follow(log, offset)));
    }
    let limit = parameters.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        let message = format!("limit is {limit}, expected 1 to {MAX_LIMIT}");
        return Err(ApiError::bad_request("bad_parameter", message));
    }
    let chunk = log.read(offset, limit).await?;
    let position = [
        ("towpath-log-offset", chunk.offset.to_string()),
        ("towpath-log-next", chunk.next.to_string()),
    ];
    Ok((position, plain_text(Body::from(chunk.content))).into_response())
}

fn container(pod: &PodStatus, wanted: Option<String>) -> Result<String, ApiError> {
    let names = || {
        pod.containers
            .iter()
            .map(|container| container.name.as_str())
    };
    let found = match &wanted {
        Some(wanted) => names().find(|name| name == wanted),
        None => names().next(),
    };
    found.map(str::to_owned).ok_or_else(|| {
        let message = format!(
            "pod {} has no container {}",
            pod.name,
            wanted.unwrap_or_default()
        );
        let all: Vec<&str> = names().collect();
        ApiError::not_found("no_such_container", message)
            .help(format!("it has: {}", all.join(", ")))
    })
}

struct PodLog {
    cluster: AnyCluster,
    pod: PodStatus,
    container: String,
}

impl PodLog {
    async fn read(
        &self,
        offset: u64,
        limit: usize,
    ) -> Result<towpath_cluster::local::LogChunk, ClusterError> {
        let pod = &self.pod;
        self.cluster
            .logs(&pod.namespace, &pod.name, &self.container, offset, limit)
            .await
    }

    /// The next piece after `offset`; none when the pod is gone.
    async fn next(&self, mut offset: u64) -> Result<Option<(Vec<u8>, u64)>, ClusterError> {
        loop {
            let chunk = self.read(offset, CHUNK).await?;
            if !chunk.content.is_empty() {
                return Ok(Some((chunk.content, chunk.next)));
            }
            offset = chunk.next.max(offset);
            let pod = &self.pod;
            let lives = self
                .cluster
                .log_grew(&pod.namespace, &pod.name, &self.container, offset)
                .await?;
            if !lives {
                return Ok(None);
            }
        }
    }
}

fn follow(log: PodLog, offset: u64) -> Body {
    let stream = stream::try_unfold((log, offset), |(log, offset)| async move {
        let piece = log.next(offset).await?;
        Ok::<_, ClusterError>(piece.map(|(content, next)| (content, (log, next))))
    });
    Body::from_stream(stream)
}
