use std::time::Duration;

use proptest::prelude::*;
use towpath_cluster::rollout::{
    Action, Counts, Desired, ObservedPod, Progress, ReplicaSet, RolloutKind, Stage, TemplateHash,
    plan,
};
use towpath_model::Timestamp;

const NOW: Timestamp = Timestamp(1_000_000);

fn hash(name: &str) -> TemplateHash {
    TemplateHash(name.to_owned())
}

fn rolling(replicas: u32, surge: u32, unavailable: u32) -> Desired {
    Desired {
        hash: hash("new"),
        replicas,
        kind: RolloutKind::Rolling { surge, unavailable },
        min_ready: Duration::ZERO,
    }
}

fn set(name: &str, revision: i64, replicas: u32) -> ReplicaSet {
    ReplicaSet {
        hash: hash(name),
        revision,
        replicas,
    }
}

/// `new+` is a ready pod of template `new`, `old-` one that is not ready, `oldx` one that terminates.
fn pods(text: &str) -> Vec<ObservedPod> {
    let pod = |(index, word): (usize, &str)| ObservedPod {
        name: format!("{word}{index}"),
        hash: hash(&word[..3]),
        created_at: Timestamp(i64::try_from(index).unwrap()),
        ready_since: word.ends_with('+').then_some(Timestamp(500)),
        restarts: 0,
        terminating: word.ends_with('x'),
    };
    text.split_whitespace().enumerate().map(pod).collect()
}

/// `scale new=1@2, delete old+0, create new`
fn written(actions: &[Action]) -> String {
    let word = |action: &Action| match action {
        Action::Scale(set) => format!("scale {}={}@{}", set.hash.0, set.replicas, set.revision),
        Action::Forget(hash) => format!("forget {}", hash.0),
        Action::Create(hash) => format!("create {}", hash.0),
        Action::Delete(pod) => format!("delete {pod}"),
    };
    actions.iter().map(word).collect::<Vec<_>>().join(", ")
}

#[track_caller]
fn check(desired: &Desired, sets: &[ReplicaSet], observed: &str, expected: &str) {
    let actions = plan(desired, sets, &pods(observed), NOW);
    assert_eq!(written(&actions), expected);
}

#[test]
fn the_first_rollout_makes_all_pods_at_once() {
    check(
        &rolling(2, 1, 0),
        &[],
        "",
        "scale new=2@1, create new, create new",
    );
}

#[test]
fn nothing_is_done_when_everything_is_there() {
    check(&rolling(2, 1, 0), &[set("new", 1, 2)], "new+ new+", "");
    check(&rolling(2, 1, 0), &[set("new", 1, 2)], "new+ new-", "");
}

#[test]
fn a_lost_pod_is_replaced() {
    check(
        &rolling(2, 1, 0),
        &[set("new", 1, 2)],
        "new+ newx",
        "create new",
    );
}

#[test]
fn one_step_of_a_rollout_without_unavailability() {
    let desired = rolling(2, 1, 0);
    check(
        &desired,
        &[set("old", 1, 2)],
        "old+ old+",
        "scale new=1@2, create new",
    );
    let sets = [set("old", 1, 2), set("new", 2, 1)];
    check(&desired, &sets, "old+ old+ new-", "");
    check(
        &desired,
        &sets,
        "old+ old+ new+",
        "scale old=1@1, delete old+1",
    );
    let sets = [set("old", 1, 1), set("new", 2, 1)];
    check(
        &desired,
        &sets,
        "old+ oldx new+",
        "scale new=2@2, create new",
    );
    let sets = [set("old", 1, 1), set("new", 2, 2)];
    check(
        &desired,
        &sets,
        "old+ new+ new+",
        "scale old=0@1, delete old+0",
    );
    let sets = [set("old", 1, 0), set("new", 2, 2)];
    check(&desired, &sets, "new+ new+", "forget old");
}

#[test]
fn old_pods_that_serve_nobody_go_first() {
    let sets = [set("old", 1, 3), set("new", 2, 1)];
    check(
        &rolling(3, 1, 1),
        &sets,
        "old+ old- old+ new-",
        "scale old=2@1, delete old-1",
    );
}

#[test]
fn without_surge_old_pods_make_room() {
    check(
        &rolling(3, 0, 1),
        &[set("old", 1, 3)],
        "old+ old+ old+",
        "scale old=2@1, scale new=0@2, delete old+2",
    );
}

#[test]
fn going_back_takes_up_the_old_set() {
    let mut desired = rolling(2, 1, 0);
    desired.hash = hash("old");
    let sets = [set("old", 1, 2), set("new", 2, 1)];
    check(
        &desired,
        &sets,
        "old+ old+ new-",
        "scale new=0@2, scale old=2@3, delete new-2",
    );
}

#[test]
fn recreate_waits_until_the_last_old_pod_is_gone() {
    let desired = Desired {
        kind: RolloutKind::Recreate,
        ..rolling(2, 0, 0)
    };
    let old = [set("old", 1, 2)];
    check(
        &desired,
        &old,
        "old+ old+",
        "scale old=0@1, scale new=0@2, delete old+1, delete old+0",
    );
    let sets = [set("old", 1, 0), set("new", 2, 0)];
    check(&desired, &sets, "oldx", "");
    check(
        &desired,
        &sets,
        "",
        "scale new=2@2, forget old, create new, create new",
    );
}

#[test]
fn fewer_replicas_leave_the_oldest_ready_pods() {
    check(
        &rolling(1, 1, 0),
        &[set("new", 1, 3)],
        "new+ new- new+",
        "scale new=1@1, delete new-1, delete new+2",
    );
}

#[test]
fn min_ready_delays_availability() {
    let desired = Desired {
        min_ready: Duration::from_secs(2000),
        ..rolling(2, 1, 0)
    };
    let sets = [set("old", 1, 2), set("new", 2, 1)];
    // The new pod is ready, but not for long enough.
    let mut observed = pods("old+ old+ new+");
    observed[0].ready_since = Some(Timestamp(-2_000_000));
    observed[1].ready_since = Some(Timestamp(-2_000_000));
    assert_eq!(plan(&desired, &sets, &observed, NOW), []);
    assert_eq!(
        desired.next_change(&observed, NOW),
        Some(Timestamp(2_000_500))
    );
}

#[test]
fn a_rollout_without_progress_is_stuck_after_its_deadline() {
    let (desired, deadline) = (rolling(2, 1, 0), Duration::from_secs(10));
    let sets = [set("new", 1, 2)];
    let mut progress = Progress::new(Timestamp(0));
    let at = |progress: &mut Progress, observed: &str, now| {
        let counts = Counts::of(&desired, &pods(observed), Timestamp(now));
        progress.observe(&desired, counts, &sets, Timestamp(now));
        progress.stage(deadline, Timestamp(now))
    };
    assert_eq!(at(&mut progress, "new- new-", 0), Stage::Progressing);
    assert_eq!(at(&mut progress, "new+ new-", 9_000), Stage::Progressing);
    assert_eq!(at(&mut progress, "new+ new-", 18_999), Stage::Progressing);
    assert_eq!(at(&mut progress, "new+ new-", 19_000), Stage::Stuck);
    assert_eq!(at(&mut progress, "new+ new+", 30_000), Stage::Complete);
    // What was reached once is no failed rollout later.
    assert_eq!(at(&mut progress, "new+ new-", 90_000), Stage::Progressing);
}

#[derive(Clone, Debug)]
enum Happening {
    BecomesReady(usize),
    BecomesUnready(usize),
    Dies(usize),
    NewTemplate(u8),
    Plan,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        3 => (0..20usize).prop_map(Happening::BecomesReady),
        1 => (0..20usize).prop_map(Happening::BecomesUnready),
        2 => (0..20usize).prop_map(Happening::Dies),
        1 => (0..4u8).prop_map(Happening::NewTemplate),
        4 => Just(Happening::Plan),
    ]
}

/// A cluster in which everything that is asked for happens, but only when it is told to.
struct World {
    desired: Desired,
    sets: Vec<ReplicaSet>,
    pods: Vec<ObservedPod>,
    made: i64,
}

impl World {
    fn new(desired: Desired) -> Self {
        Self {
            desired,
            sets: Vec::new(),
            pods: Vec::new(),
            made: 0,
        }
    }

    fn happen(&mut self, happening: &Happening) {
        let count = self.pods.len();
        match happening {
            Happening::BecomesReady(index) if count > 0 => self.ready(index % count),
            Happening::BecomesUnready(index) if count > 0 => {
                self.pods[index % count].ready_since = None
            }
            Happening::Dies(index) if count > 0 && self.pods[index % count].terminating => {
                drop(self.pods.remove(index % count));
            }
            Happening::NewTemplate(number) => self.desired.hash = hash(&number.to_string()),
            Happening::Plan => self.plan(),
            _ => {}
        }
    }

    fn ready(&mut self, index: usize) {
        let pod = &mut self.pods[index];
        pod.ready_since = (!pod.terminating).then_some(Timestamp(0));
    }

    fn available(&self) -> usize {
        self.pods
            .iter()
            .filter(|pod| pod.is_available(Duration::ZERO, NOW))
            .count()
    }

    fn active(&self) -> usize {
        self.pods.iter().filter(|pod| !pod.terminating).count()
    }

    /// Carries a plan out and checks its promises at every step.
    fn plan(&mut self) {
        let (most, least) = match self.desired.kind {
            RolloutKind::Rolling { surge, unavailable } => (
                self.desired.replicas + surge,
                self.desired.replicas - unavailable,
            ),
            RolloutKind::Recreate => (self.desired.replicas, 0),
        };
        let least = self.available().min(least as usize);
        for action in plan(&self.desired, &self.sets, &self.pods, NOW) {
            self.act(action);
            assert!(self.active() <= most as usize, "above the surge");
            assert!(self.available() >= least, "below the least available");
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Scale(set) => {
                self.sets.retain(|old| old.hash != set.hash);
                self.sets.push(set);
            }
            Action::Forget(hash) => self.sets.retain(|set| set.hash != hash),
            Action::Delete(name) => {
                let pod = self.pods.iter_mut().find(|pod| pod.name == name).unwrap();
                pod.terminating = true;
                pod.ready_since = None;
            }
            Action::Create(hash) => {
                self.made += 1;
                self.pods.push(ObservedPod {
                    name: self.made.to_string(),
                    hash,
                    created_at: Timestamp(self.made),
                    ready_since: None,
                    restarts: 0,
                    terminating: false,
                });
            }
        }
    }

    /// Lets everything become ready and everything that terminates end.
    fn settle(&mut self) {
        for _ in 0..100 {
            self.plan();
            self.pods.retain(|pod| !pod.terminating);
            for index in 0..self.pods.len() {
                self.ready(index);
            }
        }
    }
}

fn strategies() -> impl Strategy<Value = (u32, RolloutKind)> {
    (0..6u32, 0..4u32, 0..4u32, any::<bool>()).prop_map(
        |(replicas, surge, unavailable, recreate)| {
            let unavailable = unavailable.min(replicas);
            let kind = match (recreate, surge, unavailable) {
                (true, ..) => RolloutKind::Recreate,
                (false, 0, 0) => RolloutKind::Rolling {
                    surge: 1,
                    unavailable: 0,
                },
                (false, ..) => RolloutKind::Rolling { surge, unavailable },
            };
            (replicas, kind)
        },
    )
}

proptest! {
    #[test]
    fn every_rollout_keeps_its_bounds_and_converges(
        (replicas, kind) in strategies(),
        happenings in prop::collection::vec(happening(), 0..80),
    ) {
        let mut world = World::new(Desired { kind, ..rolling(replicas, 1, 0) });
        for happening in &happenings {
            world.happen(happening);
        }
        world.settle();
        let counts = Counts::of(&world.desired, &world.pods, NOW);
        prop_assert!(counts.is_complete(&world.desired), "{counts:?}");
        prop_assert_eq!(world.sets.len(), 1);
        prop_assert!(plan(&world.desired, &world.sets, &world.pods, NOW).is_empty());
    }
}
