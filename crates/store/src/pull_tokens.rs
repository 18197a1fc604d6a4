use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, Transaction};
use towpath_model::{ClusterName, Namespace, ProjectName, Timestamp};

use crate::db::parse;
use crate::sealed::Secret;
use crate::tokens::{hash, random_secret};
use crate::{Store, StoreError};

/// Whoever asks after this long gets a new one.
const LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);
/// How the secret is named that holds a project's token in a namespace: several may share one.
const SECRET_PREFIX: &str = "towpath-pull-";
/// Lets people and secret scanners see what it is.
const PREFIX: &str = "towpath_pull_";

/// Where a pull token is used: one project's images, pulled into one namespace of one cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PullScope {
    pub project: ProjectName,
    pub cluster: ClusterName,
    pub namespace: Namespace,
}

/// What pods that were deployed pull with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployedPull {
    pub scope: PullScope,
    /// When the newest of its tokens was made.
    pub made_at: Timestamp,
    /// There are older ones: the namespace may not have the newest yet.
    pub has_older: bool,
}

impl PullScope {
    /// The secret with which pods pull the images of `project`, by name.
    pub fn secret_name(project: &ProjectName) -> String {
        format!("{SECRET_PREFIX}{project}")
    }
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
        self.pull_token_younger_than(LIFETIME, scope, now).await
    }

    /// The same, for whoever renews it before others have to.
    pub async fn pull_token_younger_than(
        &self,
        lifetime: Duration,
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
                Ok(_) if age >= lifetime => {}
                opened => return opened,
            }
        }
        self.make_pull_token(scope, now).await
    }

    /// Ends the tokens of the scope that are older than this one: once the namespace has it, in the place also of
    /// what an earlier project of this name has left there. One that somebody has made meanwhile stays.
    pub async fn remove_old_pull_tokens(
        &self,
        scope: &PullScope,
        token: &Secret,
    ) -> Result<(), StoreError> {
        let hash = hash(token.expose_str()?);
        for statement in [
            "DELETE FROM pull_tokens
             WHERE project = $1 AND cluster = $2 AND namespace = $3 AND hash <> $4
               AND created_at <= (SELECT this.created_at FROM pull_tokens AS this WHERE this.hash = $4)",
            "DELETE FROM left_pull_tokens
             WHERE project = $1 AND cluster = $2 AND namespace = $3 AND hash <> $4",
        ] {
            sqlx::query(statement)
                .bind(scope.project.as_str())
                .bind(scope.cluster.as_str())
                .bind(scope.namespace.as_str())
                .bind(&hash)
                .execute(self.db.pool())
                .await?;
        }
        Ok(())
    }

    /// The pull secrets that deployments have put into namespaces, as the inventory tells.
    pub async fn deployed_pulls(&self) -> Result<Vec<DeployedPull>, StoreError> {
        let mut query = QueryBuilder::new(
            "SELECT project, cluster, namespace, MAX(created_at) AS made_at, COUNT(*) AS count
             FROM pull_tokens WHERE ",
        );
        push_is_deployed(&mut query);
        query.push(" GROUP BY project, cluster, namespace ORDER BY project, cluster, namespace");
        let rows = query.build().fetch_all(self.db.pool()).await?;
        rows.iter().map(deployed).collect()
    }

    /// Ends the tokens that nothing pulls with any more: no deployment has put them into their namespace, no
    /// builds run there, and nothing is under way that may just have got one. Gives how many.
    pub async fn remove_idle_pull_tokens(&self) -> Result<u64, StoreError> {
        let mut tx = self.db.write().await?;
        let removed = remove_idle(&mut tx).await?;
        tx.commit().await?;
        Ok(removed)
    }

    /// Whose images this token may pull; none when it is no pull token. As with sessions, what a look-up
    /// by hash takes says nothing about the token.
    pub async fn pull_token_project(&self, token: &str) -> Result<Option<ProjectName>, StoreError> {
        if !token.starts_with(PREFIX) {
            return Ok(None);
        }
        let known = "SELECT project FROM pull_tokens WHERE hash = $1
             UNION ALL SELECT project FROM left_pull_tokens WHERE hash = $1";
        let row = sqlx::query(known)
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

/// See [`Store::remove_idle_pull_tokens`]: also in the transaction that takes the last user away.
pub(crate) async fn remove_idle(tx: &mut Transaction<'static, Sqlite>) -> Result<u64, StoreError> {
    let mut query = QueryBuilder::new("DELETE FROM pull_tokens WHERE NOT ");
    push_is_deployed(&mut query);
    query.push(
        " AND NOT EXISTS (
             SELECT 1 FROM build_places JOIN projects ON projects.name = build_places.project
             WHERE build_places.cluster = pull_tokens.cluster
               AND projects.namespace = pull_tokens.namespace)
          AND NOT EXISTS (
             SELECT 1 FROM executions JOIN projects ON projects.name = executions.project
             WHERE executions.finished_at IS NULL
               AND (projects.name = pull_tokens.project
                 OR projects.namespace = pull_tokens.namespace))",
    );
    Ok(query.build().execute(&mut **tx).await?.rows_affected())
}

/// Whether the inventory has the secret of a row of `pull_tokens`.
pub(crate) fn push_is_deployed(query: &mut QueryBuilder<Sqlite>) {
    query.push(
        "EXISTS (
             SELECT 1 FROM kubernetes_inventory AS had
             WHERE had.cluster = pull_tokens.cluster AND had.project = pull_tokens.project
               AND had.namespace = pull_tokens.namespace
               AND had.api_group = '' AND had.kind = 'Secret' AND had.name = ",
    );
    query.push_bind(SECRET_PREFIX);
    query.push(" || pull_tokens.project)");
}

fn deployed(row: &SqliteRow) -> Result<DeployedPull, StoreError> {
    Ok(DeployedPull {
        scope: PullScope {
            project: parse(row, "project")?,
            cluster: parse(row, "cluster")?,
            namespace: parse(row, "namespace")?,
        },
        made_at: Timestamp(row.try_get("made_at")?),
        has_older: row.try_get::<i64, _>("count")? > 1,
    })
}

fn context(scope: &PullScope) -> String {
    let PullScope {
        project,
        cluster,
        namespace,
    } = scope;
    format!("pull token of {project} for {cluster}/{namespace}")
}
