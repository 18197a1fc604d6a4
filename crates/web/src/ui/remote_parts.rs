use towpath_model::{Project, Timestamp};
use towpath_store::{DeliveryFilter, Remote, StoreError, StoredDelivery};

use super::markup::Ago;
use crate::{App, remotes};

const DELIVERIES: u32 = 5;

/// A project's remote, how it stands with it, and what its git host sent last.
pub(super) struct RemoteParts {
    pub(super) remote: Remote,
    pub(super) hook_url: String,
    pub(super) status_error: Option<String>,
    /// Why nothing starts although it was fetched.
    pub(super) no_branch: Option<String>,
    deliveries: Vec<StoredDelivery>,
    now: Timestamp,
}

impl RemoteParts {
    pub(super) async fn read(
        app: &App,
        project: &Project,
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let name = &project.name;
        let Some(remote) = app.store.remote(name).await? else {
            return Ok(None);
        };
        let newest = DeliveryFilter {
            project: Some(name.clone()),
            limit: DELIVERIES,
            ..DeliveryFilter::default()
        };
        Ok(Some(Self {
            hook_url: app.config.hook_url(remote.provider, Some(name)),
            status_error: app.store.status_error(name).await?,
            no_branch: remotes::missing_branch(app, project, &remote).await?,
            deliveries: app.store.deliveries(&newest).await?,
            remote,
            now,
        }))
    }

    pub(super) fn fetched(&self) -> Option<Ago> {
        let at = self.remote.fetched_at?;
        Some(Ago { at, now: self.now })
    }

    pub(super) fn polled(&self) -> String {
        let seconds = self.remote.poll.map(|poll| poll.as_secs());
        seconds.map_or_else(
            || "never".to_owned(),
            |seconds| format!("every {seconds} s"),
        )
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = DeliveryRow<'_>> {
        let now = self.now;
        self.deliveries
            .iter()
            .map(move |delivery| DeliveryRow { delivery, now })
    }

    pub(super) fn has_deliveries(&self) -> bool {
        !self.deliveries.is_empty()
    }
}

pub(super) struct DeliveryRow<'a> {
    pub(super) delivery: &'a StoredDelivery,
    now: Timestamp,
}

impl DeliveryRow<'_> {
    pub(super) fn age(&self) -> Ago {
        Ago {
            at: self.delivery.received_at,
            now: self.now,
        }
    }

    /// A status of the same look: word, colour and shape.
    pub(super) fn badge(&self) -> &'static str {
        use towpath_store::DeliveryState::{Done, Failed, Ignored, Pending, Refused};
        match self.delivery.state {
            Pending => "running",
            Done => "succeeded",
            Ignored => "skipped",
            Failed | Refused => "failed",
        }
    }
}
