//! Bitbucket Cloud (`repo:push`) and Data Center (`repo:refs_changed`), "Event payloads".

use http::HeaderMap;
use serde::Deserialize;
use towpath_model::{RefName, RepositoryKey};

use super::{event, json};
use crate::delivery::{commit, id, ref_name};
use crate::headers::{first, text};
use crate::{Delivery, Malformed, Notice, RefChange};

#[derive(Deserialize)]
struct CloudPush {
    push: CloudChanges,
}

#[derive(Deserialize)]
struct CloudChanges {
    changes: Vec<CloudChange>,
}

#[derive(Deserialize)]
struct CloudChange {
    new: Option<CloudRef>,
    old: Option<CloudRef>,
}

#[derive(Deserialize)]
struct CloudRef {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    target: CloudTarget,
}

#[derive(Deserialize)]
struct CloudTarget {
    hash: String,
}

#[derive(Deserialize)]
struct ServerPush {
    changes: Vec<ServerChange>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServerChange {
    #[serde(rename = "ref")]
    name: ServerRef,
    to_hash: String,
}

#[derive(Deserialize)]
struct ServerRef {
    id: String,
}

#[derive(Deserialize)]
struct About {
    repository: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    links: Option<Links>,
}

#[derive(Deserialize)]
struct Links {
    html: Option<Link>,
}

#[derive(Deserialize)]
struct Link {
    href: String,
}

pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Malformed> {
    let event = event(text(headers, "X-Event-Key"), "X-Event-Key")?;
    let notice = match event {
        "repo:push" => Notice::Push(cloud(body)?),
        "repo:refs_changed" => Notice::Push(server(body)?),
        "diagnostics:ping" => Notice::Ping,
        _ => Notice::Other,
    };
    let given = first(headers, &["X-Request-UUID", "X-Request-Id"]);
    Ok(Delivery {
        id: id(given, body),
        event: event.to_owned(),
        repository: repository(body)?,
        default_branch: None,
        notice,
    })
}

fn repository(body: &[u8]) -> Result<Option<RepositoryKey>, Malformed> {
    let about: About = json(body)?;
    let links = about.repository.and_then(|repository| repository.links);
    let page = links.and_then(|links| links.html);
    Ok(page.and_then(|page| RepositoryKey::of_url(&page.href)))
}

/// What has no `new` was deleted; what moves neither branch nor tag (a bookmark of old) is left out.
fn cloud(body: &[u8]) -> Result<Vec<RefChange>, Malformed> {
    let mut changes = Vec::new();
    for change in json::<CloudPush>(body)?.push.changes {
        let Some(reference) = change.new.as_ref().or(change.old.as_ref()) else {
            continue;
        };
        if let Some(name) = cloud_name(reference)? {
            let new = change.new.as_ref().map(|new| commit(&new.target.hash));
            let new = new.transpose()?.flatten();
            changes.push(RefChange { name, new });
        }
    }
    Ok(changes)
}

fn cloud_name(reference: &CloudRef) -> Result<Option<RefName>, Malformed> {
    let folder = match reference.kind.as_str() {
        "branch" | "named_branch" => "heads",
        "tag" | "annotated_tag" => "tags",
        _ => return Ok(None),
    };
    ref_name(&format!("refs/{folder}/{}", reference.name)).map(Some)
}

fn server(body: &[u8]) -> Result<Vec<RefChange>, Malformed> {
    let changes = json::<ServerPush>(body)?.changes;
    changes
        .iter()
        .map(|change| {
            Ok(RefChange {
                name: ref_name(&change.name.id)?,
                new: commit(&change.to_hash)?,
            })
        })
        .collect()
}
