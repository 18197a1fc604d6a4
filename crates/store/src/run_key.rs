use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Row, Sqlite};
use towpath_model::{ActionKey, ActionRunKey, ExecutionKey, ExecutionNumber};

use crate::StoreError;
use crate::db::parse;

/// Binds an attempt's key as the next five values: project, number, stage, action, attempt.
pub(crate) fn bind_run<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    run: &'q ActionRunKey,
) -> Query<'q, Sqlite, SqliteArguments> {
    let execution = &run.action.execution;
    query
        .bind(execution.project.as_str())
        .bind(execution.number.0)
        .bind(run.action.stage.as_str())
        .bind(run.action.action.as_str())
        .bind(run.attempt)
}

/// Reads what [`bind_run`] wrote.
pub(crate) fn run_key(row: &SqliteRow) -> Result<ActionRunKey, StoreError> {
    Ok(ActionRunKey {
        action: ActionKey {
            execution: ExecutionKey {
                project: parse(row, "project")?,
                number: ExecutionNumber(row.try_get("number")?),
            },
            stage: parse(row, "stage")?,
            action: parse(row, "action")?,
        },
        attempt: row.try_get("attempt")?,
    })
}
