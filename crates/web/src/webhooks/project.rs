//! `/webhooks/<provider>/<project>`: the project's own secret.

use axum::extract::Request;
use towpath_forge::{Admission, admit};
use towpath_model::{NameError, Project, ProjectName, RepositoryKey};
use towpath_store::{DeliveryState, NewDelivery, Remote};

use super::answer::{Answer, Refused};
use super::{Call, Door, Verified, subscription};

pub(super) async fn handle(
    call: &Call<'_>,
    name: &str,
    request: Request,
) -> Result<Answer, Refused> {
    let name: ProjectName = name
        .parse()
        .map_err(|error: NameError| Refused::unknown(error.to_string()))?;
    let (project, remote, door) = open(call, &name).await?;
    let verified = call.verified(door, request).await?;
    let mut row = row(call, &project, &verified);
    if let Some(other) = &verified.delivery.repository {
        row.reason.push_str(&about_another(other, &remote));
    }
    subscription::settle(call, &verified, &mut row).await?;
    call.record(row).await
}

/// The project, and what opens its door; without a remote nobody may call.
async fn open(call: &Call<'_>, name: &ProjectName) -> Result<(Project, Remote, Door), Refused> {
    let store = &call.app.store;
    let Some(project) = store.project(name).await? else {
        return Err(Refused::unknown(format!(
            "there is no project {name}; let the git host call the URL of `towpath webhook show PROJECT`"
        )));
    };
    let remote = store.remote_and_secrets(name).await?;
    let remote = remote.and_then(|(remote, secrets)| Some((remote, secrets.webhook?)));
    let Some((remote, secret)) = remote else {
        return Err(Refused::unknown(format!(
            "{name} follows no git host: its repository is here; give it a remote with `towpath project remote {name} --url URL`"
        )));
    };
    let door = Door {
        secret,
        topics: remote.sns_topic.iter().cloned().collect(),
        help: format!("a new one is made and shown by `towpath webhook secret {name}`"),
    };
    Ok((project, remote, door))
}

/// A host may have several names for a repository, so that this is no reason to do nothing.
fn about_another(told: &RepositoryKey, remote: &Remote) -> String {
    let followed = remote.url.repository();
    match *told == followed {
        true => String::new(),
        false => format!("; it is about {told}, and what is fetched is {followed}"),
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
    row
}
