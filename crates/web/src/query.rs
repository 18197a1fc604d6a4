//! What pages and API show, read from the rows.

use std::time::Duration;

use towpath_cluster::status::{AppStatus, ServiceStatus};
use towpath_cluster::{Cluster, ClusterError};
use towpath_model::{ExecutionKey, Project, ProjectName};
use towpath_pipeline::view::ExecutionView;
use towpath_store::{Execution, ExecutionFilter, StoreError};

use crate::App;
use crate::api::ApiError;

/// How long a reader waits for the executions of pushes that were just answered.
const SETTLING: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// How long a reader waits for a cluster.
const CLUSTER_PATIENCE: Duration = Duration::from_secs(5);

/// A page of a list, and whether another follows.
pub(crate) struct PageOf<T> {
    pub(crate) items: Vec<T>,
    pub(crate) more: bool,
}

pub(crate) async fn project(app: &App, name: &ProjectName) -> Result<Project, ApiError> {
    let project = app.store.project(name).await?;
    project.ok_or_else(|| {
        ApiError::not_found("no_such_project", format!("there is no project {name}"))
            .help(format!("make it with `towpath project create {name}`"))
    })
}

pub(crate) async fn execution(app: &App, key: &ExecutionKey) -> Result<ExecutionView, ApiError> {
    let Some(execution) = app.store.execution(key).await? else {
        project(app, &key.project).await?;
        let message = format!("there is no execution {key}");
        return Err(ApiError::not_found("no_such_execution", message)
            .help("it may have been removed: a project keeps its newest 100"));
    };
    let runs = app.store.action_runs(key).await?;
    let phases = app.store.phases(key).await?;
    Ok(ExecutionView::new(execution, &runs, &phases))
}

pub(crate) async fn executions(
    app: &App,
    project: &ProjectName,
    filter: ExecutionFilter,
) -> Result<PageOf<ExecutionView>, StoreError> {
    settled(app, project).await?;
    let wanted = filter.limit as usize;
    let one_more = ExecutionFilter {
        limit: filter.limit + 1,
        ..filter
    };
    let mut rows = app.store.executions(project, &one_more).await?;
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        items.push(list_view(app, row).await?);
    }
    Ok(PageOf { items, more })
}

pub(crate) async fn latest_execution(
    app: &App,
    project: &ProjectName,
) -> Result<Option<ExecutionView>, StoreError> {
    settled(app, project).await?;
    match app.store.latest_execution(project).await? {
        Some(row) => Ok(Some(list_view(app, row).await?)),
        None => Ok(None),
    }
}

/// How the application stands. A cluster that cannot say is an application of unknown health, and why.
pub(crate) async fn app_status(app: &App, project: &Project) -> AppStatus {
    told(project, async {
        let cluster = app.clusters.get(&project.cluster).await?;
        cluster.status(&project.name).await
    })
    .await
}

/// The same without its pods: for many projects at once.
pub(crate) async fn app_glance(app: &App, project: &Project) -> AppStatus {
    told(project, async {
        let cluster = app.clusters.get(&project.cluster).await?;
        cluster.glance(&project.name).await
    })
    .await
}

pub(crate) async fn app_urls(app: &App, project: &Project) -> Vec<String> {
    urls(&app_glance(app, project).await)
}

/// Where the application may answer: on this machine, or where its cluster says.
pub(crate) fn urls(status: &AppStatus) -> Vec<String> {
    let ingresses = status.ingresses.iter();
    let of_ingresses = ingresses.flat_map(|ingress| ingress.urls.iter().cloned());
    let services = status.services.iter();
    of_ingresses
        .chain(
            services.flat_map(|service| service.urls().into_iter().chain(external_urls(service))),
        )
        .collect()
}

/// Whoever has pushed wants to see the execution of that push, which is made a moment after git was
/// answered. An engine that is stuck keeps no reader waiting for long.
async fn settled(app: &App, project: &ProjectName) -> Result<(), StoreError> {
    let settling = async {
        while app.store.has_unhandled_events(project).await? {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    };
    tokio::time::timeout(SETTLING, settling)
        .await
        .unwrap_or(Ok(()))
}

async fn told(
    project: &Project,
    asking: impl Future<Output = Result<AppStatus, ClusterError>>,
) -> AppStatus {
    let unknown = |why: String| AppStatus::unknown(&project.name, 0, why);
    match tokio::time::timeout(CLUSTER_PATIENCE, asking).await {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => unknown(error.to_string()),
        Err(_) => unknown(format!(
            "cluster {} did not answer within {} s",
            project.cluster,
            CLUSTER_PATIENCE.as_secs()
        )),
    }
}

fn external_urls(service: &ServiceStatus) -> Vec<String> {
    let url = |host: &String, port: u16| match port {
        80 => format!("http://{host}"),
        443 => format!("https://{host}"),
        port => format!("http://{host}:{port}"),
    };
    let hosts = service.external.iter();
    hosts
        .flat_map(|host| service.ports.iter().map(move |port| url(host, port.port)))
        .collect()
}

/// A finished execution's status is in its row; only the others need their actions.
async fn list_view(app: &App, row: Execution) -> Result<ExecutionView, StoreError> {
    if row.outcome.is_some() {
        return Ok(ExecutionView::new(row, &[], &[]));
    }
    let runs = app.store.action_runs(&row.key).await?;
    Ok(ExecutionView::new(row, &runs, &[]))
}
