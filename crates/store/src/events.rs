use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};
use towpath_model::{Event, ProjectName, Timestamp};

use crate::db::{json, to_json};
use crate::{Store, StoreError};

/// An event as it was written.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    pub id: i64,
    pub event: Event,
    pub created_at: Timestamp,
}

impl Store {
    /// Writes an event unless one of its key is there; true when it is new.
    pub async fn record_event(&self, event: &Event, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let new = insert_event(&mut tx, event, now).await?;
        tx.commit().await?;
        if new {
            self.signals.notify_work();
        }
        Ok(new)
    }

    /// Events that no execution has come of yet, oldest first.
    pub async fn unhandled_events(&self) -> Result<Vec<StoredEvent>, StoreError> {
        let rows = sqlx::query("SELECT * FROM events WHERE handled_at IS NULL ORDER BY id")
            .fetch_all(self.db.pool())
            .await?;
        rows.iter().map(from_row).collect()
    }

    /// Whether the project has events that no execution has come of yet.
    pub async fn has_unhandled_events(&self, project: &ProjectName) -> Result<bool, StoreError> {
        let row =
            sqlx::query("SELECT 1 FROM events WHERE project = $1 AND handled_at IS NULL LIMIT 1")
                .bind(project.as_str())
                .fetch_optional(self.db.pool())
                .await?;
        Ok(row.is_some())
    }

    /// Notes that an event starts nothing.
    pub async fn dismiss_event(
        &self,
        event: &StoredEvent,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        mark_handled(&mut tx, event.id, now).await?;
        Ok(tx.commit().await?)
    }
}

pub(crate) async fn insert_event(
    tx: &mut Transaction<'static, Sqlite>,
    event: &Event,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let inserted = sqlx::query(
        "INSERT INTO events (key, project, event, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (key) DO NOTHING",
    )
    .bind(event.key())
    .bind(event.project().as_str())
    .bind(to_json(event)?)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

pub(crate) async fn mark_handled(
    tx: &mut Transaction<'static, Sqlite>,
    event: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE events SET handled_at = $2 WHERE id = $1")
        .bind(event)
        .bind(now.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn from_row(row: &SqliteRow) -> Result<StoredEvent, StoreError> {
    Ok(StoredEvent {
        id: row.try_get("id")?,
        event: json(row, "event")?,
        created_at: Timestamp(row.try_get("created_at")?),
    })
}
