use towpath_model::{ActionKey, ActionRunKey, Status};
use towpath_pipeline::view::{ActionView, ExecutionView, StageView};

use crate::api::ApiError;

/// The attempt at an action whose log is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selected {
    pub(super) run: ActionRunKey,
    /// The latest attempt; 0 before the first.
    pub(super) latest: i64,
    /// Of the latest attempt.
    pub(super) status: Status,
}

impl Selected {
    /// Nothing is written to this log any more.
    pub(super) fn is_finished(&self) -> bool {
        self.run.attempt < self.latest || self.status.is_final()
    }
}

/// The action that was asked for as `Stage/Action`, else the one where people would look first: what
/// failed, then what runs, then what ran last. None while there is no pipeline yet.
pub(super) fn select(
    view: &ExecutionView,
    asked: Option<&str>,
    attempt: Option<i64>,
) -> Result<Option<Selected>, ApiError> {
    let chosen = match asked {
        Some(asked) => Some(named(view, asked)?),
        None => telling(view),
    };
    let Some((stage, action)) = chosen else {
        return Ok(None);
    };
    let attempt = attempt.unwrap_or(action.attempt);
    if !(0..=action.attempt).contains(&attempt) {
        let message = format!("{}/{} has no attempt {attempt}", stage.name, action.name);
        return Err(ApiError::not_found("no_such_attempt", message));
    }
    Ok(Some(Selected {
        run: ActionRunKey {
            action: ActionKey {
                execution: view.execution.key.clone(),
                stage: stage.name.clone(),
                action: action.name.clone(),
            },
            attempt,
        },
        latest: action.attempt,
        status: action.status,
    }))
}

fn named<'a>(
    view: &'a ExecutionView,
    asked: &str,
) -> Result<(&'a StageView, &'a ActionView), ApiError> {
    view.actions()
        .find(|(stage, action)| {
            asked.split_once('/') == Some((stage.name.as_str(), action.name.as_str()))
        })
        .ok_or_else(|| {
            let message = format!("execution {} has no action {asked}", view.execution.key);
            ApiError::not_found("no_such_action", message).help(format!(
                "an action is named STAGE/ACTION; the whole execution is at /projects/{}/executions/{}",
                view.execution.key.project, view.execution.key.number
            ))
        })
}

fn telling(view: &ExecutionView) -> Option<(&StageView, &ActionView)> {
    let of = |status| view.actions().find(|(_, action)| action.status == status);
    of(Status::Failed)
        .or_else(|| of(Status::Running))
        .or_else(|| {
            view.actions()
                .filter(|(_, action)| action.attempt > 0)
                .last()
        })
        .or_else(|| view.actions().next())
}
