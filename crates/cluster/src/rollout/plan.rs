use std::cmp::Reverse;

use towpath_model::Timestamp;

use super::{Desired, ObservedPod, ReplicaSet, RolloutKind, TemplateHash};

/// One step of a controller. They are to be done in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Makes or changes a replica set.
    Scale(ReplicaSet),
    /// Forgets a replica set that has neither pods nor replicas.
    Forget(TemplateHash),
    Create(TemplateHash),
    Delete(String),
}

/// Decides the next steps of one deployment. Calling it again after they are done, or half done, goes on
/// from there.
///
/// It follows Kubernetes' controllers: the deployment's (`rolling.go`, `recreate.go`) decides how many
/// pods each template has, the replica set's (`replica_set.go`) which pods these are.
///
/// **Invariant:** pods that are not terminating never exceed replicas + surge because of it, and it never
/// deletes an available pod when that leaves fewer than replicas - unavailable available ones.
pub fn plan(
    desired: &Desired,
    sets: &[ReplicaSet],
    pods: &[ObservedPod],
    now: Timestamp,
) -> Vec<Action> {
    let mut view = View {
        desired,
        pods,
        now,
        sets: sets.to_vec(),
    };
    view.take_on_newest();
    match desired.kind {
        RolloutKind::Recreate => view.recreate(),
        RolloutKind::Rolling { surge, unavailable } => view.roll(surge, unavailable),
    }
    let mut actions = view.scaled(sets);
    actions.extend(view.forgotten());
    actions.extend(view.pods_to_match());
    actions
}

/// The deployment while its next steps are worked out. `sets` holds at least the newest one, as its last.
struct View<'a> {
    desired: &'a Desired,
    sets: Vec<ReplicaSet>,
    pods: &'a [ObservedPod],
    now: Timestamp,
}

impl View<'_> {
    /// Makes the newest set the one of the desired template.
    fn take_on_newest(&mut self) {
        let highest = self.sets.iter().map(|set| set.revision).max().unwrap_or(0);
        match self
            .sets
            .iter()
            .position(|set| set.hash == self.desired.hash)
        {
            Some(index) if self.sets[index].revision == highest => {}
            Some(index) => self.sets[index].revision = highest + 1,
            None => self.sets.push(ReplicaSet {
                hash: self.desired.hash.clone(),
                revision: highest + 1,
                replicas: 0,
            }),
        }
        self.sets.sort_by_key(|set| set.revision);
    }

    fn recreate(&mut self) {
        for set in self
            .sets
            .iter_mut()
            .filter(|set| set.hash != self.desired.hash)
        {
            set.replicas = 0;
        }
        let old_run = self.pods.iter().any(|pod| pod.hash != self.desired.hash);
        self.newest().replicas = if old_run { 0 } else { self.desired.replicas };
    }

    fn roll(&mut self, surge: u32, unavailable: u32) {
        let most = self.desired.replicas + surge;
        let (total, replicas) = (self.total(), self.desired.replicas);
        let newest = self.newest();
        if newest.replicas > replicas {
            newest.replicas = replicas;
        } else {
            newest.replicas += (replicas - newest.replicas).min(most.saturating_sub(total));
        }
        self.shrink_old(replicas.saturating_sub(unavailable));
    }

    /// First old pods that serve nobody anyway, then available ones as far as enough remain.
    fn shrink_old(&mut self, least_available: u32) {
        let newest_available = self.available(&self.desired.hash);
        let newest_unavailable = self.newest().replicas.saturating_sub(newest_available);
        let mut spare = self
            .total()
            .saturating_sub(least_available + newest_unavailable);
        for index in 0..self.sets.len() - 1 {
            let unhealthy = self.sets[index]
                .replicas
                .saturating_sub(self.available(&self.sets[index].hash));
            let fewer = unhealthy.min(spare);
            self.sets[index].replicas -= fewer;
            spare -= fewer;
        }
        let available: u32 = self.sets.iter().map(|set| self.counted_on(set)).sum();
        let mut spare = available.saturating_sub(least_available);
        let olds = self.sets.len() - 1;
        for set in &mut self.sets[..olds] {
            let fewer = set.replicas.min(spare);
            set.replicas -= fewer;
            spare -= fewer;
        }
    }

    /// Available pods of a set that will still be there when it is scaled as it is now.
    fn counted_on(&self, set: &ReplicaSet) -> u32 {
        self.available(&set.hash).min(set.replicas)
    }

    fn newest(&mut self) -> &mut ReplicaSet {
        let last = self.sets.len() - 1;
        &mut self.sets[last]
    }

    fn total(&self) -> u32 {
        self.sets.iter().map(|set| set.replicas).sum()
    }

    fn available(&self, hash: &TemplateHash) -> u32 {
        let available = self
            .active(hash)
            .filter(|pod| pod.is_available(self.desired.min_ready, self.now));
        u32::try_from(available.count()).unwrap_or(u32::MAX)
    }

    fn active<'p>(&'p self, hash: &'p TemplateHash) -> impl Iterator<Item = &'p ObservedPod> {
        self.pods
            .iter()
            .filter(move |pod| !pod.terminating && pod.hash == *hash)
    }

    fn scaled(&self, before: &[ReplicaSet]) -> Vec<Action> {
        let changed = self.sets.iter().filter(|set| !before.contains(set));
        changed.cloned().map(Action::Scale).collect()
    }

    fn forgotten(&self) -> Vec<Action> {
        let idle = |set: &&ReplicaSet| {
            set.replicas == 0 && !self.pods.iter().any(|pod| pod.hash == set.hash)
        };
        let old = self.sets.iter().filter(|set| set.hash != self.desired.hash);
        old.filter(idle)
            .map(|set| Action::Forget(set.hash.clone()))
            .collect()
    }

    /// Old pods go before new ones come, so that the bound on their number holds at every moment.
    fn pods_to_match(&self) -> Vec<Action> {
        let (mut deletes, mut creates) = (Vec::new(), Vec::new());
        for set in &self.sets {
            let mut pods: Vec<&ObservedPod> = self.active(&set.hash).collect();
            let wanted = usize::try_from(set.replicas).unwrap_or(usize::MAX);
            pods.sort_by_key(|pod| usefulness(pod));
            let surplus = pods.len().saturating_sub(wanted);
            deletes.extend(
                pods[..surplus]
                    .iter()
                    .map(|pod| Action::Delete(pod.name.clone())),
            );
            let missing = wanted.saturating_sub(pods.len());
            creates.extend(std::iter::repeat_n(
                Action::Create(set.hash.clone()),
                missing,
            ));
        }
        let stray = self.pods.iter().filter(|pod| !pod.terminating);
        let stray = stray.filter(|pod| !self.sets.iter().any(|set| set.hash == pod.hash));
        deletes.extend(stray.map(|pod| Action::Delete(pod.name.clone())));
        deletes.extend(creates);
        deletes
    }
}

/// Lower goes first: not ready, ready for a shorter time, restarted more often, younger
/// (`controller.ActivePodsWithRanks`).
fn usefulness(pod: &ObservedPod) -> impl Ord + use<> {
    (
        pod.ready_since.is_some(),
        Reverse(pod.ready_since),
        Reverse(pod.restarts),
        Reverse(pod.created_at),
        pod.name.clone(),
    )
}
