use sqlx::Row;
use subtle::ConstantTimeEq;
use towpath_model::{ActionRunKey, Timestamp};

use crate::run_key::bind_run;
use crate::tokens::{hash, random_secret};
use crate::{Secret, Store, StoreError};

impl Store {
    /// Makes a job that a worker may call for, and gives its token, this once: only the hash is kept.
    pub async fn open_work(
        &self,
        id: &str,
        run: &ActionRunKey,
        now: Timestamp,
    ) -> Result<Secret, StoreError> {
        let token = random_secret();
        let query = sqlx::query(
            "INSERT INTO work_jobs (id, token_hash, project, number, stage, action, attempt, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(id)
        .bind(hash(&token));
        bind_run(query, run)
            .bind(now.0)
            .execute(self.db.pool())
            .await?;
        Ok(Secret::new(token))
    }

    /// Lets a job's worker call although its attempt has ended.
    pub async fn keep_work(&self, id: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE work_jobs SET kept = 1 WHERE id = $1")
            .bind(id)
            .execute(self.db.pool())
            .await?;
        Ok(())
    }

    /// Whether this is the token of that job, whose attempt still runs or whose place is kept. Takes the same time wherever the
    /// first wrong byte is.
    pub async fn is_work_token(&self, id: &str, token: &str) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT token_hash FROM work_jobs JOIN action_runs
                 USING (project, number, stage, action, attempt)
             WHERE id = $1 AND (finished_at IS NULL OR kept = 1)",
        )
        .bind(id)
        .fetch_optional(self.db.pool())
        .await?;
        let Some(row) = row else { return Ok(false) };
        let stored: String = row.try_get("token_hash")?;
        Ok(hash(token).as_bytes().ct_eq(stored.as_bytes()).into())
    }

    /// Ends a job: its token is nobody's any more.
    pub async fn close_work(&self, id: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM work_jobs WHERE id = $1")
            .bind(id)
            .execute(self.db.pool())
            .await?;
        Ok(())
    }

    /// Ends all jobs of a server that is gone: called once, before the engine starts.
    pub async fn close_all_work(&self) -> Result<u64, StoreError> {
        let deleted = sqlx::query("DELETE FROM work_jobs")
            .execute(self.db.pool())
            .await?;
        Ok(deleted.rows_affected())
    }
}
