use std::time::Duration;

use towpath_model::Timestamp;

use crate::spec::Probe;

/// How often a container is asked that has not answered well yet.
const EAGER: Duration = Duration::from_millis(100);

/// One probe of one run of a container: when to ask next, and what the answers amount to.
///
/// Until the first good answer it asks every 100 ms, so that a container is taken on as soon as it can;
/// but at most one bad answer per `periodSeconds` counts, so that `failureThreshold` allows the time that
/// it allows in Kubernetes. From then on it asks by `periodSeconds`.
#[derive(Clone, Debug)]
pub struct Probing {
    probe: Probe,
    next_at: Timestamp,
    failure_counts_at: Timestamp,
    successes: u32,
    failures: u32,
    answered_well: bool,
}

/// What the answers so far amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Neither threshold is reached: everything stays as it is.
    Undecided,
    /// `successThreshold` good answers in a row.
    Succeeding,
    /// `failureThreshold` bad answers in a row.
    Failing,
}

impl Probing {
    pub fn new(probe: Probe, started_at: Timestamp) -> Self {
        let first = started_at.plus(probe.initial_delay);
        Self {
            probe,
            next_at: first,
            failure_counts_at: first,
            successes: 0,
            failures: 0,
            answered_well: false,
        }
    }

    pub fn next_at(&self) -> Timestamp {
        self.next_at
    }

    /// Takes in an answer that came at `now`.
    pub fn answer(&mut self, good: bool, now: Timestamp) -> Verdict {
        if good {
            self.answered_well = true;
            self.successes = self.successes.saturating_add(1);
            self.failures = 0;
        } else {
            self.successes = 0;
            self.count_failure(now);
        }
        let pause = if self.answered_well {
            self.probe.period
        } else {
            EAGER.min(self.probe.period)
        };
        self.next_at = now.plus(pause);
        self.verdict(good)
    }

    fn count_failure(&mut self, now: Timestamp) {
        if now >= self.failure_counts_at {
            self.failures = self.failures.saturating_add(1);
            self.failure_counts_at = now.plus(self.probe.period);
        }
    }

    fn verdict(&self, good: bool) -> Verdict {
        if good && self.successes >= self.probe.success_threshold {
            Verdict::Succeeding
        } else if !good && self.failures >= self.probe.failure_threshold {
            Verdict::Failing
        } else {
            Verdict::Undecided
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Ask;

    fn probing(success_threshold: u32, failure_threshold: u32, initial_delay: u64) -> Probing {
        let probe = Probe {
            ask: Ask::Exec {
                command: vec!["true".into()],
            },
            initial_delay: Duration::from_secs(initial_delay),
            period: Duration::from_secs(2),
            timeout: Duration::from_secs(1),
            success_threshold,
            failure_threshold,
            termination_grace: None,
        };
        Probing::new(probe, Timestamp(0))
    }

    /// Asks when it is due and gives the times and verdicts.
    fn run(mut probing: Probing, answers: &[bool]) -> Vec<(i64, Verdict)> {
        let ask = |good: &bool| {
            let now = probing.next_at();
            (now.0, probing.answer(*good, now))
        };
        answers.iter().map(ask).collect()
    }

    #[test]
    fn asks_eagerly_until_the_first_good_answer() {
        use Verdict::{Succeeding, Undecided};
        assert_eq!(
            run(probing(1, 3, 0), &[false, false, true, true]),
            [
                (0, Undecided),
                (100, Undecided),
                (200, Succeeding),
                (2200, Succeeding)
            ]
        );
        assert_eq!(run(probing(1, 3, 5), &[true]), [(5000, Succeeding)]);
        assert_eq!(
            run(probing(2, 3, 0), &[true, true]),
            [(0, Undecided), (2000, Succeeding)]
        );
    }

    #[test]
    fn eager_asking_uses_up_no_more_failures_than_the_period_would() {
        let mut probing = probing(1, 3, 0);
        let mut failing_at = None;
        while failing_at.is_none() {
            let now = probing.next_at();
            failing_at = (probing.answer(false, now) == Verdict::Failing).then_some(now.0);
        }
        assert_eq!(failing_at, Some(4000));
    }

    #[test]
    fn one_good_answer_forgives_the_bad_ones() {
        use Verdict::{Failing, Succeeding, Undecided};
        let verdicts: Vec<Verdict> =
            run(probing(1, 2, 0), &[true, false, true, false, false, true])
                .into_iter()
                .map(|(_, verdict)| verdict)
                .collect();
        assert_eq!(
            verdicts,
            [
                Succeeding, Undecided, Succeeding, Undecided, Failing, Succeeding
            ]
        );
    }
}
