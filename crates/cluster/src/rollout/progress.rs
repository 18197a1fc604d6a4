use std::time::Duration;

use towpath_model::Timestamp;

use super::{Desired, ObservedPod, ReplicaSet};

/// How many pods of a deployment are how far. Terminating pods count nowhere but in `terminating`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub total: u32,
    /// Of the newest template.
    pub updated: u32,
    pub ready: u32,
    pub updated_ready: u32,
    pub available: u32,
    pub updated_available: u32,
    pub terminating: u32,
}

impl Counts {
    pub fn of(desired: &Desired, pods: &[ObservedPod], now: Timestamp) -> Self {
        let mut counts = Self::default();
        for pod in pods {
            counts.add(desired, pod, now);
        }
        counts
    }

    fn add(&mut self, desired: &Desired, pod: &ObservedPod, now: Timestamp) {
        if pod.terminating {
            self.terminating += 1;
            return;
        }
        let updated = u32::from(pod.hash == desired.hash);
        let ready = u32::from(pod.ready_since.is_some());
        let available = u32::from(pod.is_available(desired.min_ready, now));
        self.total += 1;
        self.updated += updated;
        self.ready += ready;
        self.available += available;
        self.updated_ready += updated * ready;
        self.updated_available += updated * available;
    }

    /// All pods are of the newest template and available, and no other is left
    /// (`deploymentutil.DeploymentComplete`).
    pub fn is_complete(&self, desired: &Desired) -> bool {
        self.updated == desired.replicas
            && self.total == desired.replicas
            && self.available == desired.replicas
    }
}

/// How far a rollout is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Complete,
    Progressing,
    /// No progress within the deadline. It goes on nevertheless.
    Stuck,
}

/// Watches whether a rollout moves. Progress is what Kubernetes takes for it: more updated, ready or
/// available pods, fewer old ones, another template or scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    seen: Option<(Desired, Counts, Vec<ReplicaSet>)>,
    moved_at: Timestamp,
    completed: bool,
}

impl Progress {
    pub fn new(now: Timestamp) -> Self {
        Self {
            seen: None,
            moved_at: now,
            completed: false,
        }
    }

    /// Takes in what there is now.
    pub fn observe(
        &mut self,
        desired: &Desired,
        counts: Counts,
        sets: &[ReplicaSet],
        now: Timestamp,
    ) {
        let moved = self
            .seen
            .as_ref()
            .is_none_or(|(seen_desired, seen, seen_sets)| {
                seen_desired != desired || seen_sets != sets || has_progressed(seen, &counts)
            });
        if self.seen.as_ref().is_none_or(|(seen, ..)| seen != desired) {
            self.completed = false;
        }
        if moved {
            self.moved_at = now;
        }
        self.completed |= counts.is_complete(desired);
        self.seen = Some((desired.clone(), counts, sets.to_vec()));
    }

    /// A rollout that was complete once and lost a pod is progressing again, not stuck: the deadline is
    /// about reaching the new template.
    pub fn stage(&self, deadline: Duration, now: Timestamp) -> Stage {
        let complete = self
            .seen
            .as_ref()
            .is_some_and(|(desired, counts, _)| counts.is_complete(desired));
        if complete {
            Stage::Complete
        } else if !self.completed && now.since(self.moved_at) >= deadline {
            Stage::Stuck
        } else {
            Stage::Progressing
        }
    }

    /// Whether the newest template has been reached at least once.
    pub fn was_completed(&self) -> bool {
        self.completed
    }

    /// When [`Stage::Stuck`] would come.
    pub fn deadline_at(&self, deadline: Duration) -> Option<Timestamp> {
        (!self.completed).then(|| self.moved_at.plus(deadline))
    }
}

fn has_progressed(before: &Counts, now: &Counts) -> bool {
    let old = |counts: &Counts| counts.total - counts.updated;
    now.updated > before.updated
        || now.updated_ready > before.updated_ready
        || now.available > before.available
        || old(now) < old(before)
}
