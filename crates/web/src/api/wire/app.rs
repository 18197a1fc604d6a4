use serde::{Deserialize, Serialize};
use towpath_cluster::status::{
    AppStatus, ContainerState, ContainerStatus, DeploymentStatus, Health, IngressStatus, NotRun,
    PodStatus, ServicePortStatus, ServiceStatus,
};
use utoipa::ToSchema;

/// How an application stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppDocument {
    pub project: String,
    /// Rises by one with every apply; 0 when nothing was applied yet.
    pub release: i64,
    /// healthy, progressing, degraded, missing, or unknown when the cluster cannot say.
    #[schema(example = "healthy")]
    pub health: String,
    /// One sentence when it is not healthy.
    pub reason: Option<String>,
    /// Where it answers: on this machine, or where its cluster says.
    pub urls: Vec<String>,
    pub deployments: Vec<DeploymentDocument>,
    pub pods: Vec<PodDocument>,
    pub services: Vec<ServiceDocument>,
    #[serde(default)]
    pub ingresses: Vec<IngressDocument>,
    /// Objects that are kept but not run by this cluster.
    pub not_run: Vec<NotRunDocument>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeploymentDocument {
    pub namespace: String,
    /// Deployment, StatefulSet, DaemonSet, ReplicaSet, Job or Pod.
    #[serde(default)]
    pub kind: String,
    pub name: String,
    /// Pods that are wanted; of a Job, pods that have to succeed.
    pub replicas: u32,
    /// Pods of the newest template.
    pub updated: u32,
    /// Of a Job, pods that have succeeded.
    pub ready: u32,
    pub available: u32,
    pub health: String,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PodDocument {
    pub namespace: String,
    pub name: String,
    /// The name of the workload that it belongs to, of whatever kind.
    pub deployment: String,
    /// The kind of that workload.
    #[serde(default)]
    pub workload: String,
    pub ready: bool,
    pub restarts: u32,
    pub ip: Option<String>,
    /// Pending, Running, Succeeded, Failed, Unknown or Terminating.
    pub phase: String,
    /// Why it is not ready, when it is not.
    pub reason: Option<String>,
    pub created_at: String,
    pub containers: Vec<ContainerDocument>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContainerDocument {
    pub name: String,
    pub image: String,
    pub ready: bool,
    pub restarts: u32,
    pub state: ContainerStateDocument,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ContainerStateDocument {
    Waiting {
        reason: String,
    },
    Running {
        since: String,
    },
    Terminated {
        /// `exit code 1`, `killed by signal 9`, ...
        how: String,
        at: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceDocument {
    pub namespace: String,
    pub name: String,
    pub cluster_ip: Option<String>,
    pub ports: Vec<PortDocument>,
    /// Ready addresses behind it.
    pub endpoints: Vec<String>,
    /// Host names and addresses under which it is reached from outside of the cluster.
    #[serde(default)]
    pub external: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IngressDocument {
    pub namespace: String,
    pub name: String,
    /// Of the hosts that it is for.
    pub urls: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PortDocument {
    pub name: Option<String>,
    pub port: u16,
    /// On 127.0.0.1 of the server, for LoadBalancer and NodePort.
    pub host_port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NotRunDocument {
    /// `Kind namespace/name`.
    pub object: String,
    pub why: String,
}

impl From<&AppStatus> for AppDocument {
    fn from(status: &AppStatus) -> Self {
        Self {
            project: status.project.to_string(),
            release: status.release,
            health: health(status.health),
            reason: status.reason.clone(),
            urls: crate::query::urls(status),
            deployments: status
                .deployments
                .iter()
                .map(DeploymentDocument::from)
                .collect(),
            pods: status.pods.iter().map(PodDocument::from).collect(),
            services: status.services.iter().map(ServiceDocument::from).collect(),
            ingresses: status.ingresses.iter().map(IngressDocument::from).collect(),
            not_run: status.not_run.iter().map(NotRunDocument::from).collect(),
        }
    }
}

impl From<&DeploymentStatus> for DeploymentDocument {
    fn from(status: &DeploymentStatus) -> Self {
        Self {
            namespace: status.namespace.to_string(),
            kind: status.kind.to_string(),
            name: status.name.clone(),
            replicas: status.replicas,
            updated: status.updated,
            ready: status.ready,
            available: status.available,
            health: health(status.health),
            reason: status.reason.clone(),
        }
    }
}

impl From<&PodStatus> for PodDocument {
    fn from(status: &PodStatus) -> Self {
        Self {
            namespace: status.namespace.to_string(),
            name: status.name.clone(),
            deployment: status.deployment.clone(),
            workload: status.workload.to_string(),
            ready: status.ready,
            restarts: status.restarts,
            ip: status.ip.map(|ip| ip.to_string()),
            phase: format!("{:?}", status.phase),
            reason: status.reason.clone(),
            created_at: status.created_at.to_string(),
            containers: status
                .containers
                .iter()
                .map(ContainerDocument::from)
                .collect(),
        }
    }
}

impl From<&ContainerStatus> for ContainerDocument {
    fn from(status: &ContainerStatus) -> Self {
        Self {
            name: status.name.clone(),
            image: status.image.clone(),
            ready: status.ready,
            restarts: status.restarts,
            state: ContainerStateDocument::from(&status.state),
        }
    }
}

impl From<&ContainerState> for ContainerStateDocument {
    fn from(state: &ContainerState) -> Self {
        match state {
            ContainerState::Waiting { reason } => Self::Waiting {
                reason: reason.clone(),
            },
            ContainerState::Running { since } => Self::Running {
                since: since.to_string(),
            },
            ContainerState::Terminated { how, at } => Self::Terminated {
                how: how.clone(),
                at: at.to_string(),
            },
        }
    }
}

impl From<&ServiceStatus> for ServiceDocument {
    fn from(status: &ServiceStatus) -> Self {
        Self {
            namespace: status.namespace.to_string(),
            name: status.name.clone(),
            cluster_ip: status.cluster_ip.map(|ip| ip.to_string()),
            ports: status.ports.iter().map(PortDocument::from).collect(),
            endpoints: status.endpoints.iter().map(ToString::to_string).collect(),
            external: status.external.clone(),
        }
    }
}

impl From<&IngressStatus> for IngressDocument {
    fn from(status: &IngressStatus) -> Self {
        Self {
            namespace: status.namespace.to_string(),
            name: status.name.clone(),
            urls: status.urls.clone(),
        }
    }
}

impl From<&ServicePortStatus> for PortDocument {
    fn from(status: &ServicePortStatus) -> Self {
        Self {
            name: status.name.clone(),
            port: status.port,
            host_port: status.host_port,
        }
    }
}

impl From<&NotRun> for NotRunDocument {
    fn from(not_run: &NotRun) -> Self {
        Self {
            object: not_run.object.for_people(),
            why: not_run.why.clone(),
        }
    }
}

/// The words of Argo CD, in lower case as everything in this JSON.
pub(super) fn health(health: Health) -> String {
    format!("{health:?}").to_ascii_lowercase()
}
