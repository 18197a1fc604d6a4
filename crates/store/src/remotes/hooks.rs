use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use towpath_model::{ProjectName, Timestamp};

use super::{Remote, count, flag, from_row};
use crate::{Store, StoreError};

/// The webhook that we register at the git host.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct HookState {
    pub wanted: bool,
    /// The git host's id of it, once it is there.
    pub id: Option<String>,
    pub failures: u32,
    pub error: Option<String>,
    /// When it was last seen to be there.
    pub seen_at: Option<Timestamp>,
    /// Looks at it that failed since the last that did not.
    pub check_failures: u32,
    /// Why the last look failed.
    pub check_error: Option<String>,
    /// Why it does not call any more, although it was registered.
    pub lost: Option<String>,
}

/// What a look at a registered webhook showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookCheck {
    There,
    /// It does not call any more, for this reason.
    Lost(String),
    /// The git host did not say, for this reason.
    Unknown(String),
}

impl Store {
    /// The remotes whose webhook is still to be registered.
    pub async fn due_hooks(&self, now: Timestamp) -> Result<Vec<Remote>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM remotes WHERE hook_wanted = 1 AND has_api_token = 1 AND hook_due_at <= $1
               AND (hook_id IS NULL OR hook_error IS NOT NULL)
               AND project NOT IN (SELECT project FROM project_deletions)",
        )
        .bind(now.0)
        .fetch_all(self.db.pool())
        .await?;
        rows.iter().map(from_row).collect()
    }

    /// The webhook is there under this id, or is not, for this reason; it is looked at or tried again at `next`.
    pub async fn finish_hook(
        &self,
        project: &ProjectName,
        result: &Result<String, String>,
        next: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE remotes SET hook_id = COALESCE($2, hook_id), hook_error = $3, hook_due_at = $4,
               hook_failures = CASE WHEN $3 IS NULL THEN 0 ELSE hook_failures + 1 END,
               hook_check_at = $4, hook_check_failures = 0, hook_check_error = NULL, hook_lost = NULL
             WHERE project = $1",
        )
        .bind(project.as_str())
        .bind(result.as_ref().ok())
        .bind(result.as_ref().err())
        .bind(next.0)
        .execute(self.db.pool())
        .await?;
        self.signals.notify_change(project, None);
        Ok(())
    }

    /// The registered webhooks that are to be looked at now, those that wait longest first; at most `limit`.
    pub async fn due_hook_checks(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Remote>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM remotes WHERE hook_wanted = 1 AND has_api_token = 1 AND hook_check_at <= $1
               AND hook_id IS NOT NULL AND hook_error IS NULL
               AND project NOT IN (SELECT project FROM project_deletions)
             ORDER BY hook_check_at LIMIT $2",
        )
        .bind(now.0)
        .bind(i64::from(limit))
        .fetch_all(self.db.pool())
        .await?;
        rows.iter().map(from_row).collect()
    }

    /// What a look at the webhook `id` showed, and when to look again. Nothing, when another was registered meanwhile.
    pub async fn finish_hook_check(
        &self,
        project: &ProjectName,
        id: &str,
        check: &HookCheck,
        next: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (seen, lost, error) = match check {
            HookCheck::There => (Some(now.0), None, None),
            HookCheck::Lost(reason) => (None, Some(reason), None),
            HookCheck::Unknown(reason) => (None, None, Some(reason)),
        };
        sqlx::query(
            "UPDATE remotes SET hook_check_at = $3, hook_seen_at = COALESCE($4, hook_seen_at),
               hook_check_failures = CASE WHEN $6 IS NULL THEN 0 ELSE hook_check_failures + 1 END,
               hook_lost = CASE WHEN $6 IS NULL THEN $5 ELSE hook_lost END, hook_check_error = $6
             WHERE project = $1 AND hook_id = $2",
        )
        .bind(project.as_str())
        .bind(id)
        .bind(next.0)
        .bind(seen)
        .bind(lost)
        .bind(error)
        .execute(self.db.pool())
        .await?;
        self.signals.notify_change(project, None);
        Ok(())
    }

    /// Whether a webhook is to be registered from now on. One that was, is forgotten when not, and made again when
    /// it was lost.
    pub async fn want_hook(
        &self,
        project: &ProjectName,
        wanted: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE remotes SET hook_wanted = $2, hook_error = NULL, hook_failures = 0, hook_due_at = $3,
               hook_id = CASE WHEN $2 = 0 OR hook_lost IS NOT NULL THEN NULL ELSE hook_id END,
               hook_lost = NULL, hook_check_error = NULL, hook_check_failures = 0, hook_check_at = $3
             WHERE project = $1",
        )
        .bind(project.as_str())
        .bind(i64::from(wanted))
        .bind(now.0)
        .execute(self.db.pool())
        .await?;
        self.remote_changed(project);
        Ok(())
    }
}

pub(super) fn hook_state(row: &SqliteRow) -> Result<HookState, StoreError> {
    Ok(HookState {
        wanted: flag(row, "hook_wanted")?,
        id: row.try_get("hook_id")?,
        failures: count(row, "hook_failures")?,
        error: row.try_get("hook_error")?,
        seen_at: row
            .try_get::<Option<i64>, _>("hook_seen_at")?
            .map(Timestamp),
        check_failures: count(row, "hook_check_failures")?,
        check_error: row.try_get("hook_check_error")?,
        lost: row.try_get("hook_lost")?,
    })
}
