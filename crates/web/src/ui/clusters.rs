use askama::Template;
use axum::extract::State;
use towpath_model::ClusterName;

use super::cluster_parts::{self, ClusterParts};
use super::markup::Command;
use super::page::{Chrome, PageResult, Path, Viewer, render};
use crate::App;

#[derive(Template)]
#[template(path = "clusters.html")]
struct ClustersPage {
    chrome: Chrome,
    clusters: Vec<ClusterParts>,
    add: Command,
}

/// Where projects are deployed: `local`, and the clusters that were added.
pub(super) async fn list(State(app): State<App>, viewer: Viewer) -> PageResult {
    render(&ClustersPage {
        chrome: Chrome::new("Clusters", viewer),
        clusters: cluster_parts::all(&app).await?,
        add: Command("towpath cluster add NAME --kubeconfig FILE".to_owned()),
    })
}

impl ClustersPage {
    fn only_local(&self) -> bool {
        self.clusters.len() == 1
    }
}

#[derive(Template)]
#[template(path = "cluster.html")]
struct ClusterPage {
    chrome: Chrome,
    cluster: ClusterParts,
    /// How to make a project that is deployed there.
    create: Command,
    check: Command,
}

/// One cluster: whether it answers, what its account may not do, and who uses it.
pub(super) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path(name): Path<ClusterName>,
) -> PageResult {
    let cluster = cluster_parts::one(&app, &name).await?;
    let create = match cluster.added {
        Some(_) => format!("towpath project create hello --cluster {name} --namespace hello"),
        None => "towpath project create hello".to_owned(),
    };
    render(&ClusterPage {
        chrome: Chrome::new(format!("Cluster {name}"), viewer),
        cluster,
        create: Command(create),
        check: Command(format!(
            "towpath cluster check {name} --namespace NAMESPACE"
        )),
    })
}
