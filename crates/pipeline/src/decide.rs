//! What the engine does next: a pure function from a project's unfinished executions to steps.

use std::collections::BTreeMap;

use towpath_model::pipeline::{Action, Pipeline, Stage};
use towpath_model::{ActionKey, ActionRunKey, ExecutionKey, Status};
use towpath_store::{ActionRun, Execution, RunOutcome};

/// One thing to do. Applying a step and asking again comes to rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Plan(ExecutionKey),
    Start(ActionKey),
    Cancel(ActionRunKey),
    Finish {
        execution: ExecutionKey,
        outcome: Status,
        reason: Option<String>,
    },
}

/// An unfinished execution with all that ran of it.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) execution: Execution,
    pub(crate) runs: Vec<ActionRun>,
}

/// Where an execution stands between its stages.
enum Position<'a> {
    /// Inside this stage, which no other execution may enter meanwhile.
    In(usize, &'a Stage),
    /// Before this stage.
    Before(usize),
    AtEnd,
}

/// The steps for the unfinished executions of one project, oldest first.
///
/// A stage is locked by the execution in it. Of several executions that wait before the same stage
/// only the newest goes on, the others are superseded (CodePipeline, execution mode SUPERSEDED).
pub(crate) fn decide(states: &[State]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut waiting: BTreeMap<usize, Vec<&State>> = BTreeMap::new();
    let mut locked = Vec::new();
    for state in states {
        if state.execution.cancel_requested_at.is_some() {
            steps.extend(cancel(state));
            locked.extend(occupied_stage(state));
            continue;
        }
        let Some(pipeline) = &state.execution.pipeline else {
            steps.push(Step::Plan(state.execution.key.clone()));
            continue;
        };
        match position(state, pipeline) {
            Position::In(index, stage) => {
                locked.push(index);
                steps.extend(continue_stage(state, stage));
            }
            Position::Before(index) => waiting.entry(index).or_default().push(state),
            Position::AtEnd => steps.push(finish(state, Status::Succeeded, None)),
        }
    }
    for (index, mut states) in waiting {
        let newest = states.pop();
        steps.extend(states.iter().map(|old| superseded(old, newest)));
        if let Some(newest) = newest.filter(|_| !locked.contains(&index)) {
            steps.extend(enter(newest, index));
        }
    }
    steps
}

fn cancel(state: &State) -> Vec<Step> {
    let running: Vec<Step> = state
        .runs
        .iter()
        .filter(|run| run.outcome.is_none())
        .map(|run| Step::Cancel(run.key.clone()))
        .collect();
    if running.is_empty() {
        vec![finish(state, Status::Cancelled, None)]
    } else {
        running
    }
}

fn occupied_stage(state: &State) -> Option<usize> {
    match position(state, state.execution.pipeline.as_ref()?) {
        Position::In(index, _) => Some(index),
        Position::Before(_) | Position::AtEnd => None,
    }
}

fn position<'a>(state: &State, pipeline: &'a Pipeline) -> Position<'a> {
    let unfinished = pipeline.stages.iter().enumerate().find(|(_, stage)| {
        !stage
            .actions
            .iter()
            .all(|action| succeeded(state, stage, action))
    });
    match unfinished {
        None => Position::AtEnd,
        Some((index, stage)) if entered(state, stage) => Position::In(index, stage),
        Some((index, _)) => Position::Before(index),
    }
}

fn entered(state: &State, stage: &Stage) -> bool {
    state
        .runs
        .iter()
        .any(|run| run.key.action.stage == stage.name)
}

fn enter(state: &State, index: usize) -> Vec<Step> {
    let stage = state
        .execution
        .pipeline
        .as_ref()
        .and_then(|pipeline| pipeline.stages.get(index));
    stage.map_or_else(Vec::new, |stage| continue_stage(state, stage))
}

fn superseded(old: &State, newest: Option<&State>) -> Step {
    let reason = newest.map(|newest| {
        format!(
            "execution {} is newer and waited before the same stage",
            newest.execution.key.number
        )
    });
    finish(old, Status::Superseded, reason)
}

/// Starts what is due in the stage: the actions of the lowest runOrder that has not succeeded whole.
fn continue_stage(state: &State, stage: &Stage) -> Vec<Step> {
    let group = stage
        .groups()
        .into_iter()
        .find(|group| !group.iter().all(|action| succeeded(state, stage, action)));
    let group = group.unwrap_or_default();
    let runs: Vec<Option<&ActionRun>> = group
        .iter()
        .map(|action| latest(state, stage, action))
        .collect();
    let running = runs.iter().flatten().any(|run| run.outcome.is_none());
    if let Some(reason) = failure(&group, &runs) {
        return match running {
            true => Vec::new(),
            false => vec![finish(state, Status::Failed, Some(reason))],
        };
    }
    group
        .iter()
        .zip(runs)
        .filter(|(_, run)| due(*run))
        .map(|(action, _)| Step::Start(action_key(state, stage, action)))
        .collect()
}

fn failure(group: &[&Action], runs: &[Option<&ActionRun>]) -> Option<String> {
    group
        .iter()
        .zip(runs)
        .find_map(|(action, run)| match run.as_ref()?.outcome.as_ref()? {
            RunOutcome::Failed { reason } => Some(format!("{}: {reason}", action.name)),
            RunOutcome::Cancelled => Some(format!("{} was cancelled", action.name)),
            RunOutcome::Succeeded | RunOutcome::Interrupted => None,
        })
}

fn due(run: Option<&ActionRun>) -> bool {
    match run {
        None => true,
        Some(run) => run.outcome == Some(RunOutcome::Interrupted),
    }
}

fn succeeded(state: &State, stage: &Stage, action: &Action) -> bool {
    latest(state, stage, action).is_some_and(|run| run.outcome == Some(RunOutcome::Succeeded))
}

fn latest<'a>(state: &'a State, stage: &Stage, action: &Action) -> Option<&'a ActionRun> {
    state
        .runs
        .iter()
        .filter(|run| run.key.action.stage == stage.name && run.key.action.action == action.name)
        .max_by_key(|run| run.key.attempt)
}

fn action_key(state: &State, stage: &Stage, action: &Action) -> ActionKey {
    ActionKey {
        execution: state.execution.key.clone(),
        stage: stage.name.clone(),
        action: action.name.clone(),
    }
}

fn finish(state: &State, outcome: Status, reason: Option<String>) -> Step {
    Step::Finish {
        execution: state.execution.key.clone(),
        outcome,
        reason,
    }
}

#[cfg(test)]
pub(crate) mod tests;
