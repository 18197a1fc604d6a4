use std::time::Duration;

use towpath_model::Timestamp;

use crate::tokens::{hash, random_secret};
use crate::{Store, StoreError};

/// What a browser holds of its session. Only the hash is stored.
///
/// The hash is looked up by the database's index: what the look-up's time could tell is about the hash,
/// which says nothing about a secret of 256 random bits.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionSecret(String);

impl SessionSecret {
    /// What a cookie says; any text, right or wrong.
    pub fn from_cookie(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// For the cookie, and nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionSecret(***)")
    }
}

impl Store {
    /// Begins a session and removes those that have expired.
    pub async fn start_session(
        &self,
        now: Timestamp,
        lifetime: Duration,
    ) -> Result<SessionSecret, StoreError> {
        let secret = SessionSecret(random_secret());
        let mut tx = self.db.write().await?;
        sqlx::query("DELETE FROM sessions WHERE expires_at <= $1")
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        sqlx::query("INSERT INTO sessions (hash, created_at, expires_at) VALUES ($1, $2, $3)")
            .bind(hash(&secret.0))
            .bind(now.0)
            .bind(now.plus(lifetime).0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(secret)
    }

    /// Whether there is such a session that has not expired.
    pub async fn session_is_valid(
        &self,
        secret: &SessionSecret,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT 1 FROM sessions WHERE hash = $1 AND expires_at > $2")
            .bind(hash(&secret.0))
            .bind(now.0)
            .fetch_optional(self.db.pool())
            .await?;
        Ok(row.is_some())
    }

    /// Logs out. A session that is not there is fine.
    pub async fn end_session(&self, secret: &SessionSecret) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sessions WHERE hash = $1")
            .bind(hash(&secret.0))
            .execute(self.db.pool())
            .await?;
        Ok(())
    }
}
