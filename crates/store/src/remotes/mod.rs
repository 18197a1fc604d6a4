//! Remotes: where projects' repositories live when they are not ours.

mod hooks;
mod secrets;

use std::time::Duration;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};
use towpath_model::{
    Project, ProjectName, Provider, RemoteUrl, RepositoryKey, Timestamp, TopicArn,
};

use crate::db::{parse, parse_optional};
use crate::projects::insert_project;
use crate::told_statuses::tell_again;
use crate::{Secret, Store, StoreError};
use hooks::hook_state;
pub use hooks::{HookCheck, HookState};
pub use secrets::{Credential, CredentialKind, RemoteSecrets, new_webhook_secret};

/// Where a project's repository lives when it is not ours, and how things stand with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    pub project: ProjectName,
    pub url: RemoteUrl,
    pub provider: Provider,
    /// For the token; the URL's or the provider's own when there is none.
    pub username: Option<String>,
    pub credential: CredentialKind,
    /// The SSH hosts that are trusted, as ssh's file has them.
    pub known_hosts: Option<String>,
    /// The git host's API may be used.
    pub has_api_token: bool,
    pub poll: Option<Duration>,
    /// When it is looked at next.
    pub due_at: Timestamp,
    /// Fetches that failed since the last that did not.
    pub failures: u32,
    /// Why the last fetch failed.
    pub error: Option<String>,
    pub fetched_at: Option<Timestamp>,
    pub hook: HookState,
    /// The SNS topic whose signed messages alone are taken.
    pub sns_topic: Option<TopicArn>,
}

/// A remote to add, or to replace.
#[derive(Clone, Debug)]
pub struct NewRemote {
    pub url: RemoteUrl,
    pub provider: Provider,
    pub username: Option<String>,
    pub known_hosts: Option<String>,
    pub poll: Option<Duration>,
    /// Register a webhook at the git host.
    pub hook_wanted: bool,
    pub sns_topic: Option<TopicArn>,
    pub secrets: RemoteSecrets,
}

/// How a look at a remote ended.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The newest delivery that there was when it began: this and all before it are answered by it.
    pub seen: i64,
    /// Why not.
    pub error: Option<String>,
    /// The SSH hosts as known now, when they were not before.
    pub known_hosts: Option<String>,
    /// When to look again, unless a delivery came meanwhile.
    pub next: Timestamp,
}

impl Store {
    /// Adds a project whose repository lives elsewhere, in one transaction: it never takes pushes of its own.
    pub async fn create_project_with_remote(
        &self,
        project: &Project,
        remote: &NewRemote,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        insert_project(&mut tx, project).await?;
        self.upsert_remote(&mut tx, &project.name, remote, now)
            .await?;
        tx.commit().await?;
        self.remote_changed(&project.name);
        Ok(())
    }

    /// Gives a project a remote, or another one. It is looked at at once.
    pub async fn set_remote(
        &self,
        project: &ProjectName,
        remote: &NewRemote,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        self.upsert_remote(&mut tx, project, remote, now).await?;
        tx.commit().await?;
        self.remote_changed(project);
        Ok(())
    }

    pub async fn remote(&self, project: &ProjectName) -> Result<Option<Remote>, StoreError> {
        sqlx::query("SELECT * FROM remotes WHERE project = $1")
            .bind(project.as_str())
            .fetch_optional(self.db.pool())
            .await?
            .as_ref()
            .map(from_row)
            .transpose()
    }

    /// What [`Remote`] leaves out; none when the project has no remote.
    pub async fn remote_secrets(
        &self,
        project: &ProjectName,
    ) -> Result<Option<RemoteSecrets>, StoreError> {
        let row = sqlx::query("SELECT secrets FROM remotes WHERE project = $1")
            .bind(project.as_str())
            .fetch_optional(self.db.pool())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let sealed: String = row.try_get("secrets")?;
        self.unseal_secrets(&context(project), &sealed).map(Some)
    }

    /// [`Store::remote`] and [`Store::remote_secrets`] at once: each webhook asks for both.
    pub async fn remote_and_secrets(
        &self,
        project: &ProjectName,
    ) -> Result<Option<(Remote, RemoteSecrets)>, StoreError> {
        let row = sqlx::query("SELECT * FROM remotes WHERE project = $1")
            .bind(project.as_str())
            .fetch_optional(self.db.pool())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let sealed: String = row.try_get("secrets")?;
        let secrets = self.unseal_secrets(&context(project), &sealed)?;
        Ok(Some((from_row(&row)?, secrets)))
    }

    /// Replaces what webhooks of this project are signed with; one that we registered is registered anew.
    /// False when the project has no remote.
    pub async fn set_webhook_secret(
        &self,
        project: &ProjectName,
        secret: Secret,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(mut secrets) = self.remote_secrets(project).await? else {
            return Ok(false);
        };
        secrets.webhook = Some(secret);
        let sealed = self.seal_secrets(&context(project), &secrets)?;
        sqlx::query(
            "UPDATE remotes SET secrets = $2, hook_failures = 0, hook_due_at = $3,
               hook_error = CASE WHEN hook_id IS NULL THEN hook_error ELSE 'the secret was replaced' END
             WHERE project = $1",
        )
        .bind(project.as_str())
        .bind(sealed)
        .bind(now.0)
        .execute(self.db.pool())
        .await?;
        self.remote_changed(project);
        Ok(true)
    }

    /// The projects that follow this repository.
    pub async fn projects_of_repository(
        &self,
        repository: &RepositoryKey,
    ) -> Result<Vec<ProjectName>, StoreError> {
        let rows =
            sqlx::query("SELECT project FROM remotes WHERE repository = $1 ORDER BY project")
                .bind(repository.as_str())
                .fetch_all(self.db.pool())
                .await?;
        rows.iter().map(|row| parse(row, "project")).collect()
    }

    /// The remotes that are to be looked at now.
    pub async fn due_remotes(&self, now: Timestamp) -> Result<Vec<Remote>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM remotes WHERE due_at <= $1
               AND project NOT IN (SELECT project FROM project_deletions) ORDER BY due_at",
        )
        .bind(now.0)
        .fetch_all(self.db.pool())
        .await?;
        rows.iter().map(from_row).collect()
    }

    /// Writes down how a look at a remote ended, and with that what became of the deliveries that asked for it.
    pub async fn finish_fetch(
        &self,
        project: &ProjectName,
        fetched: &Fetched,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        let waiting = match fetched.error {
            None => crate::deliveries::answered(&mut tx, project, fetched.seen, now).await?,
            Some(_) => false,
        };
        let next = if waiting { now } else { fetched.next };
        sqlx::query(
            "UPDATE remotes SET error = $2, due_at = $3,
               failures = CASE WHEN $2 IS NULL THEN 0 ELSE failures + 1 END,
               fetched_at = CASE WHEN $2 IS NULL THEN $4 ELSE fetched_at END,
               known_hosts = COALESCE($5, known_hosts)
             WHERE project = $1",
        )
        .bind(project.as_str())
        .bind(&fetched.error)
        .bind(next.0)
        .bind(now.0)
        .bind(&fetched.known_hosts)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        self.signals.notify_change(project, None);
        Ok(())
    }

    async fn upsert_remote(
        &self,
        tx: &mut Transaction<'static, Sqlite>,
        project: &ProjectName,
        remote: &NewRemote,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let secrets = self.seal_secrets(&context(project), &remote.secrets)?;
        sqlx::query(
            "INSERT INTO remotes (project, url, repository, provider, username, credential, known_hosts,
               has_api_token, secrets, poll_seconds, due_at, hook_wanted, created_at, sns_topic)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $11, $13)
             ON CONFLICT (project) DO UPDATE
             SET url = excluded.url, repository = excluded.repository, provider = excluded.provider,
                 username = excluded.username, credential = excluded.credential,
                 known_hosts = excluded.known_hosts, has_api_token = excluded.has_api_token,
                 secrets = excluded.secrets, poll_seconds = excluded.poll_seconds,
                 due_at = excluded.due_at, failures = 0, error = NULL,
                 hook_wanted = excluded.hook_wanted, hook_failures = 0, hook_error = NULL,
                 hook_due_at = excluded.due_at, hook_check_at = excluded.due_at,
                 hook_check_failures = 0, hook_check_error = NULL, sns_topic = excluded.sns_topic,
                 hook_lost = CASE WHEN remotes.repository = excluded.repository
                                  THEN remotes.hook_lost ELSE NULL END,
                 hook_id = CASE WHEN remotes.repository = excluded.repository
                                THEN remotes.hook_id ELSE NULL END",
        )
        .bind(project.as_str())
        .bind(remote.url.as_str())
        .bind(remote.url.repository().as_str())
        .bind(remote.provider.as_str())
        .bind(&remote.username)
        .bind(remote.secrets.credential.kind().as_str())
        .bind(&remote.known_hosts)
        .bind(i64::from(remote.secrets.api_token.is_some()))
        .bind(secrets)
        .bind(seconds(remote.poll))
        .bind(now.0)
        .bind(i64::from(remote.hook_wanted))
        .bind(remote.sns_topic.as_ref().map(TopicArn::as_str))
        .execute(&mut **tx)
        .await?;
        // Another token may be good for what the last one was not.
        tell_again(tx, project).await
    }

    fn remote_changed(&self, project: &ProjectName) {
        self.signals.notify_remotes();
        self.signals.notify_change(project, None);
    }
}

fn context(project: &ProjectName) -> String {
    format!("remote/{project}")
}

fn seconds(poll: Option<Duration>) -> i64 {
    poll.map_or(0, |poll| i64::try_from(poll.as_secs()).unwrap_or(i64::MAX))
}

fn from_row(row: &SqliteRow) -> Result<Remote, StoreError> {
    let poll = u64::try_from(row.try_get::<i64, _>("poll_seconds")?).unwrap_or(0);
    Ok(Remote {
        project: parse(row, "project")?,
        url: parse(row, "url")?,
        provider: parse(row, "provider")?,
        username: row.try_get("username")?,
        credential: parse(row, "credential")?,
        known_hosts: row.try_get("known_hosts")?,
        has_api_token: flag(row, "has_api_token")?,
        poll: Some(Duration::from_secs(poll)).filter(|poll| !poll.is_zero()),
        due_at: Timestamp(row.try_get("due_at")?),
        failures: count(row, "failures")?,
        error: row.try_get("error")?,
        fetched_at: row.try_get::<Option<i64>, _>("fetched_at")?.map(Timestamp),
        hook: hook_state(row)?,
        sns_topic: parse_optional(row, "sns_topic")?,
    })
}

fn count(row: &SqliteRow, column: &'static str) -> Result<u32, StoreError> {
    Ok(u32::try_from(row.try_get::<i64, _>(column)?).unwrap_or(u32::MAX))
}

fn flag(row: &SqliteRow, column: &'static str) -> Result<bool, StoreError> {
    Ok(row.try_get::<i64, _>(column)? != 0)
}
