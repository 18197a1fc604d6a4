//! Whether the webhooks that we registered are still there: somebody at the git host may have removed one, and
//! then nobody calls.

use std::time::Duration;

use towpath_forge::api::{ApiError, HookHealth};
use towpath_model::ProjectName;
use towpath_store::{HookCheck, Remote};

use super::{Remotes, backoff};
use crate::PipelineError;
use crate::engine::now;

/// Looks in each tick: few enough for the limits of every git host, whatever the number of projects.
const IN_A_TICK: u32 = 1;

impl Remotes {
    pub(super) async fn check_hooks(&self) {
        let Some(interval) = self.parts.check_hooks else {
            return;
        };
        let due = match self.parts.store.due_hook_checks(now(), IN_A_TICK).await {
            Ok(due) => due,
            Err(error) => return tracing::error!(%error, "cannot read which webhooks to look at"),
        };
        for remote in due {
            if let Err(error) = self.check_hook(&remote, interval).await {
                tracing::error!(project = %remote.project, %error, "cannot look at its webhook");
            }
        }
    }

    async fn check_hook(&self, remote: &Remote, interval: Duration) -> Result<(), PipelineError> {
        let (Some(id), Some((_, host))) = (&remote.hook.id, self.host(&remote.project).await?)
        else {
            return Ok(());
        };
        let url = self.hook_url(remote);
        let seen = self.client.hook_health(&host, id, &url).await;
        let (now, random) = (now(), rand::random());
        let next = match &seen {
            Ok(_) => backoff::after_success(Some(interval), now, random),
            Err(error) => {
                backoff::after_refusal(remote.hook.check_failures + 4, error.wait(), now, random)
            }
        };
        let check = check(seen, &remote.url.host(), &remote.project);
        if let HookCheck::Lost(reason) | HookCheck::Unknown(reason) = &check {
            tracing::warn!(project = %remote.project, reason, "its webhook");
        }
        let store = &self.parts.store;
        let finished = store.finish_hook_check(&remote.project, id, &check, next, now);
        Ok(finished.await?)
    }
}

fn check(seen: Result<HookHealth, ApiError>, host: &str, project: &ProjectName) -> HookCheck {
    let again = format!("register it again with `towpath webhook register {project}`");
    match seen {
        Ok(HookHealth::Calls) => HookCheck::There,
        Ok(HookHealth::Gone) => HookCheck::Lost(format!(
            "somebody removed it at {host}, so that pushes are noticed only by polling; {again}"
        )),
        Ok(HookHealth::Off(why)) => {
            let why = match why.as_str() {
                "" => String::new(),
                why => format!(" ({why})"),
            };
            HookCheck::Lost(format!(
                "it is switched off at {host}{why}, so that pushes are noticed only by polling; switch it on there, or {again}"
            ))
        }
        Ok(HookHealth::Elsewhere(url)) => {
            HookCheck::Lost(format!("at {host} it was changed to call {url}; {again}"))
        }
        Err(error) => HookCheck::Unknown(error.to_string()),
    }
}
