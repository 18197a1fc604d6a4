//! The first push of a repository that is allowed to makes its project.

use std::time::Duration;

use towpath_forge::{AllowPattern, project_name};
use towpath_git::GitError;
use towpath_model::{Project, ProjectName, RefName, RepositoryKey};
use towpath_store::{
    DeliveryState, NewRemote, StoreError, StoredDelivery, WebhookAllow, new_webhook_secret,
};

use super::Remotes;
use crate::PipelineError;
use crate::engine::now;

/// Of projects that come of webhooks: those call, so that polling is only for what got lost.
const POLL: Duration = Duration::from_secs(10 * 60);

/// What becomes of a delivery that has no project.
enum Adoption {
    Project(ProjectName),
    /// None can be made, for this reason.
    Impossible(String),
}

impl Remotes {
    pub(super) async fn adopt_all(&self) {
        let deliveries = match self.parts.store.homeless_deliveries().await {
            Ok(deliveries) => deliveries,
            Err(error) => return tracing::error!(%error, "cannot read the deliveries"),
        };
        for delivery in deliveries {
            if let Err(error) = self.adopt(&delivery).await {
                tracing::error!(delivery = delivery.id, %error, "cannot make its project; trying again");
            }
        }
    }

    async fn adopt(&self, delivery: &StoredDelivery) -> Result<(), PipelineError> {
        let store = &self.parts.store;
        match self.adoption(delivery).await? {
            Adoption::Project(project) => {
                store.assign_delivery(delivery, &project, now()).await?;
            }
            Adoption::Impossible(reason) => {
                tracing::warn!(
                    delivery = delivery.id,
                    reason,
                    "no project comes of a webhook"
                );
                let failed = DeliveryState::Failed;
                store
                    .end_delivery(delivery.id, failed, &reason, now())
                    .await?;
            }
        }
        Ok(())
    }

    async fn adoption(&self, delivery: &StoredDelivery) -> Result<Adoption, PipelineError> {
        let store = &self.parts.store;
        let Some(repository) = &delivery.repository else {
            return Ok(Adoption::Impossible("it names no repository".to_owned()));
        };
        // Another push of it was faster.
        if let Some(project) = store.projects_of_repository(repository).await?.pop() {
            return Ok(Adoption::Project(project));
        }
        let allows = store.webhook_allows().await?;
        let matching = allows.into_iter().find_map(|allow| {
            let pattern: AllowPattern = allow.pattern.parse().ok()?;
            let matches = allow.provider == delivery.provider && pattern.matches(repository);
            matches.then_some((allow, pattern))
        });
        match matching {
            Some((allow, pattern)) => self.create(delivery, repository, &allow, &pattern).await,
            None => Ok(Adoption::Impossible(format!(
                "{repository} is not allowed to make a project any more"
            ))),
        }
    }

    async fn create(
        &self,
        delivery: &StoredDelivery,
        repository: &RepositoryKey,
        allow: &WebhookAllow,
        pattern: &AllowPattern,
    ) -> Result<Adoption, PipelineError> {
        let (Some(name), Some(url)) = (project_name(repository), pattern.remote(repository)) else {
            return Ok(Adoption::Impossible(format!(
                "no project can be named after {repository}; make one with `towpath project create NAME --remote`"
            )));
        };
        let branch = delivery.branch.as_deref().unwrap_or("main");
        let Ok(branch) = RefName::branch(branch) else {
            return Ok(Adoption::Impossible(format!("{branch:?} is no branch")));
        };
        let mut secrets = self.parts.store.webhook_allow_secrets(allow).await?;
        secrets.webhook = Some(new_webhook_secret());
        let project = Project {
            namespace: match &allow.namespace {
                Some(namespace) => namespace.clone(),
                None => name.default_namespace(),
            },
            name,
            branch,
            cluster: allow.cluster.clone(),
            created_at: now(),
        };
        let remote = NewRemote {
            url,
            provider: delivery.provider,
            username: allow.username.clone(),
            known_hosts: None,
            poll: Some(POLL),
            hook_wanted: false,
            sns_topic: allow.sns_topic.clone(),
            secrets,
        };
        self.write(delivery, &project, &remote).await
    }

    /// The repository first: one without a row is taken over by the next attempt.
    async fn write(
        &self,
        delivery: &StoredDelivery,
        project: &Project,
        remote: &NewRemote,
    ) -> Result<Adoption, PipelineError> {
        let repositories = &self.parts.repositories;
        match repositories.create(&project.name, &project.branch).await {
            Ok(()) | Err(GitError::Exists(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let store = &self.parts.store;
        match store
            .create_project_with_remote(project, remote, now())
            .await
        {
            Ok(()) => {
                tracing::info!(project = %project.name, remote = %remote.url, "made by its first push");
                Ok(Adoption::Project(project.name.clone()))
            }
            Err(StoreError::Exists(_)) => Ok(Adoption::Impossible(format!(
                "a project {} is there already and does not follow {}; make another with `towpath project create NAME --remote`",
                project.name, remote.url
            ))),
            Err(StoreError::NoCluster(cluster)) => Ok(Adoption::Impossible(format!(
                "it is to go to the cluster {cluster}, which is not there; add it with `towpath cluster add {cluster}`, then `towpath delivery replay {}`",
                delivery.id
            ))),
            Err(error) => Err(error.into()),
        }
    }
}
