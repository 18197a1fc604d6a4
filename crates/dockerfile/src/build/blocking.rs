use super::error::{BuildError, Stop};

/// Runs work that reads files where waiting for a disk holds nobody up.
pub(crate) async fn blocking<T, E>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, Stop>
where
    T: Send + 'static,
    E: Into<Stop> + Send + 'static,
{
    tokio::task::spawn_blocking(work)
        .await
        .map_err(BuildError::Stopped)?
        .map_err(Into::into)
}
