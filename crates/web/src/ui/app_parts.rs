use towpath_cluster::status::{
    AppStatus, ContainerState, DeploymentStatus, PodStatus, ServicePortStatus, ServiceStatus,
};
use towpath_cluster::{Health, PodPhase, WorkloadKind};
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
            && status.ingresses.is_empty()
    }

    pub(super) fn urls(&self) -> Vec<String> {
        query::urls(&self.status)
    }

    /// `2 of 3 ready`: of those that are to be ready. A Job's pods are to end.
    pub(super) fn ready(&self) -> Option<String> {
        let pods = self.status.pods.iter();
        let running: Vec<&PodStatus> = pods
            .filter(|pod| !(pod.workload == WorkloadKind::Job && pod.phase == PodPhase::Succeeded))
            .collect();
        let ready = running.iter().filter(|pod| pod.ready).count();
        (!running.is_empty()).then(|| format!("{ready} of {} ready", running.len()))
    }

    /// Those first that are not well.
    pub(super) fn workloads(&self) -> Vec<Workload<'_>> {
        let mut workloads: Vec<&DeploymentStatus> = self.status.deployments.iter().collect();
        workloads.sort_by_key(|workload| rank(workload.health));
        workloads
            .into_iter()
            .map(|workload| Workload {
                workload,
                app: self,
            })
            .collect()
    }

    /// `8080, 9090 → 127.0.0.1:30080`.
    pub(super) fn ports(&self, service: &ServiceStatus) -> String {
        let port = |port: &ServicePortStatus| match port.host_port {
            Some(host) => format!("{} → 127.0.0.1:{host}", port.port),
            None => port.port.to_string(),
        };
        let ports: Vec<String> = service.ports.iter().map(port).collect();
        match service.external.is_empty() {
            true => ports.join(", "),
            false => format!("{} → {}", ports.join(", "), service.external.join(", ")),
        }
    }

    pub(super) fn endpoints(&self, service: &ServiceStatus) -> String {
        match service.endpoints.len() {
            0 => "no pod is ready behind it".to_owned(),
            1 => "1 endpoint".to_owned(),
            count => format!("{count} endpoints"),
        }
    }
}

fn rank(health: Health) -> u8 {
    match health {
        Health::Degraded => 0,
        Health::Progressing => 1,
        Health::Healthy | Health::Missing | Health::Unknown => 2,
    }
}

/// A workload of a page.
pub(super) struct Workload<'a> {
    pub(super) workload: &'a DeploymentStatus,
    app: &'a AppParts,
}

impl Workload<'_> {
    pub(super) fn health(&self) -> HealthBadge {
        HealthBadge(self.workload.health)
    }

    pub(super) fn counts(&self) -> String {
        let workload = self.workload;
        let (ready, replicas) = (workload.ready, workload.replicas);
        match workload.kind {
            WorkloadKind::Job => format!("{ready} of {replicas} succeeded"),
            WorkloadKind::Pod => String::new(),
            _ => format!(
                "{ready} of {replicas} ready, {} up to date",
                workload.updated
            ),
        }
    }

    /// Why it is not well, unless that is what the page begins with.
    pub(super) fn reason(&self) -> Option<&str> {
        let reason = self.workload.reason.as_deref()?;
        let whole = self.app.status.reason.as_deref().unwrap_or_default();
        (!whole.ends_with(reason)).then_some(reason)
    }

    pub(super) fn pods(&self) -> Vec<Pod<'_>> {
        let workload = self.workload;
        let pods = self.app.status.pods.iter().filter(|pod| {
            pod.workload == workload.kind
                && pod.deployment == workload.name
                && pod.namespace == workload.namespace
        });
        let mut before = None;
        pods.map(|pod| {
            let why = why(pod);
            let again = why.is_some() && why == before;
            before.clone_from(&why);
            Pod {
                pod,
                why,
                again,
                now: self.app.now,
            }
        })
        .collect()
    }
}

/// Why a pod is not ready, or what its containers are up to.
fn why(pod: &PodStatus) -> Option<String> {
    if pod.ready || pod.phase == PodPhase::Succeeded {
        return None;
    }
    let waiting = pod
        .containers
        .iter()
        .find_map(|container| match &container.state {
            ContainerState::Waiting { reason } => Some(reason.clone()),
            ContainerState::Terminated { how, .. } => {
                Some(format!("{} ended: {how}", container.name))
            }
            ContainerState::Running { .. } => None,
        });
    pod.reason.clone().or(waiting)
}

/// A pod of a page.
pub(super) struct Pod<'a> {
    pub(super) pod: &'a PodStatus,
    pub(super) why: Option<String>,
    /// The pod before it says the same.
    pub(super) again: bool,
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
        match self.pod.phase {
            _ if self.pod.ready => "healthy",
            PodPhase::Succeeded => "succeeded",
            PodPhase::Failed => "failed",
            PodPhase::Unknown => "unknown",
            _ if self.is_in_trouble() => "degraded",
            _ => "progressing",
        }
    }

    /// Rather than on its way.
    pub(super) fn is_in_trouble(&self) -> bool {
        let why = self.why.as_deref().unwrap_or_default();
        let words = ["BackOff", "Err", "exit code", "signal", "cannot"];
        self.pod.phase == PodPhase::Failed || words.iter().any(|word| why.contains(word))
    }

    /// `10.1.2.3 · 2 restarts`, as far as there is any.
    pub(super) fn facts(&self) -> String {
        let ip = self.pod.ip.map(|ip| ip.to_string());
        let restarts = match self.pod.restarts {
            0 => None,
            1 => Some("1 restart".to_owned()),
            count => Some(format!("{count} restarts")),
        };
        let facts: Vec<String> = ip.into_iter().chain(restarts).collect();
        facts.join(" · ")
    }
}

#[cfg(test)]
mod tests {
    use towpath_cluster::status::{ContainerStatus, DeploymentStatus};

    use super::*;

    fn workload(kind: WorkloadKind, name: &str, health: Health) -> DeploymentStatus {
        DeploymentStatus {
            namespace: "shop".parse().unwrap(),
            kind,
            name: name.to_owned(),
            replicas: 2,
            updated: 2,
            ready: 1,
            available: 1,
            deadline_exceeded: false,
            health,
            reason: None,
        }
    }

    fn pod(workload: WorkloadKind, of: &str, phase: PodPhase, reason: Option<&str>) -> PodStatus {
        PodStatus {
            namespace: "shop".parse().unwrap(),
            name: format!("{of}-1"),
            deployment: of.to_owned(),
            workload,
            ready: phase == PodPhase::Running && reason.is_none(),
            restarts: 0,
            ip: None,
            phase,
            reason: reason.map(str::to_owned),
            created_at: Timestamp(0),
            containers: vec![ContainerStatus {
                name: of.to_owned(),
                image: "a".to_owned(),
                ready: false,
                restarts: 0,
                state: ContainerState::Terminated {
                    how: "exit code 0".to_owned(),
                    at: Timestamp(0),
                },
            }],
        }
    }

    fn parts(deployments: Vec<DeploymentStatus>, pods: Vec<PodStatus>) -> AppParts {
        let status = AppStatus {
            deployments,
            pods,
            ..AppStatus::missing(&"shop".parse().unwrap())
        };
        AppParts::new(status, Timestamp(0))
    }

    #[test]
    fn what_is_not_well_comes_first() {
        use WorkloadKind::Deployment;
        let parts = parts(
            vec![
                workload(Deployment, "a", Health::Healthy),
                workload(Deployment, "b", Health::Progressing),
                workload(Deployment, "c", Health::Degraded),
            ],
            vec![],
        );
        let workloads = parts.workloads();
        let names: Vec<&str> = workloads
            .iter()
            .map(|it| it.workload.name.as_str())
            .collect();
        assert_eq!(names, ["c", "b", "a"]);
    }

    #[test]
    fn pods_are_those_of_their_workload_and_a_jobs_that_ended_is_not_to_be_ready() {
        use WorkloadKind::{Deployment, Job};
        let parts = parts(
            vec![
                workload(Deployment, "web", Health::Healthy),
                workload(Job, "web", Health::Healthy),
            ],
            vec![
                pod(Deployment, "web", PodPhase::Running, None),
                pod(Job, "web", PodPhase::Succeeded, None),
            ],
        );
        assert_eq!(parts.ready().as_deref(), Some("1 of 1 ready"));
        let workloads = parts.workloads();
        let counts: Vec<String> = workloads.iter().map(Workload::counts).collect();
        assert_eq!(counts, ["1 of 2 ready, 2 up to date", "1 of 2 succeeded"]);
        for (workload, look) in workloads.iter().zip(["healthy", "succeeded"]) {
            let pods = workload.pods();
            let looks: Vec<&str> = pods.iter().map(Pod::look).collect();
            assert_eq!(looks, [look]);
            assert!(pods.iter().all(|pod| pod.why.is_none()));
        }
    }

    #[test]
    fn the_same_trouble_is_told_once() {
        use WorkloadKind::Deployment;
        let trouble = Some("container web: ImagePullBackOff: no such image");
        let broken = || pod(Deployment, "web", PodPhase::Pending, trouble);
        let starting = pod(
            Deployment,
            "web",
            PodPhase::Pending,
            Some("container web waits: ContainerCreating"),
        );
        let mut web = workload(Deployment, "web", Health::Degraded);
        web.reason = Some("it made no progress".to_owned());
        let mut parts = parts(vec![web], vec![broken(), broken(), starting]);
        let told: Vec<(bool, &str)> = parts.workloads()[0]
            .pods()
            .iter()
            .map(|pod| (pod.again, pod.look()))
            .collect();
        assert_eq!(
            told,
            [
                (false, "degraded"),
                (true, "degraded"),
                (false, "progressing")
            ]
        );
        assert_eq!(parts.workloads()[0].reason(), Some("it made no progress"));
        parts.status.reason = Some("Deployment shop/web: it made no progress".to_owned());
        assert_eq!(parts.workloads()[0].reason(), None);
    }
}
