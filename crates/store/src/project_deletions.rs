use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};
use towpath_model::{ProjectName, Timestamp};

use crate::db::parse;
use crate::{Store, StoreError, left_apps, pull_tokens};

/// A project that is being deleted: nothing starts in it any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectDeletion {
    pub project: ProjectName,
    /// What it has in its cluster stays there, and with it the images and what they are pulled with.
    pub leave_app: bool,
    pub requested_at: Timestamp,
    pub failures: u32,
    /// Why it does not go on; tried again.
    pub error: Option<String>,
}

/// The project, and what names it without a foreign key. The counts of its applies stay and go on counting:
/// a deployment of another project of this name is newer than any of this one.
const WITH_PROJECT: [&str; 2] = [
    "DELETE FROM kubernetes_inventory WHERE project = $1",
    "DELETE FROM projects WHERE name = $1",
];

/// A repository beneath the project's is another one. An app that an earlier project of this name has left goes on
/// pulling.
const IMAGES: [&str; 2] = [
    "DELETE FROM manifests WHERE repository = $1
     AND NOT EXISTS (SELECT 1 FROM left_apps WHERE project = $1)",
    "DELETE FROM repository_blobs WHERE repository = $1
     AND NOT EXISTS (SELECT 1 FROM left_apps WHERE project = $1)",
];

impl Store {
    /// Marks a project as being deleted: from here on no execution of it begins. Asking again goes on at
    /// once, and may leave the app behind after all. False when there is no such project.
    pub async fn request_deletion(
        &self,
        project: &ProjectName,
        leave_app: bool,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let marked = sqlx::query(
            "INSERT INTO project_deletions (project, leave_app, requested_at, due_at)
             SELECT name, $2, $3, $3 FROM projects WHERE name = $1
             ON CONFLICT (project) DO UPDATE
             SET leave_app = MAX(project_deletions.leave_app, excluded.leave_app),
                 due_at = excluded.due_at, failures = 0, error = NULL",
        )
        .bind(project.as_str())
        .bind(i64::from(leave_app))
        .bind(now.0)
        .execute(self.db.pool())
        .await?;
        self.signals.notify_deletions();
        self.signals.notify_change(project, None);
        Ok(marked.rows_affected() > 0)
    }

    /// None when the project is not being deleted.
    pub async fn project_deletion(
        &self,
        project: &ProjectName,
    ) -> Result<Option<ProjectDeletion>, StoreError> {
        sqlx::query("SELECT * FROM project_deletions WHERE project = $1")
            .bind(project.as_str())
            .fetch_optional(self.db.pool())
            .await?
            .as_ref()
            .map(from_row)
            .transpose()
    }

    /// The deletions that are to be gone on with now.
    pub async fn due_deletions(&self, now: Timestamp) -> Result<Vec<ProjectDeletion>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM project_deletions WHERE due_at <= $1 ORDER BY requested_at")
                .bind(now.0)
                .fetch_all(self.db.pool())
                .await?;
        rows.iter().map(from_row).collect()
    }

    /// The deletion did not go on, for this reason, and is tried again at `next`, unless somebody asked meanwhile.
    pub async fn postpone_deletion(
        &self,
        deletion: &ProjectDeletion,
        error: &str,
        next: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE project_deletions SET error = $2, due_at = $3, failures = failures + 1
             WHERE project = $1 AND failures = $4 AND leave_app = $5",
        )
        .bind(deletion.project.as_str())
        .bind(error)
        .bind(next.0)
        .bind(i64::from(deletion.failures))
        .bind(i64::from(deletion.leave_app))
        .execute(self.db.pool())
        .await?;
        self.signals.notify_change(&deletion.project, None);
        Ok(())
    }

    /// Removes the project's row and all that hangs on it, in one transaction: the deletion's last step.
    /// False when an execution of it still runs. Another project may have its name at once.
    pub async fn finish_deletion(&self, deletion: &ProjectDeletion) -> Result<bool, StoreError> {
        let project = &deletion.project;
        let mut tx = self.db.write().await?;
        if runs(&mut tx, project).await? {
            return Ok(false);
        }
        match deletion.leave_app {
            true => left_apps::leave(&mut tx, project, deletion.requested_at).await?,
            false => remove_app(&mut tx, project).await?,
        }
        run_all(&mut tx, &WITH_PROJECT, project).await?;
        pull_tokens::remove_idle(&mut tx).await?;
        tx.commit().await?;
        self.signals.notify_change(project, None);
        Ok(true)
    }
}

/// What `local` was to run of it, and its images.
async fn remove_app(
    tx: &mut Transaction<'static, Sqlite>,
    project: &ProjectName,
) -> Result<(), StoreError> {
    let objects = ["DELETE FROM cluster_objects WHERE project = $1"];
    run_all(tx, &objects, project).await?;
    remove_images(tx, project).await
}

/// Unless an app of that name was left somewhere.
pub(crate) async fn remove_images(
    tx: &mut Transaction<'static, Sqlite>,
    project: &ProjectName,
) -> Result<(), StoreError> {
    run_all(tx, &IMAGES, project).await
}

async fn run_all(
    tx: &mut Transaction<'static, Sqlite>,
    statements: &[&'static str],
    project: &ProjectName,
) -> Result<(), StoreError> {
    for statement in statements {
        sqlx::query(*statement)
            .bind(project.as_str())
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

pub(crate) async fn is_being_deleted(
    tx: &mut Transaction<'static, Sqlite>,
    project: &ProjectName,
) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT 1 FROM project_deletions WHERE project = $1")
        .bind(project.as_str())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.is_some())
}

async fn runs(
    tx: &mut Transaction<'static, Sqlite>,
    project: &ProjectName,
) -> Result<bool, StoreError> {
    let row =
        sqlx::query("SELECT 1 FROM executions WHERE project = $1 AND finished_at IS NULL LIMIT 1")
            .bind(project.as_str())
            .fetch_optional(&mut **tx)
            .await?;
    Ok(row.is_some())
}

fn from_row(row: &SqliteRow) -> Result<ProjectDeletion, StoreError> {
    Ok(ProjectDeletion {
        project: parse(row, "project")?,
        leave_app: row.try_get::<i64, _>("leave_app")? != 0,
        requested_at: Timestamp(row.try_get("requested_at")?),
        failures: u32::try_from(row.try_get::<i64, _>("failures")?).unwrap_or(u32::MAX),
        error: row.try_get("error")?,
    })
}
