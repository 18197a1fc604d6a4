use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use kube::api::{ListParams, ObjectMeta};
use serde_json::Value;
use towpath_model::Namespace;

use super::asking::Asking;
use super::failure::Failure;
use super::kinds::Kind;
use crate::error::ClusterError;
use crate::object::ObjectId;

/// How many requests are under way at a time.
const CONCURRENCY: usize = 16;
/// From so many objects of a kind and namespace on, all of them are listed instead.
const WORTH_A_LIST: usize = 5;
const PAGE: u32 = 500;

/// What is there of an object, before or after.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) uid: String,
    pub(super) version: String,
    pub(super) metadata: Value,
}

impl Live {
    pub(super) fn new(metadata: &ObjectMeta) -> Self {
        Self {
            uid: metadata.uid.clone().unwrap_or_default(),
            version: metadata.resource_version.clone().unwrap_or_default(),
            // Metadata is made of texts and lists of them.
            metadata: serde_json::to_value(metadata).unwrap_or_default(),
        }
    }

    pub(super) fn is_being_deleted(&self) -> bool {
        self.metadata.get("deletionTimestamp").is_some()
    }

    pub(super) fn finalizers(&self) -> Vec<&str> {
        let list = self.metadata.get("finalizers").and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }
}

/// Does all of them, a bounded number at a time.
pub(super) async fn together<F: Future>(requests: Vec<F>) -> Vec<F::Output> {
    stream::iter(requests)
        .buffer_unordered(CONCURRENCY)
        .collect()
        .await
}

/// The version of an API, a kind's plural, a namespace.
type Place = (String, String, Option<Namespace>);

/// The metadata of those of `wanted` that exist.
pub(super) async fn look(
    asking: &Asking,
    wanted: &[(ObjectId, Kind)],
) -> Result<BTreeMap<ObjectId, Live>, ClusterError> {
    let mut groups: BTreeMap<Place, Vec<(&ObjectId, &Kind)>> = BTreeMap::new();
    for (id, kind) in wanted {
        let key = (
            kind.resource.api_version.clone(),
            kind.resource.plural.clone(),
            id.namespace.clone(),
        );
        groups.entry(key).or_default().push((id, kind));
    }
    let looks: Vec<_> = groups
        .into_values()
        .map(|group| look_at(asking, group))
        .collect();
    let mut all = BTreeMap::new();
    for part in together(looks).await {
        all.extend(part?);
    }
    Ok(all)
}

/// All are of one kind and namespace.
async fn look_at(
    asking: &Asking,
    group: Vec<(&ObjectId, &Kind)>,
) -> Result<Vec<(ObjectId, Live)>, ClusterError> {
    if group.len() >= WORTH_A_LIST {
        match list(asking, &group).await {
            // Whoever may not list may still get.
            Err(Failure::Forbidden(_)) => {}
            listed => {
                let (id, _) = group[0];
                return listed.map_err(|failure| {
                    asking.error(&format!("listing {}", in_words(id)), failure)
                });
            }
        }
    }
    let gets: Vec<_> = group
        .into_iter()
        .map(|(id, kind)| get(asking, id, kind))
        .collect();
    let mut all = Vec::new();
    for one in together(gets).await {
        all.extend(one?);
    }
    Ok(all)
}

fn in_words(id: &ObjectId) -> String {
    match &id.namespace {
        Some(namespace) => format!("{}s in {namespace}", id.kind),
        None => format!("{}s", id.kind),
    }
}

async fn list(
    asking: &Asking,
    group: &[(&ObjectId, &Kind)],
) -> Result<Vec<(ObjectId, Live)>, Failure> {
    let (first, kind) = group[0];
    let api = kind.api(asking, first.namespace.as_ref());
    let wanted: BTreeMap<&str, &ObjectId> = group
        .iter()
        .map(|(id, _)| (id.name.as_str(), *id))
        .collect();
    let (mut found, mut next) = (Vec::new(), None::<String>);
    loop {
        let mut page = ListParams::default().limit(PAGE);
        page.continue_token = next.take();
        let items = asking.again(|| api.list_metadata(&page)).await?;
        for item in &items.items {
            let name = item.metadata.name.as_deref().unwrap_or_default();
            if let Some(id) = wanted.get(name) {
                found.push(((*id).clone(), Live::new(&item.metadata)));
            }
        }
        next = items.metadata.continue_.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(found);
        }
    }
}

/// One object's metadata. A Namespace that may not be looked at is taken to be there: whoever may only
/// work in it can still do so.
pub(super) async fn get(
    asking: &Asking,
    id: &ObjectId,
    kind: &Kind,
) -> Result<Option<(ObjectId, Live)>, ClusterError> {
    let api = kind.api(asking, id.namespace.as_ref());
    let answer = asking.again(|| api.get_metadata_opt(&id.name)).await;
    match answer {
        Ok(found) => Ok(found.map(|found| (id.clone(), Live::new(&found.metadata)))),
        Err(Failure::NotFound) => Ok(None),
        Err(Failure::Forbidden(_)) if id.kind == "Namespace" => {
            Ok(Some((id.clone(), Live::new(&ObjectMeta::default()))))
        }
        Err(failure) => Err(asking.error(&format!("looking at {}", id.for_people()), failure)),
    }
}
