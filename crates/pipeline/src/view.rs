//! What an execution looks like to people: status is derived from rows by a pure function, never stored.

use std::collections::BTreeMap;

use towpath_model::pipeline::{Action, ActionName, Category, Stage, StageName};
use towpath_model::{Status, Timestamp};
use towpath_store::{ActionRun, Execution, Phase, RunOutcome};

/// An execution with its stages, as the API, the page and the terminal show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionView {
    pub execution: Execution,
    pub status: Status,
    pub stages: Vec<StageView>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageView {
    pub name: StageName,
    pub status: Status,
    pub actions: Vec<ActionView>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionView {
    pub name: ActionName,
    pub category: Category,
    pub provider: String,
    pub run_order: u16,
    pub status: Status,
    /// The latest attempt; 0 before the first.
    pub attempt: i64,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// Why it failed, in one sentence.
    pub reason: Option<String>,
    pub variables: BTreeMap<String, String>,
    /// Of the latest attempt.
    pub phases: Vec<Phase>,
}

impl ExecutionView {
    pub fn new(execution: Execution, runs: &[ActionRun], phases: &[Phase]) -> Self {
        let ended = execution.outcome;
        let stages: Vec<StageView> = execution
            .pipeline
            .iter()
            .flat_map(|pipeline| &pipeline.stages)
            .map(|stage| stage_view(stage, runs, phases, ended.is_some()))
            .collect();
        Self {
            status: ended.unwrap_or_else(|| unfinished_status(&stages, runs)),
            execution,
            stages,
        }
    }

    /// The first action that failed: where to look first.
    pub fn failed_action(&self) -> Option<(&StageView, &ActionView)> {
        self.actions()
            .find(|(_, action)| action.status == Status::Failed)
    }

    /// All actions with their stages, in the pipeline's order.
    pub fn actions(&self) -> impl Iterator<Item = (&StageView, &ActionView)> {
        self.stages
            .iter()
            .flat_map(|stage| stage.actions.iter().map(move |action| (stage, action)))
    }
}

fn stage_view(stage: &Stage, runs: &[ActionRun], phases: &[Phase], ended: bool) -> StageView {
    let actions: Vec<ActionView> = stage
        .actions
        .iter()
        .map(|action| action_view(&stage.name, action, runs, phases, ended))
        .collect();
    StageView {
        name: stage.name.clone(),
        status: stage_status(actions.iter().map(|action| action.status)),
        actions,
    }
}

fn action_view(
    stage: &StageName,
    action: &Action,
    runs: &[ActionRun],
    phases: &[Phase],
    ended: bool,
) -> ActionView {
    let latest = runs
        .iter()
        .filter(|run| run.key.action.stage == *stage && run.key.action.action == action.name)
        .max_by_key(|run| run.key.attempt);
    ActionView {
        name: action.name.clone(),
        category: action.action_type_id.category,
        provider: action.action_type_id.provider.clone(),
        run_order: action.run_order,
        status: action_status(latest, ended),
        attempt: latest.map_or(0, |run| run.key.attempt),
        started_at: latest.map(|run| run.started_at),
        finished_at: latest.and_then(|run| run.finished_at),
        reason: latest.and_then(failure_reason),
        variables: latest.map(|run| run.variables.clone()).unwrap_or_default(),
        phases: latest.map_or_else(Vec::new, |run| {
            let of_run = |phase: &&Phase| phase.run == run.key;
            phases.iter().filter(of_run).cloned().collect()
        }),
    }
}

fn failure_reason(run: &ActionRun) -> Option<String> {
    match &run.outcome {
        Some(RunOutcome::Failed { reason }) => Some(reason.clone()),
        _ => None,
    }
}

fn action_status(latest: Option<&ActionRun>, ended: bool) -> Status {
    match latest.map(|run| &run.outcome) {
        None if ended => Status::Skipped,
        None => Status::Queued,
        Some(None) => Status::Running,
        Some(Some(RunOutcome::Succeeded)) => Status::Succeeded,
        Some(Some(RunOutcome::Failed { .. })) => Status::Failed,
        Some(Some(RunOutcome::Interrupted)) if !ended => Status::Queued,
        Some(Some(RunOutcome::Cancelled | RunOutcome::Interrupted)) => Status::Cancelled,
    }
}

/// The most telling status among a stage's actions.
fn stage_status(actions: impl Iterator<Item = Status> + Clone) -> Status {
    let has = |status| actions.clone().any(|action| action == status);
    let telling = [Status::Failed, Status::Cancelled, Status::Running];
    if let Some(status) = telling.into_iter().find(|status| has(*status)) {
        return status;
    }
    match (has(Status::Succeeded), has(Status::Queued)) {
        (true, true) => Status::Running,
        (true, false) => Status::Succeeded,
        (false, true) => Status::Queued,
        (false, false) => Status::Skipped,
    }
}

fn unfinished_status(stages: &[StageView], runs: &[ActionRun]) -> Status {
    let running = stages.iter().any(|stage| stage.status == Status::Running);
    match (running, runs.is_empty()) {
        (true, _) => Status::Running,
        (false, true) => Status::Queued,
        (false, false) => Status::Waiting,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::tests::state;

    /// The statuses of the execution, its stages, and the actions of Build.
    #[track_caller]
    fn check(text: &str, ended: Option<Status>, expected: &str) {
        let state = state(text);
        let mut execution = state.execution;
        execution.outcome = ended;
        let view = ExecutionView::new(execution, &state.runs, &[]);
        let stages = view.stages.iter().map(|stage| stage.status.to_string());
        let build = view
            .stages
            .get(1)
            .into_iter()
            .flat_map(|stage| &stage.actions);
        let build: Vec<String> = build.map(|action| action.status.to_string()).collect();
        let stages: Vec<String> = stages.collect();
        let shown = format!(
            "{}: {} ({})",
            view.status,
            stages.join(" "),
            build.join(" ")
        );
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn statuses_follow_from_what_ran() {
        check("1 unplanned", None, "queued:  ()");
        check(
            "1",
            None,
            "queued: queued queued queued (queued queued queued)",
        );
        check(
            "1 Source=running",
            None,
            "running: running queued queued (queued queued queued)",
        );
        check(
            "1 Source",
            None,
            "waiting: succeeded queued queued (queued queued queued)",
        );
        check(
            "1 Source Build:Compile Build:Lint=running",
            None,
            "running: succeeded running queued (succeeded running queued)",
        );
        check(
            "1 Source Build:Compile=interrupted Build:Lint",
            None,
            "running: succeeded running queued (queued succeeded queued)",
        );
    }

    #[test]
    fn what_an_ended_execution_did_not_run_was_skipped() {
        check(
            "1 Source Build:Compile=failed Build:Lint",
            Some(Status::Failed),
            "failed: succeeded failed skipped (failed succeeded skipped)",
        );
        check(
            "1 Source Build:Compile=interrupted",
            Some(Status::Cancelled),
            "cancelled: succeeded cancelled skipped (cancelled skipped skipped)",
        );
        check(
            "1 Source",
            Some(Status::Superseded),
            "superseded: succeeded skipped skipped (skipped skipped skipped)",
        );
    }

    #[test]
    fn a_later_attempt_counts() {
        let state = state("1 Source=interrupted Source");
        let view = ExecutionView::new(state.execution, &state.runs, &[]);
        let source = &view.stages[0].actions[0];
        assert_eq!((source.status, source.attempt), (Status::Succeeded, 2));
        assert!(view.failed_action().is_none());
    }
}
