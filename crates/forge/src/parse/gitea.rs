//! Gitea, Forgejo and Gogs; bodies in JSON or as a form.

use http::HeaderMap;

use super::{About, Push, event, json, payload};
use crate::delivery::id;
use crate::headers::first;
use crate::{Delivery, Malformed, Notice};

const EVENT: [&str; 4] = [
    "X-Forgejo-Event",
    "X-Gitea-Event",
    "X-Gogs-Event",
    "X-GitHub-Event",
];
const DELIVERY: [&str; 4] = [
    "X-Forgejo-Delivery",
    "X-Gitea-Delivery",
    "X-Gogs-Delivery",
    "X-GitHub-Delivery",
];

pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Malformed> {
    let event = event(first(headers, &EVENT), "X-Gitea-Event")?;
    let payload = payload(headers, body)?;
    let about: About = json(&payload)?;
    Ok(Delivery {
        id: id(first(headers, &DELIVERY), body),
        event: event.to_owned(),
        notice: match event {
            "push" => json::<Push>(&payload)?.notice()?,
            "ping" => Notice::Ping,
            _ => Notice::Other,
        },
        repository: about.repository(),
        default_branch: about.default_branch(),
    })
}
