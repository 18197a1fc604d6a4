//! Our own, for whatever can run `curl`: documented in docs/compatibility.md.

use http::HeaderMap;
use serde::Deserialize;
use towpath_model::RepositoryKey;

use super::json;
use crate::delivery::{commit, id, ref_name};
use crate::headers::text;
use crate::{Delivery, Malformed, Notice, RefChange};

/// `{ "ref": "refs/heads/main", "after": "<commit>", "repository": "https://..." }`; all zeros for a deletion.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Push {
    #[serde(rename = "ref")]
    name: String,
    after: String,
    repository: Option<String>,
}

pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Malformed> {
    let id = id(text(headers, "X-Towpath-Delivery"), body);
    let event = text(headers, "X-Towpath-Event").unwrap_or("push");
    let mut delivery = Delivery {
        id,
        event: event.chars().take(100).collect(),
        repository: None,
        default_branch: None,
        notice: Notice::Other,
    };
    match event {
        "ping" => delivery.notice = Notice::Ping,
        "push" => {
            let push: Push = json(body)?;
            delivery.repository = push.repository.as_deref().and_then(RepositoryKey::of_url);
            delivery.notice = Notice::Push(vec![RefChange {
                name: ref_name(&push.name)?,
                new: commit(&push.after)?,
            }]);
        }
        _ => {}
    }
    Ok(delivery)
}
