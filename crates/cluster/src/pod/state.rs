use std::net::Ipv4Addr;

use towpath_model::Timestamp;

use crate::status::{ContainerState, ContainerStatus, PodPhase};

/// A pod as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct PodState {
    pub ip: Option<Ipv4Addr>,
    /// Since when all containers are ready without a break.
    pub ready_since: Option<Timestamp>,
    /// It was told to end.
    pub stopping: bool,
    /// Nothing is left of it.
    pub gone: bool,
    /// Why its containers cannot be started yet.
    pub blocked: Option<String>,
    pub init_containers: Vec<ContainerRun>,
    pub containers: Vec<ContainerRun>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ContainerRun {
    pub name: String,
    pub image: String,
    pub ready: bool,
    pub restarts: u32,
    pub state: ContainerState,
    /// How its last run ended, or why it could not start: one sentence. Gone once it is ready.
    pub trouble: Option<String>,
    /// What its readiness probe says while it is not ready.
    pub unready: Option<String>,
}

impl ContainerRun {
    pub fn new(name: &str, image: &str) -> Self {
        Self {
            name: name.to_owned(),
            image: image.to_owned(),
            ready: false,
            restarts: 0,
            state: ContainerState::Waiting {
                reason: "waiting for its turn".to_owned(),
            },
            trouble: None,
            unready: None,
        }
    }

    /// Takes it for ready, and forgets what went wrong before.
    pub fn becomes_ready(&mut self) {
        self.ready = true;
        self.trouble = None;
        self.unready = None;
    }

    fn status(&self) -> ContainerStatus {
        ContainerStatus {
            name: self.name.clone(),
            image: self.image.clone(),
            ready: self.ready,
            restarts: self.restarts,
            state: self.state.clone(),
        }
    }

    fn reason(&self) -> String {
        let now = match &self.state {
            ContainerState::Waiting { reason } => reason.clone(),
            ContainerState::Running { .. } => "running, not ready".to_owned(),
            ContainerState::Terminated { how, .. } => how.clone(),
        };
        match self.trouble.as_ref().or(self.unready.as_ref()) {
            Some(trouble) => format!(
                "container {}: {trouble} ({now}{})",
                self.name,
                restarted(self.restarts)
            ),
            None => format!("container {}: {now}", self.name),
        }
    }
}

fn restarted(times: u32) -> String {
    match times {
        0 => String::new(),
        1 => ", restarted once".to_owned(),
        times => format!(", restarted {times} times"),
    }
}

impl PodState {
    pub fn new(init_containers: Vec<ContainerRun>, containers: Vec<ContainerRun>) -> Self {
        Self {
            ip: None,
            ready_since: None,
            stopping: false,
            gone: false,
            blocked: None,
            init_containers,
            containers,
        }
    }

    /// Brings `ready_since` in line with the containers.
    pub fn settle(&mut self, now: Timestamp) {
        let ready =
            !self.stopping && self.ip.is_some() && self.containers.iter().all(|run| run.ready);
        self.ready_since = match (ready, self.ready_since) {
            (true, since) => since.or(Some(now)),
            (false, _) => None,
        };
    }

    pub fn restarts(&self) -> u32 {
        self.init_containers
            .iter()
            .chain(&self.containers)
            .map(|run| run.restarts)
            .sum()
    }

    pub fn phase(&self) -> PodPhase {
        let started = |run: &ContainerRun| {
            !matches!(run.state, ContainerState::Waiting { .. }) || run.restarts > 0
        };
        if self.stopping {
            PodPhase::Terminating
        } else if self.containers.iter().any(started) {
            PodPhase::Running
        } else {
            PodPhase::Pending
        }
    }

    /// Why it is not ready: the first container in trouble, else the first that is not ready.
    pub fn reason(&self) -> Option<String> {
        if self.ready_since.is_some() || self.stopping {
            return None;
        }
        if let Some(blocked) = &self.blocked {
            return Some(blocked.clone());
        }
        let unready = self.containers.iter().filter(|run| !run.ready);
        let runs: Vec<&ContainerRun> = self
            .init_containers
            .iter()
            .filter(|run| !run.ready)
            .chain(unready)
            .collect();
        let troubled = runs.iter().find(|run| run.trouble.is_some());
        let troubled = troubled.or(runs.iter().find(|run| run.unready.is_some()));
        troubled.or(runs.first()).map(|run| run.reason())
    }

    pub fn container_statuses(&self) -> Vec<ContainerStatus> {
        self.init_containers
            .iter()
            .chain(&self.containers)
            .map(ContainerRun::status)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_is_ready_since_its_last_container_became_ready() {
        let mut pod = PodState::new(
            Vec::new(),
            vec![ContainerRun::new("a", "i"), ContainerRun::new("b", "i")],
        );
        pod.ip = Some(Ipv4Addr::LOCALHOST);
        pod.containers[0].ready = true;
        pod.settle(Timestamp(1));
        assert_eq!(pod.ready_since, None);
        pod.containers[1].ready = true;
        pod.settle(Timestamp(2));
        pod.settle(Timestamp(3));
        assert_eq!((pod.ready_since, pod.reason()), (Some(Timestamp(2)), None));
        pod.stopping = true;
        pod.settle(Timestamp(4));
        assert_eq!(
            (pod.ready_since, pod.phase()),
            (None, PodPhase::Terminating)
        );
    }

    #[test]
    fn the_reason_names_the_container_in_trouble() {
        let mut pod = PodState::new(
            Vec::new(),
            vec![ContainerRun::new("a", "i"), ContainerRun::new("b", "i")],
        );
        assert_eq!(
            pod.reason().as_deref(),
            Some("container a: waiting for its turn")
        );
        pod.containers[0].unready = Some("its readiness probe fails: refused".into());
        assert_eq!(
            pod.reason().as_deref(),
            Some("container a: its readiness probe fails: refused (waiting for its turn)")
        );
        pod.containers[1].trouble = Some("exit code 1, last output `no database`".into());
        pod.containers[1].state = ContainerState::Waiting {
            reason: "starts again in 10 s".into(),
        };
        pod.containers[1].restarts = 2;
        assert_eq!(
            pod.reason().as_deref(),
            Some(
                "container b: exit code 1, last output `no database` (starts again in 10 s, restarted 2 times)"
            )
        );
        pod.blocked = Some("ConfigMap x does not exist".into());
        assert_eq!(pod.reason().as_deref(), Some("ConfigMap x does not exist"));
    }
}
