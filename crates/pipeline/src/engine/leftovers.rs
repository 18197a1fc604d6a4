//! What the server before this one left of its builds elsewhere.

use std::sync::Arc;

use towpath_cluster::AnyCluster;
use towpath_model::ClusterName;
use towpath_remote::JobId;

use crate::services::Services;

/// Removes the pods of builds that nobody waits for, in the background: a cluster may be far away, and a pod
/// whose token is nobody's does no harm.
pub(super) fn remove_pods(services: &Arc<Services>) {
    let services = Arc::clone(services);
    tokio::spawn(async move {
        let clusters = match services.store.build_clusters().await {
            Ok(clusters) => clusters,
            Err(error) => return tracing::error!(%error, "cannot read where builds run"),
        };
        for name in clusters {
            remove_from(&services, &name).await;
        }
    });
}

async fn remove_from(services: &Services, name: &ClusterName) {
    let is_ours = |job: &str| services.work_hub.is_open(&JobId::from(job.to_owned()));
    let removed = match services.clusters.get(name).await {
        Ok(AnyCluster::Kubernetes(cluster)) => cluster.delete_leftover_builds(is_ours).await,
        Ok(AnyCluster::Local(_)) => return,
        Err(error) => Err(error),
    };
    match removed {
        Ok(0) => {}
        Ok(count) => {
            tracing::info!(count, cluster = %name, "pods of the last server's builds are removed")
        }
        Err(error) => tracing::error!(%error, "pods of the last server's builds may be left"),
    }
}
