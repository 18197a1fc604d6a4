//! Which target runs when, and for how long.

use anyhow::{Context, Result};

/// These read what anybody may send, and bend it most: they get a minute when time is short.
const LONG: [&str; 3] = ["kustomize", "yaml", "yaml_emit"];
const LONG_SECONDS: u64 = 60;

/// Less finds nothing.
const LEAST_SECONDS: u64 = 5;

/// What a turn takes beside its seconds: cargo, and reading the corpus.
const START_SECONDS: u64 = 2;

/// One target's run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) target: String,
    pub(super) seconds: u64,
}

/// What runs one after another.
pub(super) type Lane = Vec<Turn>;

/// As many seconds for each.
pub(super) fn even(targets: &[String], lanes: usize, seconds: u64) -> Vec<Lane> {
    spread(targets, lanes, |_| seconds)
}

/// The most seconds for each, so that all lanes end within the budget.
///
/// # Errors
/// When the budget is too short.
pub(super) fn within(targets: &[String], lanes: usize, budget: u64) -> Result<Vec<Lane>> {
    let plan_with = |share: u64| {
        spread(targets, lanes, |target| match LONG.contains(&target) {
            true => LONG_SECONDS,
            false => share,
        })
    };
    (LEAST_SECONDS..=LONG_SECONDS)
        .rev()
        .map(plan_with)
        .find(|plan| plan.iter().all(|lane| length(lane) <= budget))
        .with_context(|| {
            format!(
                "{} targets in {lanes} lanes need more than {budget} s",
                targets.len()
            )
        })
}

/// The longest first, each into the lane that is the shortest.
fn spread(targets: &[String], lanes: usize, seconds: impl Fn(&str) -> u64) -> Vec<Lane> {
    let mut turns: Vec<Turn> = targets
        .iter()
        .map(|target| Turn {
            target: target.clone(),
            seconds: seconds(target),
        })
        .collect();
    turns.sort_by_key(|turn| std::cmp::Reverse(turn.seconds));
    let mut plan: Vec<Lane> = std::iter::repeat_with(Lane::new).take(lanes).collect();
    for turn in turns {
        if let Some(lane) = plan.iter_mut().min_by_key(|lane| length(lane)) {
            lane.push(turn);
        }
    }
    plan
}

fn length(lane: &Lane) -> u64 {
    lane.iter().map(|turn| turn.seconds + START_SECONDS).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(others: usize) -> Vec<String> {
        let long = LONG.iter().map(|name| (*name).to_owned());
        long.chain((0..others).map(|number| format!("other{number}")))
            .collect()
    }

    #[test]
    fn three_minutes_hold_a_minute_for_each_long_one() {
        for others in 0..=12 {
            let targets = names(others);
            let plan = within(&targets, 2, 180).unwrap();
            assert!(plan.iter().all(|lane| length(lane) <= 180), "{plan:?}");
            let turns: Vec<&Turn> = plan.iter().flatten().collect();
            assert_eq!(turns.len(), targets.len());
            let is_long = |turn: &&&Turn| LONG.contains(&&*turn.target);
            assert!(turns.iter().filter(is_long).all(|turn| turn.seconds == 60));
            assert!(turns.iter().all(|turn| turn.seconds >= LEAST_SECONDS));
        }
    }

    #[test]
    fn too_short_a_budget_is_refused() {
        let refusal = within(&names(7), 1, 180).unwrap_err().to_string();
        assert_eq!(refusal, "10 targets in 1 lanes need more than 180 s");
    }
}
