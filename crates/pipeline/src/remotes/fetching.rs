use std::time::Duration;

use towpath_git::Access;
use towpath_store::{Fetched, Remote};

use super::{Remotes, backoff};
use crate::PipelineError;
use crate::engine::now;

/// How long to wait when not even the rows can be written.
const RETRY: Duration = Duration::from_millis(500);

impl Remotes {
    /// Looks at a remote once and writes down how that ended, which says when it is looked at next.
    pub(super) async fn look(&self, remote: &Remote) {
        if let Err(error) = self.look_once(remote).await {
            tracing::error!(project = %remote.project, %error, "cannot follow the remote");
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn look_once(&self, remote: &Remote) -> Result<(), PipelineError> {
        let (store, project) = (&self.parts.store, &remote.project);
        // Before the fetch: what comes during it may not be in it.
        let seen = store.newest_delivery(project).await?;
        let mirrored = self.mirror(remote).await;
        let (now, random) = (now(), rand::random());
        let fetched = match mirrored {
            Ok(known_hosts) => Fetched {
                seen,
                error: None,
                known_hosts,
                next: backoff::after_success(remote.poll, now, random),
            },
            Err(error) => {
                tracing::warn!(%project, %error, failures = remote.failures + 1, "a fetch failed");
                Fetched {
                    seen,
                    error: Some(error.to_string()),
                    known_hosts: None,
                    next: backoff::after_failure(remote.failures, now, random),
                }
            }
        };
        Ok(store.finish_fetch(project, &fetched, now).await?)
    }

    async fn mirror(&self, remote: &Remote) -> Result<Option<String>, PipelineError> {
        let secrets = self.parts.store.remote_secrets(&remote.project).await?;
        let access = Access {
            url: remote.url.clone(),
            provider: remote.provider,
            username: remote.username.clone(),
            credential: secrets.unwrap_or_default().credential,
            known_hosts: remote.known_hosts.clone(),
        };
        let repositories = &self.parts.repositories;
        let mirrored = repositories.mirror(&remote.project, &access, now()).await?;
        Ok(mirrored.known_hosts)
    }
}
