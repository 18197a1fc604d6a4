use towpath_cluster::Health;
use towpath_cluster::status::{
    AppStatus, ContainerState, DeploymentStatus, PodStatus, ServicePortStatus, ServiceStatus,
};
use towpath_model::Timestamp;

use super::markup::{Ago, HealthBadge};
use crate::query;

/// An application's status, ready for pages.
pub(super) struct AppParts {
    pub(super) status: AppStatus,
    now: Timestamp,
}

impl AppParts {
    pub(super) fn new(status: AppStatus, now: Timestamp) -> Self {
        Self { status, now }
    }

    pub(super) fn health(&self) -> HealthBadge {
        HealthBadge(self.status.health)
    }

    /// As far as the cluster says.
    pub(super) fn nothing_is_deployed(&self) -> bool {
        let status = &self.status;
        status.health != Health::Unknown
            && status.deployments.is_empty()
            && status.services.is_empty()
    }

    pub(super) fn urls(&self) -> Vec<String> {
        query::urls(&self.status)
    }

    pub(super) fn ready(&self) -> String {
        let ready = self.status.pods.iter().filter(|pod| pod.ready).count();
        format!("{ready} of {} ready", self.status.pods.len())
    }

    pub(super) fn pods_of(&self, deployment: &DeploymentStatus) -> Vec<Pod<'_>> {
        self.status
            .pods
            .iter()
            .filter(|pod| {
                pod.deployment == deployment.name && pod.namespace == deployment.namespace
            })
            .map(|pod| Pod { pod, now: self.now })
            .collect()
    }

    /// `8080, 9090 → 127.0.0.1:30080`.
    pub(super) fn ports(&self, service: &ServiceStatus) -> String {
        let port = |port: &ServicePortStatus| match port.host_port {
            Some(host) => format!("{} → 127.0.0.1:{host}", port.port),
            None => port.port.to_string(),
        };
        let ports: Vec<String> = service.ports.iter().map(port).collect();
        ports.join(", ")
    }

    pub(super) fn health_of(&self, deployment: &DeploymentStatus) -> HealthBadge {
        HealthBadge(deployment.health)
    }
}

/// A pod of a page.
pub(super) struct Pod<'a> {
    pub(super) pod: &'a PodStatus,
    now: Timestamp,
}

impl Pod<'_> {
    pub(super) fn age(&self) -> Ago {
        Ago {
            at: self.pod.created_at,
            now: self.now,
        }
    }

    /// The field's words: `Running`, `Pending`, `Terminating`, and whether it is ready.
    pub(super) fn phase(&self) -> String {
        format!("{:?}", self.pod.phase)
    }

    pub(super) fn look(&self) -> &'static str {
        if self.pod.ready {
            "healthy"
        } else {
            "progressing"
        }
    }

    pub(super) fn ip(&self) -> String {
        self.pod
            .ip
            .map_or_else(|| "–".to_owned(), |ip| ip.to_string())
    }

    /// Why it is not ready, or what its containers are up to.
    pub(super) fn reason(&self) -> Option<String> {
        let waiting = self
            .pod
            .containers
            .iter()
            .find_map(|container| match &container.state {
                ContainerState::Waiting { reason } => Some(reason.clone()),
                ContainerState::Terminated { how, .. } => {
                    Some(format!("{} ended: {how}", container.name))
                }
                ContainerState::Running { .. } => None,
            });
        self.pod.reason.clone().or(waiting)
    }
}
