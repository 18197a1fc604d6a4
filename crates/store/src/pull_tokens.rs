use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sqlx::Row;
use towpath_model::{ClusterName, Namespace, ProjectName, Timestamp};

use crate::db::parse;
use crate::sealed::Secret;
use crate::tokens::{hash, random_secret};
use crate::{Store, StoreError};

/// A deployment after this long gets a new one.
const LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);
/// Lets people and secret scanners see what it is.
const PREFIX: &str = "towpath_pull_";

/// Where a pull token is used: one project's images, pulled into one namespace of one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullScope {
    pub project: ProjectName,
    pub cluster: ClusterName,
    pub namespace: Namespace,
}

impl Store {
    /// The token with which this namespace pulls the project's images: it reads that one image repository
    /// and nothing else. A new one is made when there is none, when it is older than 30 days, and when its
    /// sealed form does not open any more. Older ones stay valid until [`Store::remove_old_pull_tokens`].
    pub async fn pull_token(
        &self,
        scope: &PullScope,
        now: Timestamp,
    ) -> Result<Secret, StoreError> {
        let rows = sqlx::query(
            "SELECT token, created_at FROM pull_tokens
             WHERE project = $1 AND cluster = $2 AND namespace = $3 ORDER BY created_at DESC",
        )
        .bind(scope.project.as_str())
        .bind(scope.cluster.as_str())
        .bind(scope.namespace.as_str())
        .fetch_all(self.db.pool())
        .await?;
        for row in rows {
            let age = now.since(Timestamp(row.try_get("created_at")?));
            match self.opened(scope, row.try_get("token")?) {
                Err(StoreError::WrongSecretKey { .. }) => {}
                Ok(_) if age >= LIFETIME => {}
                opened => return opened,
            }
        }
        self.make_pull_token(scope, now).await
    }

    /// Ends all tokens of the scope but this one: once the namespace has it.
    pub async fn remove_old_pull_tokens(
        &self,
        scope: &PullScope,
        token: &Secret,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM pull_tokens
             WHERE project = $1 AND cluster = $2 AND namespace = $3 AND hash <> $4",
        )
        .bind(scope.project.as_str())
        .bind(scope.cluster.as_str())
        .bind(scope.namespace.as_str())
        .bind(hash(token.expose_str()?))
        .execute(self.db.pool())
        .await?;
        Ok(())
    }

    /// Whose images this token may pull; none when it is no pull token. As with sessions, what a look-up
    /// by hash takes says nothing about the token.
    pub async fn pull_token_project(&self, token: &str) -> Result<Option<ProjectName>, StoreError> {
        if !token.starts_with(PREFIX) {
            return Ok(None);
        }
        let row = sqlx::query("SELECT project FROM pull_tokens WHERE hash = $1")
            .bind(hash(token))
            .fetch_optional(self.db.pool())
            .await?;
        row.map(|row| parse(&row, "project")).transpose()
    }

    async fn make_pull_token(
        &self,
        scope: &PullScope,
        now: Timestamp,
    ) -> Result<Secret, StoreError> {
        let token = format!("{PREFIX}{}", random_secret());
        let sealed = self.seal(&context(scope), token.as_bytes())?;
        sqlx::query(
            "INSERT INTO pull_tokens (hash, project, cluster, namespace, token, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(hash(&token))
        .bind(scope.project.as_str())
        .bind(scope.cluster.as_str())
        .bind(scope.namespace.as_str())
        .bind(BASE64_STANDARD.encode(sealed))
        .bind(now.0)
        .execute(self.db.pool())
        .await?;
        Ok(Secret::from(token))
    }

    fn opened(&self, scope: &PullScope, sealed: &str) -> Result<Secret, StoreError> {
        let sealed = BASE64_STANDARD.decode(sealed);
        let sealed = sealed.map_err(|error| StoreError::corrupt("a pull token", error))?;
        self.unseal(&context(scope), &sealed)
    }
}

fn context(scope: &PullScope) -> String {
    let PullScope {
        project,
        cluster,
        namespace,
    } = scope;
    format!("pull token of {project} for {cluster}/{namespace}")
}
