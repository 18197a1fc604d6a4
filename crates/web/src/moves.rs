//! When something moves in the clusters that a page shows.

use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, timeout};
use towpath_cluster::local::Changes;
use towpath_cluster::{AnyCluster, AppChanges, LocalCluster};
use towpath_model::{ClusterName, ProjectName};

use crate::App;
use crate::api::ApiError;

/// How often many projects elsewhere are looked at: a watch of each would cost their clusters more.
const LOOK_ELSEWHERE: Duration = Duration::from_secs(10);
/// How long a connection to a cluster is waited for, before it is looked at now and then instead.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) enum Moves {
    /// One project on a cluster elsewhere.
    Watched(AppChanges),
    /// On this machine, and perhaps elsewhere.
    Told {
        local: Option<Changes>,
        elsewhere: Option<Interval>,
    },
    Never,
}

impl Moves {
    /// Of one project, or of all.
    pub(crate) async fn of(app: &App, project: Option<&ProjectName>) -> Result<Self, ApiError> {
        let local = app.clusters.local().ok().map(LocalCluster::changes);
        let Some(name) = project else {
            let elsewhere = any_elsewhere(app).await?.then(ticks);
            return Ok(Self::Told { local, elsewhere });
        };
        let cluster = match app.store.project(name).await? {
            Some(project) => project.cluster,
            None => return Ok(Self::Never),
        };
        if cluster == ClusterName::local() {
            let elsewhere = None;
            return Ok(Self::Told { local, elsewhere });
        }
        Ok(match timeout(PATIENCE, app.clusters.get(&cluster)).await {
            Ok(Ok(AnyCluster::Kubernetes(cluster))) => Self::Watched(cluster.changes(name)),
            Ok(Ok(AnyCluster::Local(_)) | Err(_)) | Err(_) => Self::Told {
                local: None,
                elsewhere: Some(ticks()),
            },
        })
    }

    /// Waits for the next move. Cancel safe.
    pub(crate) async fn next(&mut self) {
        match self {
            Self::Watched(changes) => lives_or_waits(changes.changed().await).await,
            Self::Told { local, elsewhere } => tokio::select! {
                () = moved(local) => {}
                () = passed(elsewhere) => {}
            },
            Self::Never => std::future::pending().await,
        }
    }
}

async fn any_elsewhere(app: &App) -> Result<bool, ApiError> {
    let projects = app.store.projects().await?;
    Ok(projects
        .iter()
        .any(|project| project.cluster != ClusterName::local()))
}

fn ticks() -> Interval {
    let mut ticks = tokio::time::interval_at(Instant::now() + LOOK_ELSEWHERE, LOOK_ELSEWHERE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

async fn passed(ticks: &mut Option<Interval>) {
    match ticks {
        Some(ticks) => {
            ticks.tick().await;
        }
        None => std::future::pending().await,
    }
}

async fn moved(cluster: &mut Option<Changes>) {
    match cluster {
        Some(changes) => lives_or_waits(changes.changed().await).await,
        None => std::future::pending().await,
    }
}

/// What will never tell again is not asked in a loop.
async fn lives_or_waits(lives: bool) {
    if !lives {
        std::future::pending().await
    }
}
