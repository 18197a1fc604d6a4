//! Commit statuses: each change of an execution's status is told to the git host once.

use towpath_forge::api::{CommitState, CommitStatus, Host};
use towpath_model::{ProjectName, Status};
use towpath_store::{Remote, StatusToTell};

use super::{Remotes, backoff};
use crate::PipelineError;
use crate::engine::now;

impl Remotes {
    pub(super) async fn tell_statuses(&self) {
        let due = match self.parts.store.statuses_to_tell(now()).await {
            Ok(due) => due,
            Err(error) => return tracing::error!(%error, "cannot read which statuses to tell"),
        };
        for status in due {
            if let Err(error) = self.tell(&status).await {
                tracing::error!(execution = %status.execution, %error, "cannot tell its status");
            }
        }
    }

    async fn tell(&self, status: &StatusToTell) -> Result<(), PipelineError> {
        let (store, project) = (&self.parts.store, &status.execution.project);
        let Some((_, host)) = self.host(project).await? else {
            return Ok(());
        };
        let told = self
            .client
            .set_status(&host, &self.commit_status(status))
            .await;
        match told {
            Ok(()) => store.status_told(status, now()).await?,
            Err(error) => {
                tracing::warn!(execution = %status.execution, %error, "a status was not taken");
                let next = backoff::after_refusal(
                    status.failures + 2,
                    error.wait(),
                    now(),
                    rand::random(),
                );
                store
                    .status_not_told(status, &error.to_string(), next)
                    .await?;
            }
        }
        Ok(())
    }

    /// The git host's API, with the token for it.
    pub(super) async fn host(
        &self,
        project: &ProjectName,
    ) -> Result<Option<(Remote, Host)>, PipelineError> {
        let store = &self.parts.store;
        let remote = store.remote(project).await?;
        let secrets = store.remote_secrets(project).await?;
        let token = secrets.and_then(|secrets| secrets.api_token);
        let (Some(remote), Some(token)) = (remote, token) else {
            return Ok(None);
        };
        let host = Host::new(remote.provider, &remote.url, token.expose_str()?);
        Ok(Some((remote, host)))
    }

    fn commit_status(&self, status: &StatusToTell) -> CommitStatus {
        let (project, number) = (&status.execution.project, status.execution.number);
        let state = state(status.outcome);
        CommitStatus {
            commit: status.commit.clone(),
            state,
            context: format!("towpath/{project}"),
            description: description(status, state),
            url: format!(
                "{}/projects/{project}/executions/{number}",
                self.parts.base_url
            ),
        }
    }
}

fn state(outcome: Option<Status>) -> CommitState {
    match outcome {
        None => CommitState::Pending,
        Some(Status::Succeeded) => CommitState::Success,
        Some(Status::Failed) => CommitState::Failure,
        Some(_) => CommitState::Cancelled,
    }
}

/// One line; git hosts cut it where they like.
fn description(status: &StatusToTell, state: CommitState) -> String {
    let number = status.execution.number;
    match (state, &status.reason) {
        (CommitState::Pending, _) => format!("#{number} is on its way"),
        (CommitState::Success, _) => format!("#{number} succeeded"),
        (CommitState::Failure, None) => format!("#{number} failed"),
        (CommitState::Failure, Some(reason)) => format!("#{number} failed: {reason}"),
        (CommitState::Cancelled, None) => format!("#{number} was cancelled"),
        (CommitState::Cancelled, Some(reason)) => format!("#{number} was cancelled: {reason}"),
    }
}
