use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Row, Sqlite, Transaction};

use crate::StoreError;

/// How long a writer waits for another one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);
const CONNECTIONS: u32 = 4;

#[derive(Clone, Debug)]
pub(crate) struct Db {
    pool: SqlitePool,
}

impl Db {
    pub(crate) async fn open(path: &Path) -> Result<Self, StoreError> {
        let open_error = |source| StoreError::Open {
            path: path.to_owned(),
            source,
        };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        prepare(options.clone())
            .await
            .map_err(|error| match error {
                StoreError::Sql(source) => open_error(source),
                error => error,
            })?;
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await
            .map_err(open_error)?;
        Ok(Self { pool })
    }

    pub(crate) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// A transaction that takes the write lock at once, so that it never fails half-way for another writer.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }
}

/// Reads a text column and parses it into a type of the model.
pub(crate) fn parse<T>(row: &SqliteRow, column: &'static str) -> Result<T, StoreError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let text: String = row.try_get(column)?;
    text.parse()
        .map_err(|error| StoreError::corrupt(column, error))
}

/// [`parse`] for a column that may be NULL.
pub(crate) fn parse_optional<T>(
    row: &SqliteRow,
    column: &'static str,
) -> Result<Option<T>, StoreError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let text: Option<String> = row.try_get(column)?;
    text.map(|text| text.parse())
        .transpose()
        .map_err(|error| StoreError::corrupt(column, error))
}

/// Reads a JSON column.
pub(crate) fn json<T: serde::de::DeserializeOwned>(
    row: &SqliteRow,
    column: &'static str,
) -> Result<T, StoreError> {
    let text: String = row.try_get(column)?;
    serde_json::from_str(&text).map_err(|error| StoreError::corrupt(column, error))
}

pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::corrupt("a value", error))
}

/// Turns the write-ahead log on, which lasts, and brings the schema up to date. On one connection alone:
/// no busy timeout helps a second one that wants the same of a new file.
async fn prepare(options: SqliteConnectOptions) -> Result<(), StoreError> {
    let mut connection = options
        .journal_mode(SqliteJournalMode::Wal)
        .connect()
        .await?;
    sqlx::migrate!().run(&mut connection).await?;
    Ok(connection.close().await?)
}
