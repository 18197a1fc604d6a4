//! `/webhooks/<provider>/<project>`: the project's own secret.

use axum::extract::Request;
use towpath_forge::{Admission, admit};
use towpath_model::{Project, ProjectName};
use towpath_store::{DeliveryState, NewDelivery, Secret};

use super::answer::{Answer, Refused};
use super::{Call, Verified, organisation};

pub(super) async fn handle(
    call: &Call<'_>,
    name: &str,
    request: Request,
) -> Result<Answer, Refused> {
    let name: ProjectName = name.parse().map_err(|_| Refused::unknown())?;
    let (project, secret) = open(call, &name).await?;
    let verified = call.verified(secret, request).await?;
    call.record(row(call, &project, &verified)).await
}

/// The project and its secret; without a remote nobody may call.
async fn open(call: &Call<'_>, name: &ProjectName) -> Result<(Project, Secret), Refused> {
    let store = &call.app.store;
    let secrets = store.remote_secrets(name).await?;
    let secret = secrets.and_then(|secrets| secrets.webhook);
    match (store.project(name).await?, secret) {
        (Some(project), Some(secret)) => Ok((project, secret)),
        _ => Err(Refused::unknown()),
    }
}

/// What is to be done for this project about a delivery.
pub(super) fn row(call: &Call<'_>, project: &Project, verified: &Verified) -> NewDelivery {
    let delivery = &verified.delivery;
    let mut row = call.row(verified, project.name.as_str());
    row.project = Some(project.name.clone());
    (row.state, row.reason) = match admit(&delivery.notice, &delivery.event, &project.branch) {
        Admission::Fetch(reason) => (DeliveryState::Pending, reason),
        Admission::Ignore(reason) => (DeliveryState::Ignored, reason),
    };
    if let Some(reason) = organisation::confirmation(&delivery.notice) {
        row.reason = reason;
    }
    row
}
