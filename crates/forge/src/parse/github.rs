//! GitHub, "Webhook events and payloads"; bodies in JSON or as a form.

use http::HeaderMap;

use super::{About, Push, event, json, payload};
use crate::delivery::id;
use crate::headers::text;
use crate::{Delivery, Malformed, Notice};

pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Malformed> {
    let event = event(text(headers, "X-GitHub-Event"), "X-GitHub-Event")?;
    let payload = payload(headers, body)?;
    let about: About = json(&payload)?;
    Ok(Delivery {
        id: id(text(headers, "X-GitHub-Delivery"), body),
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
