//! GitLab, "Webhook events": `Push Hook`, `Tag Push Hook`, and the same from a system or group hook.

use http::HeaderMap;
use serde::Deserialize;
use towpath_model::{Digest, RepositoryKey};

use super::{Push, event, json};
use crate::delivery::id;
use crate::headers::{first, text};
use crate::{Delivery, Malformed, Notice};

#[derive(Deserialize)]
struct Payload {
    object_kind: Option<String>,
    event_name: Option<String>,
    project: Option<Project>,
}

#[derive(Deserialize)]
struct Project {
    git_http_url: Option<String>,
    default_branch: Option<String>,
}

pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Malformed> {
    let event = event(text(headers, "X-Gitlab-Event"), "X-Gitlab-Event")?;
    let payload: Payload = json(body)?;
    let kind = payload.object_kind.or(payload.event_name);
    let project = payload.project;
    let url = project
        .as_ref()
        .and_then(|project| project.git_http_url.as_deref());
    Ok(Delivery {
        id: delivery_id(headers, body),
        event: event.to_owned(),
        notice: match kind.as_deref() {
            Some("push" | "tag_push") => json::<Push>(body)?.notice()?,
            _ => Notice::Other,
        },
        repository: url.and_then(RepositoryKey::of_url),
        default_branch: project.and_then(|project| project.default_branch),
    })
}

/// Before GitLab 17.4 only the event has an id, which events that it caused share with it.
fn delivery_id(headers: &HeaderMap, body: &[u8]) -> String {
    match first(headers, &["Idempotency-Key", "webhook-id"]) {
        Some(key) => id(Some(key), body),
        None => {
            let event = text(headers, "X-Gitlab-Event-UUID");
            let both = event.map(|event| format!("{event}/{}", Digest::of(body).short()));
            id(both.as_deref(), body)
        }
    }
}
