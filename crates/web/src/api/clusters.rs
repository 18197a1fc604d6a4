use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use towpath_cluster::{AnyCluster, ClusterError, Connection};
use towpath_model::{ClusterName, Namespace, ProjectName};
use towpath_store::{ClusterRemoval, StoreError};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, NoParameters, Path, Query};
use super::wire::{ClusterCheckDocument, ClusterDocument, ClusterList, NewCluster, NewConnection};
use super::{ApiError, ErrorDocument};
use crate::{App, clock::now};

/// What rights are asked for when no namespace is named.
const NAMESPACE: &str = "default";

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(show, remove))
        .routes(routes!(check))
}

/// All clusters, `local` first.
#[utoipa::path(get, path = "/clusters", tag = "clusters",
    responses((status = 200, body = ClusterList)))]
async fn list(
    State(app): State<App>,
    Query(_): Query<NoParameters>,
) -> Result<axum::Json<ClusterList>, ApiError> {
    let mut clusters = vec![local(&app).await?];
    for cluster in app.clusters.added().await? {
        let projects = projects_of(&app, &cluster.name).await?;
        clusters.push(ClusterDocument::added(&cluster, &projects));
    }
    Ok(axum::Json(ClusterList { clusters }))
}

/// Adds a cluster to which projects can be deployed. Its credentials are kept sealed and never come back out.
#[utoipa::path(post, path = "/clusters", tag = "clusters", request_body = NewCluster,
    responses(
        (status = 201, body = ClusterDocument),
        (status = 400, description = "the credentials cannot be used", body = ErrorDocument),
        (status = 409, description = "there is a cluster of this name", body = ErrorDocument)))]
async fn add(
    State(app): State<App>,
    Query(_): Query<NoParameters>,
    Json(new): Json<NewCluster>,
) -> Result<(StatusCode, axum::Json<ClusterDocument>), ApiError> {
    let name: ClusterName = new
        .name
        .parse()
        .map_err(|error| ApiError::bad_request("bad_name", format!("{error}")))?;
    let connection = connection(new.connection);
    let added = app
        .clusters
        .add(&name, connection, new.replace, now())
        .await;
    let added = added.map_err(|error| match error {
        ClusterError::Store(error @ StoreError::Exists(_)) => {
            ApiError::from(error).help("to give it other credentials, replace it")
        }
        error => error.into(),
    })?;
    let projects = projects_of(&app, &name).await?;
    let document = ClusterDocument::added(&added, &projects);
    Ok((StatusCode::CREATED, axum::Json(document)))
}

/// One cluster.
#[utoipa::path(get, path = "/clusters/{cluster}", tag = "clusters",
    params(("cluster" = String, Path)),
    responses((status = 200, body = ClusterDocument), (status = 404, body = ErrorDocument)))]
async fn show(
    State(app): State<App>,
    Path(name): Path<ClusterName>,
    Query(_): Query<NoParameters>,
) -> Result<axum::Json<ClusterDocument>, ApiError> {
    if name == ClusterName::local() {
        return Ok(axum::Json(local(&app).await?));
    }
    let cluster = app.clusters.row(&name).await?;
    let projects = projects_of(&app, &name).await?;
    Ok(axum::Json(ClusterDocument::added(&cluster, &projects)))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CheckParameters {
    /// Where the rights are asked for; `default` unless given.
    namespace: Option<String>,
}

/// Whether a cluster can be deployed to: it answers, and its account has the rights that deploying into a
/// namespace needs.
#[utoipa::path(get, path = "/clusters/{cluster}/check", tag = "clusters",
    params(("cluster" = String, Path), CheckParameters),
    responses((status = 200, body = ClusterCheckDocument), (status = 404, body = ErrorDocument)))]
async fn check(
    State(app): State<App>,
    Path(name): Path<ClusterName>,
    Query(parameters): Query<CheckParameters>,
) -> Result<axum::Json<ClusterCheckDocument>, ApiError> {
    let namespace = parameters.namespace.as_deref().unwrap_or(NAMESPACE);
    let namespace: Namespace = namespace
        .parse()
        .map_err(|error| ApiError::bad_request("bad_parameter", format!("{error}")))?;
    let checked = match app.clusters.get(&name).await {
        Ok(AnyCluster::Kubernetes(cluster)) => cluster.check(&namespace).await.map(Some),
        Ok(AnyCluster::Local(_)) => Ok(None),
        Err(error @ (ClusterError::NotFound(_) | ClusterError::Store(_))) => {
            return Err(error.into());
        }
        Err(error) => Err(error),
    };
    let mut document = ClusterCheckDocument {
        cluster: name.to_string(),
        namespace: namespace.to_string(),
        problem: None,
        version: None,
        missing: Vec::new(),
    };
    match checked {
        Ok(Some(checked)) => {
            document.version = Some(checked.version);
            document.missing = checked.missing;
        }
        Ok(None) => {}
        Err(error) => document.problem = Some(error.to_string()),
    }
    Ok(axum::Json(document))
}

/// Removes a cluster that no project is deployed to, with its credentials. What was deployed there stays.
#[utoipa::path(delete, path = "/clusters/{cluster}", tag = "clusters",
    params(("cluster" = String, Path)),
    responses(
        (status = 204, description = "it is removed"),
        (status = 404, body = ErrorDocument),
        (status = 409, description = "projects are deployed there", body = ErrorDocument)))]
async fn remove(
    State(app): State<App>,
    Path(name): Path<ClusterName>,
    Query(_): Query<NoParameters>,
) -> Result<StatusCode, ApiError> {
    match app.clusters.remove(&name).await? {
        ClusterRemoval::Removed => Ok(StatusCode::NO_CONTENT),
        ClusterRemoval::NotThere => Err(ApiError::not_found(
            "not_found",
            format!("there is no cluster {name}"),
        )),
        ClusterRemoval::Used(projects) => {
            let projects: Vec<&str> = projects.iter().map(ProjectName::as_str).collect();
            let message = format!("cluster {name} is used by {}", projects.join(", "));
            Err(ApiError::conflict("cluster_in_use", message)
                .help("a cluster can be removed when no project is deployed to it"))
        }
    }
}

async fn local(app: &App) -> Result<ClusterDocument, ApiError> {
    let projects = projects_of(app, &ClusterName::local()).await?;
    Ok(ClusterDocument::local(
        &projects,
        app.clusters.local().err(),
    ))
}

async fn projects_of(app: &App, cluster: &ClusterName) -> Result<Vec<ProjectName>, ApiError> {
    let projects = app.store.projects().await?;
    let there = projects
        .into_iter()
        .filter(|project| project.cluster == *cluster);
    Ok(there.map(|project| project.name).collect())
}

fn connection(new: NewConnection) -> Connection {
    match new {
        NewConnection::Kubeconfig {
            kubeconfig,
            context,
        } => Connection::Kubeconfig {
            text: kubeconfig,
            context,
        },
        NewConnection::InCluster {} => Connection::InCluster,
        NewConnection::Token {
            server,
            token,
            certificate_authority,
        } => Connection::Token {
            server,
            token,
            certificate_authority,
        },
    }
}
