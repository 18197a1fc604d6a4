use std::time::Duration;

use tokio::time::sleep;
use towpath_model::Timestamp;

use super::context::{PodContext, now};
use super::image::Unpacked;
use super::probes::{self, Unhealthy};
use super::running::{Running, start};
use super::volumes::Volumes;
use super::worker::drain;
use crate::local::net::PodPlace;
use crate::pod::{Backoff, ContainerRun};
use crate::spec::Container;
use crate::status::ContainerState;

/// How one attempt to run a container ended.
enum End {
    /// The pod was told to end, and the container has.
    Stopped,
    /// By itself or by us; `how` is for people.
    Ended {
        how: String,
        success: bool,
        ran: Duration,
    },
    NotStarted {
        why: String,
    },
}

/// Runs an init container until it succeeds, or the pod is told to end.
pub(super) async fn run_to_success(mut runs: Runs<'_>) {
    while !runs.pod.is_stopped() {
        let end = runs.once().await;
        if let End::Ended { success: true, .. } = end {
            runs.pod
                .update_container(&runs.container.name, ContainerRun::becomes_ready);
            return;
        }
        runs.pause(end).await;
    }
}

/// Runs a container again whenever it ends, until the pod is told to end.
pub(super) async fn keep_running(mut runs: Runs<'_>) {
    while !runs.pod.is_stopped() {
        let end = runs.once().await;
        runs.pause(end).await;
    }
}

/// The runs of one container, one after another.
pub(super) struct Runs<'a> {
    pub(super) pod: &'a PodContext,
    pub(super) place: &'a PodPlace,
    pub(super) volumes: &'a Volumes,
    pub(super) container: &'a Container,
    /// The same for all runs of a pod, whatever its tag means by now.
    pub(super) image: Option<Unpacked>,
    /// From 1; names the folder of a run.
    pub(super) count: u32,
    /// A run has ended, so the next one is a restart.
    has_ended: bool,
    backoff: Backoff,
}

impl<'a> Runs<'a> {
    pub(super) fn new(
        pod: &'a PodContext,
        place: &'a PodPlace,
        volumes: &'a Volumes,
        container: &'a Container,
    ) -> Self {
        Self {
            pod,
            place,
            volumes,
            container,
            image: None,
            count: 0,
            has_ended: false,
            backoff: Backoff::default(),
        }
    }

    async fn once(&mut self) -> End {
        self.count += 1;
        let (pod, is_restart) = (self.pod, std::mem::take(&mut self.has_ended));
        pod.update_container(&self.container.name, |run| {
            run.restarts += u32::from(is_restart);
            run.state = ContainerState::Waiting {
                reason: "starting".to_owned(),
            };
        });
        match pod.unless_stopped(start(self)).await {
            None => End::Stopped,
            Some(Err(why)) => End::NotStarted { why },
            Some(Ok(running)) => {
                let started_at = now();
                let end = self.supervise(&running, started_at).await;
                self.not_ready();
                running.clean_up(pod).await;
                end
            }
        }
    }

    async fn supervise(&self, running: &Running, started_at: Timestamp) -> End {
        self.pod.update_container(&self.container.name, |run| {
            run.state = ContainerState::Running { since: started_at };
        });
        let asked = running.asked(self);
        tokio::select! {
            biased;
            ended = running.process.ended() => {
                let (how, success) = running.describe(ended);
                End::Ended { how, success, ran: now().since(started_at) }
            }
            unhealthy = probes::watch(self.pod, &asked, started_at) => {
                let Unhealthy { why, grace } = unhealthy;
                self.not_ready();
                running.end(self, grace).await;
                End::Ended { how: why, success: false, ran: now().since(started_at) }
            }
            () = self.pod.stopped() => {
                drain(self.pod, self.place).await;
                running.end(self, None).await;
                End::Stopped
            }
        }
    }

    fn not_ready(&self) {
        self.pod.update_container(&self.container.name, |run| {
            run.ready = false;
            run.unready = None;
        });
    }

    /// Says how it ended and waits as long as the back-off wants. What could not be started for want of a
    /// ConfigMap or Secret does not wait longer than for these.
    async fn pause(&mut self, end: End) {
        let (trouble, ran) = match end {
            End::Stopped => return,
            End::NotStarted { why } => (why, None),
            End::Ended { how, ran, .. } => (how, Some(ran)),
        };
        self.has_ended |= ran.is_some();
        let wait = self.backoff.after(ran.unwrap_or_default());
        self.pod.update_container(&self.container.name, |run| {
            run.state = waiting(&trouble, wait);
            run.trouble = Some(trouble);
        });
        let mut configs = self.pod.machine.configs.subscribe();
        let wait = async {
            tokio::select! {
                () = sleep(wait) => {}
                _ = configs.changed(), if ran.is_none() => {}
            }
        };
        self.pod.unless_stopped(wait).await;
    }
}

fn waiting(trouble: &str, wait: Duration) -> ContainerState {
    match wait.as_secs() {
        0 => ContainerState::Terminated {
            how: trouble.to_owned(),
            at: now(),
        },
        seconds => ContainerState::Waiting {
            reason: format!("starts again in {seconds} s"),
        },
    }
}
