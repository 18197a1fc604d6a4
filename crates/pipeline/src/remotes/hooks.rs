//! Registering our webhook at git hosts whose token allows it.

use std::time::Duration;

use towpath_forge::api::Hook;
use towpath_model::ProjectName;
use towpath_store::Remote;

use super::{Remotes, backoff};
use crate::PipelineError;
use crate::engine::now;

const NOT_PUBLIC: &str =
    "this server says nowhere under which URL the git host reaches it; start it with --public-url";

/// Why a webhook could not be registered.
struct Unregistered {
    reason: String,
    /// How long the git host wants not to be asked again.
    wait: Option<Duration>,
}

impl Unregistered {
    fn because(reason: &str) -> Self {
        Self {
            reason: reason.to_owned(),
            wait: None,
        }
    }
}

impl Remotes {
    pub(super) async fn register_hooks(&self) {
        let due = match self.parts.store.due_hooks(now()).await {
            Ok(due) => due,
            Err(error) => return tracing::error!(%error, "cannot read which webhooks to register"),
        };
        for remote in due {
            if let Err(error) = self.register(&remote).await {
                tracing::error!(project = %remote.project, %error, "cannot register its webhook");
            }
        }
    }

    async fn register(&self, remote: &Remote) -> Result<(), PipelineError> {
        let registered = self.try_register(remote).await?;
        let (now, random) = (now(), rand::random());
        let next = match &registered {
            Ok(_) => backoff::after_success(self.parts.check_hooks, now, random),
            Err(Unregistered { reason, wait }) => {
                tracing::warn!(project = %remote.project, reason, "the webhook is not registered");
                backoff::after_refusal(remote.hook.failures + 2, *wait, now, random)
            }
        };
        let registered = registered.map_err(|why| why.reason);
        let store = &self.parts.store;
        Ok(store
            .finish_hook(&remote.project, &registered, next)
            .await?)
    }

    async fn try_register(
        &self,
        remote: &Remote,
    ) -> Result<Result<String, Unregistered>, PipelineError> {
        if !self.parts.is_public {
            return Ok(Err(Unregistered::because(NOT_PUBLIC)));
        }
        let secrets = self.parts.store.remote_secrets(&remote.project).await?;
        let secret = secrets.and_then(|secrets| secrets.webhook);
        let (Some((_, host)), Some(secret)) = (self.host(&remote.project).await?, secret) else {
            return Ok(Err(Unregistered::because("it has no token or no secret")));
        };
        let hook = Hook {
            url: self.hook_url(remote),
            secret: secret.expose_str()?.to_owned(),
        };
        let registered = self.client.ensure_hook(&host, &hook).await;
        Ok(registered.map_err(|error| Unregistered {
            wait: error.wait(),
            reason: error.to_string(),
        }))
    }

    /// Removes the webhook at the git host, when we registered one, and registers none from now on. Gives why
    /// it is still there.
    pub async fn remove_hook(
        &self,
        project: &ProjectName,
    ) -> Result<Result<(), String>, PipelineError> {
        let store = &self.parts.store;
        let Some((remote, host)) = self.host(project).await? else {
            store.want_hook(project, false, now()).await?;
            return Ok(Ok(()));
        };
        if let Some(id) = &remote.hook.id
            && let Err(error) = self.client.delete_hook(&host, id).await
        {
            return Ok(Err(error.to_string()));
        }
        store.want_hook(project, false, now()).await?;
        Ok(Ok(()))
    }

    pub(super) fn hook_url(&self, remote: &Remote) -> String {
        format!(
            "{}/webhooks/{}/{}",
            self.parts.base_url, remote.provider, remote.project
        )
    }
}
