use sqlx::{Row, Sqlite, Transaction};
use towpath_model::{CommitId, ExecutionKey, ExecutionNumber, ProjectName, Status, Timestamp};

use crate::db::{parse, parse_optional};
use crate::{Store, StoreError};

/// Give up telling after this many failures: the token is not good for it.
const MOST_FAILURES: i64 = 12;

/// An execution of which the git host knows an older status, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusToTell {
    pub execution: ExecutionKey,
    pub commit: CommitId,
    /// None while it has not ended.
    pub outcome: Option<Status>,
    pub reason: Option<String>,
    pub failures: u32,
}

impl Store {
    /// What git hosts are still to be told now, oldest first.
    pub async fn statuses_to_tell(&self, now: Timestamp) -> Result<Vec<StatusToTell>, StoreError> {
        let rows = sqlx::query(
            "SELECT e.project, e.number, e.commit_id, e.outcome, e.reason,
                    COALESCE(t.failures, 0) AS failures
             FROM executions e
             JOIN remotes r ON r.project = e.project
             LEFT JOIN told_statuses t ON t.project = e.project AND t.number = e.number
             WHERE r.has_api_token = 1 AND e.triggered_at >= r.created_at
               AND COALESCE(t.told, '') <> COALESCE(e.outcome, 'pending')
               AND COALESCE(t.due_at, 0) <= $1 AND COALESCE(t.failures, 0) < $2
             ORDER BY e.triggered_at LIMIT 50",
        )
        .bind(now.0)
        .bind(MOST_FAILURES)
        .fetch_all(self.db.pool())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(StatusToTell {
                    execution: ExecutionKey {
                        project: parse(row, "project")?,
                        number: ExecutionNumber(row.try_get("number")?),
                    },
                    commit: parse(row, "commit_id")?,
                    outcome: parse_optional(row, "outcome")?,
                    reason: row.try_get("reason")?,
                    failures: u32::try_from(row.try_get::<i64, _>("failures")?).unwrap_or(0),
                })
            })
            .collect()
    }

    /// The git host knows this status of the execution now.
    pub async fn status_told(&self, told: &StatusToTell, now: Timestamp) -> Result<(), StoreError> {
        let status = told.outcome.map_or("pending", Status::as_str);
        self.upsert_told(told, Some(status), now, None).await
    }

    /// The git host could not be told, for this reason; it is tried again at `next`.
    pub async fn status_not_told(
        &self,
        told: &StatusToTell,
        error: &str,
        next: Timestamp,
    ) -> Result<(), StoreError> {
        self.upsert_told(told, None, next, Some(error)).await
    }

    /// Why the latest execution that could not be told was not.
    pub async fn status_error(&self, project: &ProjectName) -> Result<Option<String>, StoreError> {
        let row = sqlx::query(
            "SELECT error FROM told_statuses WHERE project = $1 ORDER BY number DESC LIMIT 1",
        )
        .bind(project.as_str())
        .fetch_optional(self.db.pool())
        .await?;
        Ok(match row {
            Some(row) => row.try_get("error")?,
            None => None,
        })
    }

    async fn upsert_told(
        &self,
        told: &StatusToTell,
        status: Option<&str>,
        due: Timestamp,
        error: Option<&str>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO told_statuses (project, number, told, failures, due_at, error)
             VALUES ($1, $2, COALESCE($3, ''), CASE WHEN $5 IS NULL THEN 0 ELSE 1 END, $4, $5)
             ON CONFLICT (project, number) DO UPDATE
             SET told = COALESCE($3, told_statuses.told), due_at = $4, error = $5,
                 failures = CASE WHEN $5 IS NULL THEN 0 ELSE told_statuses.failures + 1 END",
        )
        .bind(told.execution.project.as_str())
        .bind(told.execution.number.0)
        .bind(status)
        .bind(due.0)
        .bind(error)
        .execute(self.db.pool())
        .await?;
        Ok(())
    }
}

/// Statuses that the host did not take are due at once, as if they had never failed.
pub(crate) async fn tell_again(
    tx: &mut Transaction<'static, Sqlite>,
    project: &ProjectName,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE told_statuses SET failures = 0, due_at = 0, error = NULL
         WHERE project = $1 AND error IS NOT NULL",
    )
    .bind(project.as_str())
    .execute(&mut **tx)
    .await?;
    Ok(())
}
