//! The Deployment controller as a function of what is wanted and what is observed.

mod plan;
mod progress;

pub use plan::{Action, plan};
pub use progress::{Counts, Progress, Stage};

use std::time::Duration;

use serde_json::Value;
use towpath_model::{Digest, Timestamp};

use crate::spec::{Deployment, Strategy};

/// What a deployment asks for, resolved to numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    pub hash: TemplateHash,
    pub replicas: u32,
    pub kind: RolloutKind,
    pub min_ready: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolloutKind {
    Recreate,
    Rolling {
        /// Pods above `replicas`.
        surge: u32,
        /// Pods below `replicas`.
        unavailable: u32,
    },
}

/// Names a template, and so a ReplicaSet and its pods: ten hex digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateHash(pub String);

impl TemplateHash {
    /// Two templates that differ only in the order of keys are the same.
    pub fn of(template: &Value) -> Self {
        let mut canonical = template.clone();
        canonical.sort_all_objects();
        let mut hex = Digest::of(canonical.to_string().as_bytes()).hex();
        hex.truncate(10);
        Self(hex)
    }
}

/// So many pods of one template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaSet {
    pub hash: TemplateHash,
    /// The newest is the highest.
    pub revision: i64,
    pub replicas: u32,
}

/// A pod as the controller sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedPod {
    pub name: String,
    pub hash: TemplateHash,
    pub created_at: Timestamp,
    /// Since when without a break; `None` when it is not ready.
    pub ready_since: Option<Timestamp>,
    pub restarts: u32,
    pub terminating: bool,
}

impl ObservedPod {
    /// Ready for long enough to be counted on.
    pub fn is_available(&self, min_ready: Duration, now: Timestamp) -> bool {
        !self.terminating
            && self
                .ready_since
                .is_some_and(|since| now.since(since) >= min_ready)
    }
}

impl Desired {
    pub fn new(deployment: &Deployment) -> Self {
        Self {
            hash: TemplateHash::of(&deployment.raw_template),
            replicas: deployment.replicas,
            kind: RolloutKind::new(deployment.strategy, deployment.replicas),
            min_ready: deployment.min_ready,
        }
    }

    /// When a pod will become available by nothing but time.
    pub fn next_change(&self, pods: &[ObservedPod], now: Timestamp) -> Option<Timestamp> {
        let waiting = pods
            .iter()
            .filter(|pod| !pod.terminating)
            .filter_map(|pod| pod.ready_since);
        waiting
            .map(|since| since.plus(self.min_ready))
            .filter(|at| *at > now)
            .min()
    }
}

impl RolloutKind {
    /// Surge is rounded up and unavailability down; when both come out as zero one pod may be
    /// unavailable (Kubernetes' `ResolveFenceposts`).
    fn new(strategy: Strategy, replicas: u32) -> Self {
        let Strategy::RollingUpdate {
            max_surge,
            max_unavailable,
        } = strategy
        else {
            return RolloutKind::Recreate;
        };
        let surge = max_surge.rounded_up(replicas);
        let unavailable = max_unavailable.rounded_down(replicas).min(replicas);
        RolloutKind::Rolling {
            surge,
            unavailable: if surge == 0 {
                unavailable.max(1)
            } else {
                unavailable
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::spec::IntOrPercent::{self, Int, Percent};

    #[test]
    fn surge_rounds_up_and_unavailability_down() {
        let cases: &[(IntOrPercent, IntOrPercent, u32, (u32, u32))] = &[
            (Percent(25), Percent(25), 2, (1, 0)),
            (Percent(25), Percent(25), 4, (1, 1)),
            (Percent(25), Percent(25), 10, (3, 2)),
            (Percent(25), Percent(25), 1, (1, 0)),
            (Int(0), Percent(25), 2, (0, 1)),
            (Int(0), Int(1), 3, (0, 1)),
            (Int(2), Int(5), 3, (2, 3)),
            (Percent(100), Percent(100), 3, (3, 3)),
            (Percent(25), Percent(25), 0, (0, 1)),
        ];
        for &(max_surge, max_unavailable, replicas, (surge, unavailable)) in cases {
            let kind = RolloutKind::new(
                Strategy::RollingUpdate {
                    max_surge,
                    max_unavailable,
                },
                replicas,
            );
            assert_eq!(
                kind,
                RolloutKind::Rolling { surge, unavailable },
                "{max_surge:?} {max_unavailable:?} {replicas}"
            );
        }
    }

    #[test]
    fn the_order_of_keys_is_no_part_of_a_template() {
        let hash = |value| TemplateHash::of(&value);
        assert_eq!(
            hash(json!({"a": {"b": 1, "c": 2}, "d": 3})),
            hash(json!({"d": 3, "a": {"c": 2, "b": 1}}))
        );
        assert_ne!(hash(json!({"a": [1, 2]})), hash(json!({"a": [2, 1]})));
    }
}
