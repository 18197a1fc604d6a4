use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};
use towpath_model::pipeline::Pipeline;
use towpath_model::{
    CommitId, ExecutionKey, ExecutionNumber, ProjectName, RefName, Status, Timestamp, Trigger,
};

use crate::db::{json, parse, parse_optional, to_json};
use crate::events::mark_handled;
use crate::project_deletions::is_being_deleted;
use crate::{Store, StoreError, StoredEvent};

/// One execution of a project's pipeline, as stored. Its status follows from this and its actions' runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    pub key: ExecutionKey,
    pub trigger: Trigger,
    pub ref_name: RefName,
    pub commit: CommitId,
    /// First line of the commit's message.
    pub title: String,
    pub author: String,
    /// None until it is planned.
    pub pipeline: Option<Pipeline>,
    /// Why the pipeline is what it is, a sentence each.
    pub explanation: Vec<String>,
    /// When the event that started it was written: for a push, just before git was answered.
    pub triggered_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// Final: Succeeded, Failed, Cancelled or Superseded.
    pub outcome: Option<Status>,
    /// One sentence for the person who has to act.
    pub reason: Option<String>,
    pub cancel_requested_at: Option<Timestamp>,
}

/// What an event says of the execution that it starts.
#[derive(Clone, Debug)]
pub struct NewExecution {
    pub project: ProjectName,
    pub trigger: Trigger,
    pub ref_name: RefName,
    pub commit: CommitId,
    pub title: String,
    pub author: String,
}

/// What is left to clean up after an execution whose row is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedExecution {
    pub number: ExecutionNumber,
    pub commit: CommitId,
}

/// A page of a project's executions, newest first.
#[derive(Clone, Debug)]
pub struct ExecutionFilter {
    /// Only executions below this number.
    pub before: Option<ExecutionNumber>,
    /// Only those of which title, author or commit hold this text.
    pub search: Option<String>,
    pub limit: u32,
}

impl Store {
    /// Makes the execution that an event asks for and marks the event handled, in one transaction.
    /// [`StoreError::BeingDeleted`] when its project is.
    pub async fn create_execution(
        &self,
        event: &StoredEvent,
        new: &NewExecution,
        now: Timestamp,
    ) -> Result<ExecutionKey, StoreError> {
        let mut tx = self.db.write().await?;
        if is_being_deleted(&mut tx, &new.project).await? {
            return Err(StoreError::BeingDeleted(new.project.clone()));
        }
        let number = take_number(&mut tx, &new.project).await?;
        sqlx::query(
            r#"INSERT INTO executions (project, number, event_key, "trigger", ref_name, commit_id,
                 title, author, triggered_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"#,
        )
        .bind(new.project.as_str())
        .bind(number)
        .bind(event.event.key())
        .bind(new.trigger.as_str())
        .bind(new.ref_name.as_str())
        .bind(new.commit.as_str())
        .bind(&new.title)
        .bind(&new.author)
        .bind(event.created_at.0)
        .execute(&mut *tx)
        .await?;
        mark_handled(&mut tx, event.id, now).await?;
        tx.commit().await?;
        let key = ExecutionKey {
            project: new.project.clone(),
            number: ExecutionNumber(number),
        };
        self.changed(&key);
        Ok(key)
    }

    pub async fn execution(&self, key: &ExecutionKey) -> Result<Option<Execution>, StoreError> {
        sqlx::query("SELECT * FROM executions WHERE project = $1 AND number = $2")
            .bind(key.project.as_str())
            .bind(key.number.0)
            .fetch_optional(self.db.pool())
            .await?
            .as_ref()
            .map(from_row)
            .transpose()
    }

    /// The one with the highest number, in whatever state.
    pub async fn latest_execution(
        &self,
        project: &ProjectName,
    ) -> Result<Option<Execution>, StoreError> {
        let filter = ExecutionFilter {
            before: None,
            search: None,
            limit: 1,
        };
        Ok(self.executions(project, &filter).await?.into_iter().next())
    }

    /// Newest first. The search is for a part of the title or the author, or the beginning of the commit's
    /// id.
    pub async fn executions(
        &self,
        project: &ProjectName,
        filter: &ExecutionFilter,
    ) -> Result<Vec<Execution>, StoreError> {
        let search = filter.search.as_deref().unwrap_or("");
        let rows = sqlx::query(
            "SELECT * FROM executions
             WHERE project = $1 AND number < $2
               AND ($3 = '' OR title LIKE $4 ESCAPE '\\' OR author LIKE $4 ESCAPE '\\'
                    OR commit_id LIKE $5 ESCAPE '\\')
             ORDER BY number DESC LIMIT $6",
        )
        .bind(project.as_str())
        .bind(filter.before.map_or(i64::MAX, |number| number.0))
        .bind(search)
        .bind(format!("%{}%", escape_like(search)))
        .bind(format!("{}%", escape_like(search)))
        .bind(filter.limit)
        .fetch_all(self.db.pool())
        .await?;
        rows.iter().map(from_row).collect()
    }

    /// All executions that have not finished, by project and number.
    pub async fn unfinished_executions(&self) -> Result<Vec<Execution>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM executions WHERE finished_at IS NULL ORDER BY project, number",
        )
        .fetch_all(self.db.pool())
        .await?;
        rows.iter().map(from_row).collect()
    }

    /// Keeps the plan. It is made once; a restart goes on with what is stored.
    pub async fn set_pipeline(
        &self,
        key: &ExecutionKey,
        pipeline: &Pipeline,
        explanation: &[String],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE executions SET pipeline = $3, explanation = $4, started_at = $5
             WHERE project = $1 AND number = $2 AND pipeline IS NULL",
        )
        .bind(key.project.as_str())
        .bind(key.number.0)
        .bind(to_json(pipeline)?)
        .bind(to_json(&explanation)?)
        .bind(now.0)
        .execute(self.db.pool())
        .await?;
        self.changed(key);
        Ok(())
    }

    /// Ends an execution; the first end stands.
    pub async fn finish_execution(
        &self,
        key: &ExecutionKey,
        outcome: Status,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE executions SET outcome = $3, reason = $4, finished_at = $5
             WHERE project = $1 AND number = $2 AND finished_at IS NULL",
        )
        .bind(key.project.as_str())
        .bind(key.number.0)
        .bind(outcome.as_str())
        .bind(reason)
        .bind(now.0)
        .execute(self.db.pool())
        .await?;
        self.changed(key);
        Ok(())
    }

    /// Asks for an execution to end; false when it has ended already or does not exist.
    pub async fn request_cancel(
        &self,
        key: &ExecutionKey,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let updated = sqlx::query(
            "UPDATE executions SET cancel_requested_at = COALESCE(cancel_requested_at, $3)
             WHERE project = $1 AND number = $2 AND finished_at IS NULL",
        )
        .bind(key.project.as_str())
        .bind(key.number.0)
        .bind(now.0)
        .execute(self.db.pool())
        .await?;
        self.changed(key);
        self.signals.notify_work();
        Ok(updated.rows_affected() == 1)
    }

    /// Whether the project has an execution of this commit.
    pub async fn has_execution_of(
        &self,
        project: &ProjectName,
        commit: &CommitId,
    ) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT 1 FROM executions WHERE project = $1 AND commit_id = $2")
            .bind(project.as_str())
            .bind(commit.as_str())
            .fetch_optional(self.db.pool())
            .await?;
        Ok(row.is_some())
    }

    /// Removes the project's finished executions beyond the newest `keep` and says which.
    /// The newest one that succeeded stays in any case: it is what runs.
    pub async fn remove_old_executions(
        &self,
        project: &ProjectName,
        keep: u32,
    ) -> Result<Vec<RemovedExecution>, StoreError> {
        let rows = sqlx::query(
            "DELETE FROM executions
             WHERE project = $1 AND finished_at IS NOT NULL
               AND number NOT IN
                 (SELECT number FROM executions WHERE project = $1 ORDER BY number DESC LIMIT $2)
               AND number <> COALESCE((SELECT MAX(number) FROM executions
                                       WHERE project = $1 AND outcome = 'succeeded'), 0)
             RETURNING number, commit_id",
        )
        .bind(project.as_str())
        .bind(keep)
        .fetch_all(self.db.pool())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(RemovedExecution {
                    number: ExecutionNumber(row.try_get("number")?),
                    commit: parse(row, "commit_id")?,
                })
            })
            .collect()
    }

    pub(crate) fn changed(&self, key: &ExecutionKey) {
        self.signals.notify_change(&key.project, Some(key.number));
    }
}

async fn take_number(
    tx: &mut Transaction<'static, Sqlite>,
    project: &ProjectName,
) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "UPDATE projects SET next_execution = next_execution + 1 WHERE name = $1
         RETURNING next_execution - 1 AS number",
    )
    .bind(project.as_str())
    .fetch_one(&mut **tx)
    .await?;
    Ok(row.try_get("number")?)
}

fn escape_like(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escape = matches!(c, '%' | '_' | '\\').then_some('\\');
            escape.into_iter().chain([c])
        })
        .collect()
}

fn from_row(row: &SqliteRow) -> Result<Execution, StoreError> {
    let pipeline: Option<String> = row.try_get("pipeline")?;
    let time = |column| -> Result<Option<Timestamp>, StoreError> {
        Ok(row.try_get::<Option<i64>, _>(column)?.map(Timestamp))
    };
    let trigger: String = row.try_get("trigger")?;
    Ok(Execution {
        key: ExecutionKey {
            project: parse(row, "project")?,
            number: ExecutionNumber(row.try_get("number")?),
        },
        trigger: if trigger == Trigger::Push.as_str() {
            Trigger::Push
        } else {
            Trigger::Manual
        },
        ref_name: parse(row, "ref_name")?,
        commit: parse(row, "commit_id")?,
        title: row.try_get("title")?,
        author: row.try_get("author")?,
        pipeline: pipeline
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| StoreError::corrupt("a pipeline", error))?,
        explanation: json(row, "explanation")?,
        triggered_at: Timestamp(row.try_get("triggered_at")?),
        started_at: time("started_at")?,
        finished_at: time("finished_at")?,
        outcome: parse_optional(row, "outcome")?,
        reason: row.try_get("reason")?,
        cancel_requested_at: time("cancel_requested_at")?,
    })
}
