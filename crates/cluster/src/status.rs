//! What a cluster says about an application, for people, pages and programs.

use std::net::IpAddr;

use serde::Serialize;
use towpath_model::{Namespace, ProjectName, Timestamp};

use crate::ObjectId;

/// How an application is (the vocabulary of Argo CD's health).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Everything runs as asked.
    Healthy,
    /// On its way.
    Progressing,
    /// Failed, or fallen back.
    Degraded,
    /// Nothing was deployed yet.
    Missing,
    /// The cluster cannot be asked.
    Unknown,
}

/// How a project's application stands in its cluster.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AppStatus {
    pub project: ProjectName,
    /// Rises by one with every apply; zero when nothing was applied yet.
    pub release: i64,
    pub health: Health,
    /// One sentence when the application is not healthy.
    pub reason: Option<String>,
    pub deployments: Vec<DeploymentStatus>,
    pub pods: Vec<PodStatus>,
    pub services: Vec<ServiceStatus>,
    pub ingresses: Vec<IngressStatus>,
    /// Objects that are kept but not run by this cluster.
    pub not_run: Vec<NotRun>,
}

impl AppStatus {
    /// Of a project that was never deployed here.
    pub fn missing(project: &ProjectName) -> Self {
        Self::without_parts(project, 0, Health::Missing, None)
    }

    /// Of a project whose cluster does not answer, and why.
    pub fn unknown(project: &ProjectName, release: i64, why: String) -> Self {
        Self::without_parts(project, release, Health::Unknown, Some(why))
    }

    fn without_parts(
        project: &ProjectName,
        release: i64,
        health: Health,
        reason: Option<String>,
    ) -> Self {
        Self {
            project: project.clone(),
            release,
            health,
            reason,
            deployments: Vec::new(),
            pods: Vec::new(),
            services: Vec::new(),
            ingresses: Vec::new(),
            not_run: Vec::new(),
        }
    }
}

/// What keeps pods running; a Pod keeps itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum WorkloadKind {
    Deployment,
    StatefulSet,
    DaemonSet,
    ReplicaSet,
    Job,
    Pod,
}

impl WorkloadKind {
    /// `None` when objects of this kind have no pods, or none that are looked at.
    pub fn of(group: &str, kind: &str) -> Option<Self> {
        Some(match (group, kind) {
            ("apps", "Deployment") => Self::Deployment,
            ("apps", "StatefulSet") => Self::StatefulSet,
            ("apps", "DaemonSet") => Self::DaemonSet,
            ("apps", "ReplicaSet") => Self::ReplicaSet,
            ("batch", "Job") => Self::Job,
            ("", "Pod") => Self::Pod,
            _ => return None,
        })
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::ReplicaSet => "ReplicaSet",
            Self::Job => "Job",
            Self::Pod => "Pod",
        }
    }
}

impl std::fmt::Display for WorkloadKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// A Deployment, or another workload.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeploymentStatus {
    pub namespace: Namespace,
    pub kind: WorkloadKind,
    pub name: String,
    /// Pods that are wanted; of a Job, pods that have to succeed.
    pub replicas: u32,
    /// Pods of the newest template.
    pub updated: u32,
    /// Of a Job, pods that have succeeded.
    pub ready: u32,
    pub available: u32,
    /// The rollout made no progress for `progressDeadlineSeconds`.
    pub deadline_exceeded: bool,
    pub health: Health,
    pub reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PodStatus {
    pub namespace: Namespace,
    pub name: String,
    /// The name of the workload that it belongs to.
    pub deployment: String,
    /// The kind of that workload.
    pub workload: WorkloadKind,
    pub ready: bool,
    /// Sum over its containers.
    pub restarts: u32,
    pub ip: Option<IpAddr>,
    pub phase: PodPhase,
    /// Why it is not ready, when it is not.
    pub reason: Option<String>,
    pub created_at: Timestamp,
    pub containers: Vec<ContainerStatus>,
}

/// Kubernetes' pod phases, and `Terminating`, which kubectl shows in their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum PodPhase {
    Pending,
    Running,
    Succeeded,
    Failed,
    /// Its node does not answer.
    Unknown,
    Terminating,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ContainerStatus {
    pub name: String,
    /// As the manifest has it after pinning.
    pub image: String,
    pub ready: bool,
    pub restarts: u32,
    pub state: ContainerState,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ContainerState {
    Waiting {
        reason: String,
    },
    Running {
        since: Timestamp,
    },
    Terminated {
        /// `exit code 1`, `killed by signal 9`, ...
        how: String,
        at: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServiceStatus {
    pub namespace: Namespace,
    pub name: String,
    pub cluster_ip: Option<IpAddr>,
    /// Under which names and ports pods reach it.
    pub ports: Vec<ServicePortStatus>,
    /// Ready addresses behind it.
    pub endpoints: Vec<IpAddr>,
    /// Host names and addresses under which it is reached from outside of the cluster.
    pub external: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IngressStatus {
    pub namespace: Namespace,
    pub name: String,
    /// Of the hosts that it is for.
    pub urls: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServicePortStatus {
    pub name: Option<String>,
    pub port: u16,
    /// Port on 127.0.0.1 of this machine, for LoadBalancer and NodePort.
    pub host_port: Option<u16>,
}

impl ServiceStatus {
    /// Addresses on this machine, `http://127.0.0.1:30080`. Whether HTTP is spoken there we do not know.
    pub fn urls(&self) -> Vec<String> {
        self.ports
            .iter()
            .filter_map(|port| port.host_port)
            .map(|port| format!("http://127.0.0.1:{port}"))
            .collect()
    }
}

/// An object that the local cluster keeps and does nothing with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotRun {
    pub object: ObjectId,
    pub why: String,
}

/// What an apply took on: what runs, what is kept only, and which fields mean nothing here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub ran: Vec<ObjectId>,
    pub not_run: Vec<NotRun>,
    /// What was written and is not done, or not as in Kubernetes, one sentence each, with file, line and
    /// column.
    pub ignored: Vec<String>,
}
