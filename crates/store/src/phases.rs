use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use towpath_model::{ActionRunKey, ExecutionKey, Status, Timestamp};

use crate::db::parse;
use crate::run_key::{bind_run, run_key};
use crate::{Store, StoreError};

/// A named part of an attempt at an action, for people to see where time went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    pub run: ActionRunKey,
    pub name: String,
    pub status: Status,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

impl Store {
    pub async fn start_phase(
        &self,
        run: &ActionRunKey,
        name: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(
            "INSERT INTO phases (project, number, stage, action, attempt, position, name, status, started_at)
             SELECT $1, $2, $3, $4, $5, COALESCE(MAX(position), 0) + 1, $6, 'running', $7 FROM phases
             WHERE project = $1 AND number = $2 AND stage = $3 AND action = $4 AND attempt = $5",
        );
        bind_run(query, run)
            .bind(name)
            .bind(now.0)
            .execute(self.db.pool())
            .await?;
        self.changed(&run.action.execution);
        Ok(())
    }

    /// Ends the attempt's running phase of this name.
    pub async fn finish_phase(
        &self,
        run: &ActionRunKey,
        name: &str,
        status: Status,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(
            "UPDATE phases SET status = $7, finished_at = $8
             WHERE project = $1 AND number = $2 AND stage = $3 AND action = $4 AND attempt = $5
               AND name = $6 AND finished_at IS NULL",
        );
        bind_run(query, run)
            .bind(name)
            .bind(status.as_str())
            .bind(now.0)
            .execute(self.db.pool())
            .await?;
        self.changed(&run.action.execution);
        Ok(())
    }

    /// The phases of all attempts of an execution, in order.
    pub async fn phases(&self, key: &ExecutionKey) -> Result<Vec<Phase>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM phases WHERE project = $1 AND number = $2
             ORDER BY stage, action, attempt, position",
        )
        .bind(key.project.as_str())
        .bind(key.number.0)
        .fetch_all(self.db.pool())
        .await?;
        rows.iter().map(from_row).collect()
    }
}

fn from_row(row: &SqliteRow) -> Result<Phase, StoreError> {
    Ok(Phase {
        run: run_key(row)?,
        name: row.try_get("name")?,
        status: parse(row, "status")?,
        started_at: Timestamp(row.try_get("started_at")?),
        finished_at: row.try_get::<Option<i64>, _>("finished_at")?.map(Timestamp),
    })
}
