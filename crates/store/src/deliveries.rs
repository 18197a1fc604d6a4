use std::time::Duration;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};
use towpath_model::{ProjectName, Provider, RepositoryKey, Timestamp};

use crate::db::{parse, parse_optional};
use crate::{Store, StoreError};

/// How many refused deliveries are remembered.
const REFUSED: i64 = 1000;

/// What a git host sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDelivery {
    pub id: i64,
    pub received_at: Timestamp,
    pub provider: Provider,
    /// Where it was sent to.
    pub path: String,
    pub project: Option<ProjectName>,
    pub repository: Option<RepositoryKey>,
    /// The repository's default branch, as the payload said it.
    pub branch: Option<String>,
    pub event: String,
    pub state: DeliveryState,
    /// What moved, or why nothing is done about it.
    pub reason: String,
    /// Of the whole body, in bytes.
    pub size: u64,
    /// The body's beginning; lists leave it out.
    pub body: Option<String>,
    pub handled_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// The remote is still to be looked at.
    Pending,
    Done,
    /// Nothing was to be done.
    Ignored,
    /// Given up.
    Failed,
    /// Not let in.
    Refused,
}

impl DeliveryState {
    const ALL: [Self; 5] = [
        Self::Pending,
        Self::Done,
        Self::Ignored,
        Self::Failed,
        Self::Refused,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Ignored => "ignored",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }
}

impl std::str::FromStr for DeliveryState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| format!("{text:?} is no state of a delivery"))
    }
}

/// A delivery that was let in.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// Provider, whom it is for, and the sender's id.
    pub key: String,
    pub provider: Provider,
    pub path: String,
    pub project: Option<ProjectName>,
    pub repository: Option<RepositoryKey>,
    pub branch: Option<String>,
    pub event: String,
    /// `Pending` or `Ignored`.
    pub state: DeliveryState,
    pub reason: String,
    pub size: u64,
    pub body: String,
    pub received_at: Timestamp,
}

/// The row of a delivery that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub id: i64,
    /// False when it had been sent before.
    pub new: bool,
}

/// A delivery that was not let in: only the fact.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub provider: Provider,
    pub path: String,
    pub reason: String,
    pub size: u64,
    pub received_at: Timestamp,
}

/// A page of deliveries, newest first.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    pub project: Option<ProjectName>,
    /// Only those below this id.
    pub before: Option<i64>,
    pub state: Option<DeliveryState>,
    pub limit: u32,
}

impl Store {
    /// Writes a delivery down, once however often it is sent. Deliveries that come at the same time share
    /// one transaction, and with it one fsync.
    pub async fn record_delivery(&self, new: NewDelivery) -> Result<Recorded, StoreError> {
        self.inbox.record(self, new).await
    }

    /// All or none.
    pub(crate) async fn insert_deliveries(
        &self,
        deliveries: &[NewDelivery],
    ) -> Result<Vec<Recorded>, StoreError> {
        let mut tx = self.db.write().await?;
        let mut recorded = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            recorded.push(insert(&mut tx, delivery).await?);
        }
        tx.commit().await?;
        if deliveries
            .iter()
            .any(|new| new.state == DeliveryState::Pending)
        {
            self.signals.notify_remotes();
        }
        for project in deliveries.iter().filter_map(|new| new.project.as_ref()) {
            self.signals.notify_change(project, None);
        }
        Ok(recorded)
    }

    /// Remembers that a delivery was refused; the oldest of many are forgotten.
    pub async fn record_refusal(&self, refusal: &Refusal) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        sqlx::query(
            "INSERT INTO deliveries (received_at, provider, path, event, state, reason, size, handled_at)
             VALUES ($1, $2, $3, '', 'refused', $4, $5, $1)",
        )
        .bind(refusal.received_at.0)
        .bind(refusal.provider.as_str())
        .bind(&refusal.path)
        .bind(&refusal.reason)
        .bind(i64::try_from(refusal.size).unwrap_or(i64::MAX))
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "DELETE FROM deliveries WHERE state = 'refused' AND id <=
               (SELECT id FROM deliveries WHERE state = 'refused' ORDER BY id DESC LIMIT 1 OFFSET $1)",
        )
        .bind(REFUSED)
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    pub async fn delivery(&self, id: i64) -> Result<Option<StoredDelivery>, StoreError> {
        sqlx::query("SELECT * FROM deliveries WHERE id = $1")
            .bind(id)
            .fetch_optional(self.db.pool())
            .await?
            .as_ref()
            .map(from_row)
            .transpose()
    }

    /// Without their bodies.
    pub async fn deliveries(
        &self,
        filter: &DeliveryFilter,
    ) -> Result<Vec<StoredDelivery>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, received_at, provider, path, project, repository, branch, event, state, reason,
               size, NULL AS body, handled_at
             FROM deliveries
             WHERE id < $1 AND ($2 = '' OR project = $2) AND ($3 = '' OR state = $3)
             ORDER BY id DESC LIMIT $4",
        )
        .bind(filter.before.unwrap_or(i64::MAX))
        .bind(filter.project.as_ref().map_or("", ProjectName::as_str))
        .bind(filter.state.map_or("", DeliveryState::as_str))
        .bind(i64::from(filter.limit))
        .fetch_all(self.db.pool())
        .await?;
        rows.iter().map(from_row).collect()
    }

    /// Does a delivery again. False when there is none of this id that was let in.
    pub async fn replay_delivery(&self, id: i64, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let replayed = sqlx::query(
            "UPDATE deliveries SET state = 'pending', handled_at = NULL
             WHERE id = $1 AND state <> 'refused' RETURNING project",
        )
        .bind(id)
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(project) = &replayed {
            let project: Option<String> = project.try_get("project")?;
            make_due(&mut tx, project.as_deref(), now).await?;
        }
        tx.commit().await?;
        self.signals.notify_remotes();
        Ok(replayed.is_some())
    }

    /// The newest delivery to this project: what a look at the remote that begins now answers.
    pub async fn newest_delivery(&self, project: &ProjectName) -> Result<i64, StoreError> {
        let row =
            sqlx::query("SELECT COALESCE(MAX(id), 0) AS id FROM deliveries WHERE project = $1")
                .bind(project.as_str())
                .fetch_one(self.db.pool())
                .await?;
        Ok(row.try_get("id")?)
    }

    /// Deliveries that wait for their project to be made, oldest first.
    pub async fn homeless_deliveries(&self) -> Result<Vec<StoredDelivery>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM deliveries WHERE state = 'pending' AND project IS NULL ORDER BY id LIMIT 100",
        )
        .fetch_all(self.db.pool())
        .await?;
        rows.iter().map(from_row).collect()
    }

    /// The project that a delivery was for is there now. Its key becomes one of the project, under which the
    /// next of the same id arrives.
    pub async fn assign_delivery(
        &self,
        delivery: &StoredDelivery,
        project: &ProjectName,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let repository = delivery
            .repository
            .as_ref()
            .map_or("", RepositoryKey::as_str);
        let mut tx = self.db.write().await?;
        sqlx::query(
            "UPDATE deliveries SET project = $2, key = REPLACE(key, $3, $4)
             WHERE id = $1 AND NOT EXISTS
               (SELECT 1 FROM deliveries d WHERE d.key = REPLACE(deliveries.key, $3, $4))",
        )
        .bind(delivery.id)
        .bind(project.as_str())
        .bind(format!("/{repository}/"))
        .bind(format!("/{project}/"))
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE deliveries SET project = $2 WHERE id = $1")
            .bind(delivery.id)
            .bind(project.as_str())
            .execute(&mut *tx)
            .await?;
        make_due(&mut tx, Some(project.as_str()), now).await?;
        tx.commit().await?;
        self.signals.notify_remotes();
        Ok(())
    }

    /// Ends a delivery about which nothing more can be done.
    pub async fn end_delivery(
        &self,
        id: i64,
        state: DeliveryState,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE deliveries SET state = $2, reason = $3, handled_at = $4 WHERE id = $1")
            .bind(id)
            .bind(state.as_str())
            .bind(reason)
            .bind(now.0)
            .execute(self.db.pool())
            .await?;
        Ok(())
    }

    /// Forgets deliveries that are older, and of each project all but the newest `keep`; gives up those that
    /// have waited as long.
    pub async fn prune_deliveries(
        &self,
        age: Duration,
        keep: u32,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let oldest = now
            .0
            .saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
        let old = sqlx::query("DELETE FROM deliveries WHERE received_at < $1")
            .bind(oldest)
            .execute(self.db.pool())
            .await?;
        let many = sqlx::query(
            "DELETE FROM deliveries WHERE state <> 'pending' AND project IS NOT NULL AND id <=
               (SELECT d.id FROM deliveries d WHERE d.project = deliveries.project
                ORDER BY d.id DESC LIMIT 1 OFFSET $1)",
        )
        .bind(i64::from(keep))
        .execute(self.db.pool())
        .await?;
        Ok(old.rows_affected() + many.rows_affected())
    }
}

/// Ends the deliveries up to `seen`; true when later ones wait.
pub(crate) async fn answered(
    tx: &mut Transaction<'static, Sqlite>,
    project: &ProjectName,
    seen: i64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    sqlx::query(
        "UPDATE deliveries SET state = 'done', handled_at = $3
         WHERE project = $1 AND state = 'pending' AND id <= $2",
    )
    .bind(project.as_str())
    .bind(seen)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    let waiting =
        sqlx::query("SELECT 1 FROM deliveries WHERE project = $1 AND state = 'pending' LIMIT 1")
            .bind(project.as_str())
            .fetch_optional(&mut **tx)
            .await?;
    Ok(waiting.is_some())
}

async fn insert(
    tx: &mut Transaction<'static, Sqlite>,
    new: &NewDelivery,
) -> Result<Recorded, StoreError> {
    let handled = (new.state != DeliveryState::Pending).then_some(new.received_at.0);
    let inserted = sqlx::query(
        "INSERT INTO deliveries (key, received_at, provider, path, project, repository, branch, event,
           state, reason, size, body, handled_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (key) DO NOTHING RETURNING id",
    )
    .bind(&new.key)
    .bind(new.received_at.0)
    .bind(new.provider.as_str())
    .bind(&new.path)
    .bind(new.project.as_ref().map(ProjectName::as_str))
    .bind(new.repository.as_ref().map(RepositoryKey::as_str))
    .bind(&new.branch)
    .bind(&new.event)
    .bind(new.state.as_str())
    .bind(&new.reason)
    .bind(i64::try_from(new.size).unwrap_or(i64::MAX))
    .bind(&new.body)
    .bind(handled)
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = inserted else {
        return recorded_before(tx, &new.key).await;
    };
    if new.state == DeliveryState::Pending {
        let project = new.project.as_ref().map(ProjectName::as_str);
        make_due(tx, project, new.received_at).await?;
    }
    Ok(Recorded {
        id: row.try_get("id")?,
        new: true,
    })
}

async fn recorded_before(
    tx: &mut Transaction<'static, Sqlite>,
    key: &str,
) -> Result<Recorded, StoreError> {
    let row = sqlx::query("SELECT id FROM deliveries WHERE key = $1")
        .bind(key)
        .fetch_one(&mut **tx)
        .await?;
    Ok(Recorded {
        id: row.try_get("id")?,
        new: false,
    })
}

/// A remote that fails keeps its distance, however many deliveries come.
async fn make_due(
    tx: &mut Transaction<'static, Sqlite>,
    project: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE remotes SET due_at = $2 WHERE project = $1 AND failures = 0 AND due_at > $2",
    )
    .bind(project)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn from_row(row: &SqliteRow) -> Result<StoredDelivery, StoreError> {
    Ok(StoredDelivery {
        id: row.try_get("id")?,
        received_at: Timestamp(row.try_get("received_at")?),
        provider: parse(row, "provider")?,
        path: row.try_get("path")?,
        project: parse_optional(row, "project")?,
        repository: parse_optional(row, "repository")?,
        branch: row.try_get("branch")?,
        event: row.try_get("event")?,
        state: parse(row, "state")?,
        reason: row.try_get("reason")?,
        size: u64::try_from(row.try_get::<i64, _>("size")?).unwrap_or(0),
        body: row.try_get("body")?,
        handled_at: row.try_get::<Option<i64>, _>("handled_at")?.map(Timestamp),
    })
}
