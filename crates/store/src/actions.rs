use std::collections::BTreeMap;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use towpath_model::{
    ActionKey, ActionRunKey, Artifact, ExecutionKey, Timestamp, pipeline::ArtifactName,
};

use crate::artifacts::insert_artifact;
use crate::db::{json, to_json};
use crate::run_key::{bind_run, run_key};
use crate::{Store, StoreError};

/// One attempt at an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionRun {
    pub key: ActionRunKey,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    /// None while it runs.
    pub outcome: Option<RunOutcome>,
    /// CodePipeline's output variables.
    pub variables: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunOutcome {
    Succeeded,
    Failed {
        reason: String,
    },
    Cancelled,
    /// The server ended under it: it does not count, another attempt follows.
    Interrupted,
}

impl RunOutcome {
    fn as_str(&self) -> &'static str {
        match self {
            RunOutcome::Succeeded => "succeeded",
            RunOutcome::Failed { .. } => "failed",
            RunOutcome::Cancelled => "cancelled",
            RunOutcome::Interrupted => "interrupted",
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            RunOutcome::Failed { reason } => Some(reason),
            _ => None,
        }
    }

    fn from_columns(outcome: &str, reason: Option<String>) -> Result<Self, StoreError> {
        match outcome {
            "succeeded" => Ok(RunOutcome::Succeeded),
            "failed" => Ok(RunOutcome::Failed {
                reason: reason.unwrap_or_default(),
            }),
            "cancelled" => Ok(RunOutcome::Cancelled),
            "interrupted" => Ok(RunOutcome::Interrupted),
            other => Err(StoreError::corrupt("outcome", other)),
        }
    }
}

impl Store {
    /// Begins the next attempt at an action.
    pub async fn start_action(
        &self,
        action: &ActionKey,
        now: Timestamp,
    ) -> Result<ActionRunKey, StoreError> {
        let row = sqlx::query(
            "INSERT INTO action_runs (project, number, stage, action, attempt, started_at)
             SELECT $1, $2, $3, $4, COALESCE(MAX(attempt), 0) + 1, $5 FROM action_runs
             WHERE project = $1 AND number = $2 AND stage = $3 AND action = $4
             RETURNING attempt",
        )
        .bind(action.execution.project.as_str())
        .bind(action.execution.number.0)
        .bind(action.stage.as_str())
        .bind(action.action.as_str())
        .bind(now.0)
        .fetch_one(self.db.pool())
        .await?;
        self.changed(&action.execution);
        Ok(ActionRunKey {
            action: action.clone(),
            attempt: row.try_get("attempt")?,
        })
    }

    /// Ends an attempt and makes its outputs visible, in one transaction. False when it had ended already.
    pub async fn finish_action(
        &self,
        run: &ActionRunKey,
        outcome: &RunOutcome,
        artifacts: &BTreeMap<ArtifactName, Artifact>,
        variables: &BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let query = sqlx::query(
            "UPDATE action_runs SET finished_at = $6, outcome = $7, reason = $8, variables = $9
             WHERE project = $1 AND number = $2 AND stage = $3 AND action = $4 AND attempt = $5
               AND finished_at IS NULL",
        );
        let updated = bind_run(query, run)
            .bind(now.0)
            .bind(outcome.as_str())
            .bind(outcome.reason())
            .bind(to_json(variables)?)
            .execute(&mut *tx)
            .await?;
        let first = updated.rows_affected() == 1;
        if first {
            for (name, artifact) in artifacts {
                insert_artifact(&mut tx, &run.action.execution, name, artifact).await?;
            }
        }
        tx.commit().await?;
        self.changed(&run.action.execution);
        self.signals.notify_work();
        Ok(first)
    }

    /// Every attempt at every action of an execution, in the order in which they started.
    pub async fn action_runs(&self, key: &ExecutionKey) -> Result<Vec<ActionRun>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM action_runs WHERE project = $1 AND number = $2
             ORDER BY started_at, stage, action, attempt",
        )
        .bind(key.project.as_str())
        .bind(key.number.0)
        .fetch_all(self.db.pool())
        .await?;
        rows.iter().map(from_row).collect()
    }

    /// Ends what a server that is gone left running: called once, before the engine starts.
    pub async fn interrupt_action_runs(&self, now: Timestamp) -> Result<u64, StoreError> {
        let updated = sqlx::query(
            "UPDATE action_runs SET finished_at = $1, outcome = 'interrupted'
             WHERE finished_at IS NULL",
        )
        .bind(now.0)
        .execute(self.db.pool())
        .await?;
        sqlx::query(
            "UPDATE phases SET finished_at = $1, status = 'cancelled' WHERE finished_at IS NULL",
        )
        .bind(now.0)
        .execute(self.db.pool())
        .await?;
        Ok(updated.rows_affected())
    }
}

fn from_row(row: &SqliteRow) -> Result<ActionRun, StoreError> {
    let outcome: Option<String> = row.try_get("outcome")?;
    let reason: Option<String> = row.try_get("reason")?;
    Ok(ActionRun {
        key: run_key(row)?,
        started_at: Timestamp(row.try_get("started_at")?),
        finished_at: row.try_get::<Option<i64>, _>("finished_at")?.map(Timestamp),
        outcome: outcome
            .map(|outcome| RunOutcome::from_columns(&outcome, reason))
            .transpose()?,
        variables: json(row, "variables")?,
    })
}
