use std::collections::BTreeMap;

use sqlx::{Row, Sqlite, Transaction};
use towpath_model::{CommitId, Event, ProjectName, RefName, RefUpdated, Timestamp};

use crate::db::{parse, parse_optional};
use crate::events::insert_event;
use crate::{Store, StoreError};

struct SeenRef {
    commit: Option<CommitId>,
    generation: i64,
}

impl Store {
    /// Compares a repository's refs as they are with what we last saw and, in one transaction, writes an
    /// event and the new row for each that moved. The one door for pushes and for the tick.
    pub async fn observe_refs(
        &self,
        project: &ProjectName,
        current: &BTreeMap<RefName, CommitId>,
        now: Timestamp,
    ) -> Result<Vec<RefUpdated>, StoreError> {
        let mut tx = self.db.write().await?;
        let seen = seen_refs(&mut tx, project).await?;
        let moved = moved_refs(project, &seen, current);
        for update in &moved {
            upsert_ref(&mut tx, update, now).await?;
            insert_event(&mut tx, &Event::RefUpdated(update.clone()), now).await?;
        }
        tx.commit().await?;
        if !moved.is_empty() {
            self.signals.notify_work();
            self.signals.notify_change(project, None);
        }
        Ok(moved)
    }

    /// The branches that a project's repository had when it was looked at last, by name.
    pub async fn branches(&self, project: &ProjectName) -> Result<Vec<RefName>, StoreError> {
        let rows = sqlx::query(
            "SELECT name FROM refs WHERE project = $1 AND commit_id IS NOT NULL
               AND name LIKE 'refs/heads/%' ORDER BY name",
        )
        .bind(project.as_str())
        .fetch_all(self.db.pool())
        .await?;
        rows.iter().map(|row| parse(row, "name")).collect()
    }
}

async fn seen_refs(
    tx: &mut Transaction<'static, Sqlite>,
    project: &ProjectName,
) -> Result<BTreeMap<RefName, SeenRef>, StoreError> {
    let rows = sqlx::query("SELECT name, commit_id, generation FROM refs WHERE project = $1")
        .bind(project.as_str())
        .fetch_all(&mut **tx)
        .await?;
    rows.iter()
        .map(|row| {
            let seen = SeenRef {
                commit: parse_optional(row, "commit_id")?,
                generation: row.try_get("generation")?,
            };
            Ok((parse(row, "name")?, seen))
        })
        .collect()
}

fn moved_refs(
    project: &ProjectName,
    seen: &BTreeMap<RefName, SeenRef>,
    current: &BTreeMap<RefName, CommitId>,
) -> Vec<RefUpdated> {
    let names: std::collections::BTreeSet<&RefName> = seen.keys().chain(current.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| {
            let old = seen.get(name).and_then(|seen| seen.commit.clone());
            let new = current.get(name).cloned();
            (old != new).then(|| RefUpdated {
                project: project.clone(),
                ref_name: name.clone(),
                generation: seen.get(name).map_or(0, |seen| seen.generation) + 1,
                old,
                new,
            })
        })
        .collect()
}

async fn upsert_ref(
    tx: &mut Transaction<'static, Sqlite>,
    update: &RefUpdated,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO refs (project, name, commit_id, generation, updated_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (project, name) DO UPDATE
         SET commit_id = excluded.commit_id, generation = excluded.generation,
             updated_at = excluded.updated_at",
    )
    .bind(update.project.as_str())
    .bind(update.ref_name.as_str())
    .bind(update.new.as_ref().map(CommitId::as_str))
    .bind(update.generation)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
