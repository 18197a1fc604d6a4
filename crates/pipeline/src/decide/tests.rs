//! Cases are text: an execution is `number stage[:action]=outcome ...`, a step is a word or two.

use towpath_model::pipeline::{Action, ActionTypeId, ArtifactRef, Category, Pipeline};
use towpath_model::{ActionKey, ActionRunKey, ExecutionNumber, Timestamp, Trigger};

use super::*;

/// Source, then Build with Compile and Lint side by side and Package after them, then Deploy.
fn pipeline() -> Pipeline {
    let stages = [
        ("Source", vec![("Source", 1)]),
        ("Build", vec![("Compile", 1), ("Lint", 1), ("Package", 2)]),
        ("Deploy", vec![("Deploy", 1)]),
    ];
    Pipeline {
        name: "p".into(),
        stages: stages
            .into_iter()
            .map(|(name, actions)| Stage {
                name: name.parse().unwrap(),
                actions: actions
                    .into_iter()
                    .map(|(name, order)| action(name, order))
                    .collect(),
            })
            .collect(),
    }
}

fn action(name: &str, run_order: u16) -> Action {
    Action {
        name: name.parse().unwrap(),
        action_type_id: ActionTypeId {
            category: if name == "Source" {
                Category::Source
            } else {
                Category::Build
            },
            owner: "Towpath".into(),
            provider: "Test".into(),
            version: "1".into(),
        },
        run_order,
        configuration: Default::default(),
        commands: Vec::new(),
        input_artifacts: Vec::<ArtifactRef>::new(),
        output_artifacts: Vec::new(),
    }
}

/// `3 Source Build:Compile=running`: outcomes are succeeded unless said; `cancel` and `unplanned` are flags.
pub(crate) fn state(text: &str) -> State {
    let mut words = text.split_whitespace();
    let number = words.next().unwrap().parse().unwrap();
    let key = ExecutionKey {
        project: "p".parse().unwrap(),
        number: ExecutionNumber(number),
    };
    let mut execution = Execution {
        key: key.clone(),
        trigger: Trigger::Push,
        ref_name: "refs/heads/main".parse().unwrap(),
        commit: "0".repeat(40).parse().unwrap(),
        title: String::new(),
        author: String::new(),
        pipeline: Some(pipeline()),
        explanation: Vec::new(),
        triggered_at: Timestamp(0),
        started_at: None,
        finished_at: None,
        outcome: None,
        reason: None,
        cancel_requested_at: None,
    };
    let mut runs: Vec<ActionRun> = Vec::new();
    for word in words {
        match word {
            "cancel" => execution.cancel_requested_at = Some(Timestamp(1)),
            "unplanned" => execution.pipeline = None,
            _ => {
                let attempt = runs.len() as i64 + 1;
                runs.push(run(&key, word, attempt));
            }
        }
    }
    State { execution, runs }
}

fn run(execution: &ExecutionKey, word: &str, attempt: i64) -> ActionRun {
    let (name, outcome) = word.split_once('=').unwrap_or((word, "succeeded"));
    let (stage, action) = name.split_once(':').unwrap_or((name, name));
    let action = ActionKey {
        execution: execution.clone(),
        stage: stage.parse().unwrap(),
        action: action.parse().unwrap(),
    };
    let outcome = match outcome {
        "running" => None,
        "succeeded" => Some(RunOutcome::Succeeded),
        "failed" => Some(RunOutcome::Failed {
            reason: "no".into(),
        }),
        "cancelled" => Some(RunOutcome::Cancelled),
        "interrupted" => Some(RunOutcome::Interrupted),
        other => panic!("{other}"),
    };
    ActionRun {
        key: ActionRunKey { action, attempt },
        started_at: Timestamp(0),
        finished_at: outcome.as_ref().map(|_| Timestamp(1)),
        outcome,
        variables: Default::default(),
    }
}

fn step(step: &Step) -> String {
    match step {
        Step::Plan(key) => format!("plan {}", key.number),
        Step::Start(action) => format!("start {} {}", action.execution.number, action.action),
        Step::Cancel(run) => format!(
            "cancel {} {}",
            run.action.execution.number, run.action.action
        ),
        Step::Finish {
            execution, outcome, ..
        } => format!("{outcome} {}", execution.number),
    }
}

#[track_caller]
fn check(states: &[&str], expected: &[&str]) {
    let states: Vec<State> = states.iter().map(|text| state(text)).collect();
    let steps: Vec<String> = decide(&states).iter().map(step).collect();
    assert_eq!(steps, expected);
}

#[test]
fn an_execution_goes_through_its_stages() {
    check(&["1 unplanned"], &["plan 1"]);
    check(&["1"], &["start 1 Source"]);
    check(&["1 Source=running"], &[]);
    check(&["1 Source"], &["start 1 Compile", "start 1 Lint"]);
    check(&["1 Source Build:Compile Build:Lint=running"], &[]);
    check(&["1 Source Build:Compile Build:Lint"], &["start 1 Package"]);
    check(
        &["1 Source Build:Compile Build:Lint Build:Package"],
        &["start 1 Deploy"],
    );
    check(
        &["1 Source Build:Compile Build:Lint Build:Package Deploy"],
        &["succeeded 1"],
    );
}

#[test]
fn a_failure_ends_it_once_its_neighbours_are_done() {
    check(&["1 Source=failed"], &["failed 1"]);
    check(&["1 Source Build:Compile=failed Build:Lint=running"], &[]);
    check(&["1 Source Build:Compile=failed Build:Lint"], &["failed 1"]);
}

#[test]
fn what_a_restart_interrupted_runs_again() {
    check(&["1 Source=interrupted"], &["start 1 Source"]);
    check(&["1 Source=interrupted Source=running"], &[]);
    check(
        &["1 Source Build:Compile=interrupted Build:Lint"],
        &["start 1 Compile"],
    );
}

#[test]
fn cancelling_ends_what_runs_first() {
    check(&["1 cancel"], &["cancelled 1"]);
    check(&["1 cancel unplanned"], &["cancelled 1"]);
    check(&["1 cancel Source=running"], &["cancel 1 Source"]);
    check(&["1 cancel Source=cancelled"], &["cancelled 1"]);
    check(&["1 cancel Source=interrupted"], &["cancelled 1"]);
}

#[test]
fn a_stage_is_locked_by_the_execution_in_it() {
    check(&["1 Source=running", "2"], &[]);
    check(
        &["1 Source Build:Compile=running Build:Lint", "2"],
        &["start 2 Source"],
    );
    check(
        &["1 Source Build:Compile=running Build:Lint", "2 Source"],
        &[],
    );
    check(&["1 cancel Source=running", "2"], &["cancel 1 Source"]);
}

#[test]
fn a_newer_execution_supersedes_one_that_waits() {
    check(&["1 Source=running", "2", "3"], &["superseded 2"]);
    check(
        &[
            "1 Source Build:Compile=running Build:Lint",
            "2 Source",
            "3 Source",
        ],
        &["superseded 2"],
    );
    check(&["1", "2"], &["superseded 1", "start 2 Source"]);
    check(
        &["1 Source Build:Compile=running Build:Lint", "2 Source", "3"],
        &["start 3 Source"],
    );
}
