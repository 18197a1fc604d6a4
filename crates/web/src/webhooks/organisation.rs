//! `/webhooks/<provider>`: one secret for many repositories, which make projects of themselves when they are
//! allowed to.

use axum::extract::Request;
use http::StatusCode;
use towpath_forge::{Admission, AllowPattern, Notice, admit};
use towpath_model::{RefName, RepositoryKey, TopicArn};
use towpath_store::{DeliveryState, NewDelivery, WebhookAllow};

use super::answer::{Answer, Refused};
use super::{Call, Door, Verified, project, subscription};

/// The branch of repositories that do not say theirs.
const BRANCH: &str = "main";

pub(super) async fn handle(call: &Call<'_>, request: Request) -> Result<Answer, Refused> {
    let verified = call.verified(door(call).await?, request).await?;
    match (&verified.delivery.notice, &verified.delivery.repository) {
        (Notice::Push(_), Some(repository)) => push(call, &verified, repository).await,
        (Notice::Push(_), None) => {
            let reason = "the payload does not say which repository it is about";
            Err(Refused::new(StatusCode::BAD_REQUEST, reason).of_size(verified.size))
        }
        _ => {
            let mut row = nothing(call, &verified);
            subscription::settle(call, &verified, &mut row).await?;
            call.record(row).await
        }
    }
}

/// One topic that is named by any pattern makes messages that are not signed unwelcome at the whole URL.
async fn door(call: &Call<'_>) -> Result<Door, Refused> {
    let (store, provider) = (&call.app.store, call.provider);
    let secret = store.organisation_secret(provider).await?;
    let secret = secret.ok_or_else(|| {
        Refused::unknown(format!(
            "no repositories of a {provider} git host may make projects; let some with `towpath webhook allow`, or let it call /webhooks/{provider}/PROJECT"
        ))
    })?;
    let allows = store.webhook_allows().await?;
    let topics = allows
        .into_iter()
        .filter(|allow| allow.provider == provider);
    Ok(Door {
        secret,
        topics: topics.filter_map(|allow| allow.sns_topic).collect(),
        help: "give it that of this URL; a new one is set by `towpath webhook allow PATTERN --webhook-secret-file FILE`"
            .to_owned(),
    })
}

/// Each project that follows the repository looks at its remote; when there is none, one is made.
async fn push(
    call: &Call<'_>,
    verified: &Verified,
    repository: &RepositoryKey,
) -> Result<Answer, Refused> {
    let topic = verified.message.as_ref().map(|message| &message.topic);
    let allow = allowed(call, repository, topic).await?;
    let allow = allow.ok_or_else(|| not_allowed(repository).of_size(verified.size))?;
    let store = &call.app.store;
    let mut answer = None;
    for name in store.projects_of_repository(repository).await? {
        if let Some(project) = store.project(&name).await? {
            let recorded = call.record(project::row(call, &project, verified)).await?;
            answer = answer.or(Some(recorded));
        }
    }
    match answer {
        Some(answer) => Ok(answer),
        None => call.record(first_push(call, verified, &allow)?).await,
    }
}

async fn allowed(
    call: &Call<'_>,
    repository: &RepositoryKey,
    topic: Option<&TopicArn>,
) -> Result<Option<WebhookAllow>, Refused> {
    let allows = call.app.store.webhook_allows().await?;
    let matches = |allow: &WebhookAllow| {
        let pattern = allow.pattern.parse::<AllowPattern>();
        let of_topic = allow.sns_topic.is_none() || allow.sns_topic.as_ref() == topic;
        let matches = pattern.is_ok_and(|pattern| pattern.matches(repository));
        allow.provider == call.provider && of_topic && matches
    };
    Ok(allows.into_iter().find(matches))
}

fn not_allowed(repository: &RepositoryKey) -> Refused {
    let reason = format!(
        "{repository} is not allowed to make a project; allow it with `towpath webhook allow {repository}`"
    );
    Refused::new(StatusCode::FORBIDDEN, reason)
}

/// The row from which the project is made, when it is its branch that was pushed.
fn first_push(
    call: &Call<'_>,
    verified: &Verified,
    allow: &WebhookAllow,
) -> Result<NewDelivery, Refused> {
    let delivery = &verified.delivery;
    let branch = allow
        .branch
        .clone()
        .or_else(|| delivery.default_branch.clone());
    let branch = branch.unwrap_or_else(|| BRANCH.to_owned());
    let name = RefName::branch(&branch)
        .map_err(|error| Refused::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    let mut row = nothing(call, verified);
    row.branch = Some(branch);
    (row.state, row.reason) = match admit(&delivery.notice, &delivery.event, &name) {
        Admission::Fetch(reason) => (DeliveryState::Pending, reason),
        Admission::Ignore(reason) => (DeliveryState::Ignored, reason),
    };
    Ok(row)
}

/// A row of a delivery for which nothing is done.
fn nothing(call: &Call<'_>, verified: &Verified) -> NewDelivery {
    let delivery = &verified.delivery;
    let scope = delivery
        .repository
        .as_ref()
        .map_or("", RepositoryKey::as_str);
    let mut row = call.row(verified, scope);
    row.reason = match delivery.notice {
        Notice::Ping => "a ping: the git host tries whether we are there".to_owned(),
        _ => format!("{} starts nothing: only pushes do", delivery.event),
    };
    row
}
