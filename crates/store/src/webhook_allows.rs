use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use towpath_model::{ClusterName, Namespace, Provider, Timestamp, TopicArn};

use crate::db::{parse, parse_optional};
use crate::{RemoteSecrets, Secret, Store, StoreError};

/// Repositories that may make projects of themselves by their first push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookAllow {
    pub provider: Provider,
    /// As `towpath_forge::AllowPattern` reads it.
    pub pattern: String,
    /// Of the projects; none is the repository's default branch.
    pub branch: Option<String>,
    /// Where the projects are deployed.
    pub cluster: ClusterName,
    /// None is one of each project's own name.
    pub namespace: Option<Namespace>,
    pub username: Option<String>,
    /// The SNS topic whose signed messages alone are taken.
    pub sns_topic: Option<TopicArn>,
    pub created_at: Timestamp,
}

/// A pattern to add, or to replace.
#[derive(Clone, Debug)]
pub struct NewWebhookAllow {
    pub provider: Provider,
    pub pattern: String,
    pub branch: Option<String>,
    pub cluster: ClusterName,
    pub namespace: Option<Namespace>,
    pub username: Option<String>,
    pub sns_topic: Option<TopicArn>,
    /// What the projects' remotes get.
    pub secrets: RemoteSecrets,
}

impl Store {
    pub async fn allow_webhook(
        &self,
        new: &NewWebhookAllow,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let context = allow_context(new.provider, &new.pattern);
        let secrets = self.seal_secrets(&context, &new.secrets)?;
        sqlx::query(
            "INSERT INTO webhook_allows
               (provider, pattern, branch, cluster, namespace, username, secrets, created_at, sns_topic)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (provider, pattern) DO UPDATE
             SET branch = excluded.branch, cluster = excluded.cluster,
                 namespace = excluded.namespace, username = excluded.username,
                 secrets = excluded.secrets, sns_topic = excluded.sns_topic",
        )
        .bind(new.provider.as_str())
        .bind(&new.pattern)
        .bind(&new.branch)
        .bind(new.cluster.as_str())
        .bind(new.namespace.as_ref().map(Namespace::as_str))
        .bind(&new.username)
        .bind(secrets)
        .bind(now.0)
        .bind(new.sns_topic.as_ref().map(TopicArn::as_str))
        .execute(self.db.pool())
        .await?;
        Ok(())
    }

    /// False when there is no such pattern. Projects that came of it stay.
    pub async fn disallow_webhook(
        &self,
        provider: Provider,
        pattern: &str,
    ) -> Result<bool, StoreError> {
        let removed =
            sqlx::query("DELETE FROM webhook_allows WHERE provider = $1 AND pattern = $2")
                .bind(provider.as_str())
                .bind(pattern)
                .execute(self.db.pool())
                .await?;
        Ok(removed.rows_affected() == 1)
    }

    pub async fn webhook_allows(&self) -> Result<Vec<WebhookAllow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM webhook_allows ORDER BY provider, pattern")
            .fetch_all(self.db.pool())
            .await?;
        rows.iter().map(from_row).collect()
    }

    /// What the remotes of a pattern's projects get.
    pub async fn webhook_allow_secrets(
        &self,
        allow: &WebhookAllow,
    ) -> Result<RemoteSecrets, StoreError> {
        let row =
            sqlx::query("SELECT secrets FROM webhook_allows WHERE provider = $1 AND pattern = $2")
                .bind(allow.provider.as_str())
                .bind(&allow.pattern)
                .fetch_optional(self.db.pool())
                .await?;
        match row {
            Some(row) => {
                let sealed: String = row.try_get("secrets")?;
                self.unseal_secrets(&allow_context(allow.provider, &allow.pattern), &sealed)
            }
            None => Ok(RemoteSecrets::default()),
        }
    }

    /// What `/webhooks/<provider>` is signed with; none when that is not open.
    pub async fn organisation_secret(
        &self,
        provider: Provider,
    ) -> Result<Option<Secret>, StoreError> {
        let row = sqlx::query("SELECT secret FROM webhook_secrets WHERE provider = $1")
            .bind(provider.as_str())
            .fetch_optional(self.db.pool())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let sealed = BASE64_STANDARD
            .decode(row.try_get::<String, _>("secret")?)
            .map_err(|error| StoreError::corrupt("a webhook's secret", error))?;
        self.unseal(&secret_context(provider), &sealed).map(Some)
    }

    pub async fn set_organisation_secret(
        &self,
        provider: Provider,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sealed = self.seal(&secret_context(provider), secret.expose())?;
        sqlx::query(
            "INSERT INTO webhook_secrets (provider, secret, created_at) VALUES ($1, $2, $3)
             ON CONFLICT (provider) DO UPDATE
             SET secret = excluded.secret, created_at = excluded.created_at",
        )
        .bind(provider.as_str())
        .bind(BASE64_STANDARD.encode(sealed))
        .bind(now.0)
        .execute(self.db.pool())
        .await?;
        Ok(())
    }
}

fn secret_context(provider: Provider) -> String {
    format!("webhook/{provider}")
}

fn allow_context(provider: Provider, pattern: &str) -> String {
    format!("webhook/{provider}/{pattern}")
}

fn from_row(row: &SqliteRow) -> Result<WebhookAllow, StoreError> {
    Ok(WebhookAllow {
        provider: parse(row, "provider")?,
        pattern: row.try_get("pattern")?,
        branch: row.try_get("branch")?,
        cluster: parse(row, "cluster")?,
        namespace: parse_optional(row, "namespace")?,
        username: row.try_get("username")?,
        sns_topic: parse_optional(row, "sns_topic")?,
        created_at: Timestamp(row.try_get("created_at")?),
    })
}
