use std::time::Duration;

use towpath_model::Timestamp;

/// What fails waits no longer than this, unless it is polled more rarely anyhow.
const LONGEST: Duration = Duration::from_secs(5 * 60);
/// Far beyond what is ever due.
const NEVER: Timestamp = Timestamp(i64::MAX / 2);

/// When to poll next: the interval, give or take a tenth, so that many projects do not call at the same time.
pub(super) fn after_success(poll: Option<Duration>, now: Timestamp, random: f64) -> Timestamp {
    match poll {
        Some(interval) => now.plus(interval.mul_f64(0.9 + 0.2 * random)),
        None => NEVER,
    }
}

/// When to try again: one second, doubled with each failure, of that a random half to whole.
pub(crate) fn after_failure(failures: u32, now: Timestamp, random: f64) -> Timestamp {
    let doubled = Duration::from_secs(1 << failures.min(20));
    now.plus(doubled.min(LONGEST).mul_f64(0.5 + 0.5 * random))
}

/// [`after_failure`], and not before a host wants it that said how long to wait.
pub(super) fn after_refusal(
    failures: u32,
    wait: Option<Duration>,
    now: Timestamp,
    random: f64,
) -> Timestamp {
    let wanted = now.plus(wait.unwrap_or_default().mul_f64(1.0 + 0.1 * random));
    after_failure(failures, now, random).max(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    #[test]
    fn polls_keep_their_interval_more_or_less() {
        let poll = |random| after_success(Some(Duration::from_secs(60)), NOW, random).0 - NOW.0;
        assert_eq!((poll(0.0), poll(0.5), poll(1.0)), (54_000, 60_000, 66_000));
        assert!(after_success(None, NOW, 0.5).0 > NOW.0 + 1_000_000_000_000);
    }

    #[test]
    fn failures_wait_longer_and_not_for_ever() {
        let wait = |failures, random| after_failure(failures, NOW, random).0 - NOW.0;
        assert_eq!((wait(0, 1.0), wait(0, 0.0)), (1_000, 500));
        assert_eq!(wait(3, 1.0), 8_000);
        assert_eq!((wait(9, 1.0), wait(u32::MAX, 1.0)), (300_000, 300_000));
    }

    #[test]
    fn a_host_that_wants_to_be_left_alone_is() {
        let wait = |wanted: Option<u64>| {
            after_refusal(3, wanted.map(Duration::from_secs), NOW, 1.0).0 - NOW.0
        };
        assert_eq!((wait(None), wait(Some(2))), (8_000, 8_000));
        assert_eq!(wait(Some(3600)), 3_960_000);
    }
}
