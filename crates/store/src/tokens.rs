use sqlx::{Row, Sqlite, Transaction};
use subtle::ConstantTimeEq;
use towpath_model::{Digest, Timestamp};

use crate::{Store, StoreError};

const ADMIN: &str = "admin";
/// Lets people and secret scanners see what it is.
const PREFIX: &str = "towpath_";

impl Store {
    /// Makes the admin token when there is none yet and gives it, this once: only its hash is kept.
    pub async fn ensure_admin_token(&self, now: Timestamp) -> Result<Option<String>, StoreError> {
        let mut tx = self.db.write().await?;
        let existing = sqlx::query("SELECT 1 FROM tokens WHERE name = $1")
            .bind(ADMIN)
            .fetch_optional(&mut *tx)
            .await?;
        if existing.is_some() {
            return Ok(None);
        }
        let token = set_admin_token(&mut tx, now).await?;
        tx.commit().await?;
        Ok(Some(token))
    }

    /// Puts a new admin token in the old one's place and ends all sessions: for a token that was lost or leaked.
    pub async fn replace_admin_token(&self, now: Timestamp) -> Result<String, StoreError> {
        let mut tx = self.db.write().await?;
        let token = set_admin_token(&mut tx, now).await?;
        sqlx::query("DELETE FROM sessions")
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(token)
    }

    /// Whether this is the admin token. Takes the same time wherever the first wrong byte is.
    pub async fn is_admin_token(&self, token: &str) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT hash FROM tokens WHERE name = $1")
            .bind(ADMIN)
            .fetch_optional(self.db.pool())
            .await?;
        let Some(row) = row else { return Ok(false) };
        let stored: String = row.try_get("hash")?;
        Ok(hash(token).as_bytes().ct_eq(stored.as_bytes()).into())
    }
}

async fn set_admin_token(
    tx: &mut Transaction<'static, Sqlite>,
    now: Timestamp,
) -> Result<String, StoreError> {
    let token = format!("{PREFIX}{}", random_secret());
    sqlx::query(
        "INSERT INTO tokens (name, hash, created_at) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, created_at = excluded.created_at",
    )
    .bind(ADMIN)
    .bind(hash(&token))
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(token)
}

/// 256 random bits in hex. `rand::random` is a cryptographically secure generator seeded by the system.
pub(crate) fn random_secret() -> String {
    let bytes: [u8; 32] = rand::random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A plain sha256 is right for a secret of 256 random bits: nobody can try them all, so a slow hash with
/// salt, as passwords need, would only make every request slow.
pub(crate) fn hash(secret: &str) -> String {
    Digest::of(secret.as_bytes()).hex()
}
