use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::FieldsV1;
use kube::api::{ListParams, ObjectMeta};
use towpath_model::Namespace;

use super::asking::Asking;
use super::failure::Failure;
use super::kinds::Kind;
use crate::error::ClusterError;
use crate::object::{Object, ObjectId};

/// How many requests are under way at a time.
const CONCURRENCY: usize = 16;
/// From so many objects of a kind and namespace on, all of them are listed instead.
const WORTH_A_LIST: usize = 5;
const PAGE: u32 = 500;

/// What is there of an object, before or after.
#[derive(Clone, Debug, Default)]
pub(super) struct Live {
    pub(super) metadata: ObjectMeta,
}

impl Live {
    pub(super) fn new(metadata: ObjectMeta) -> Self {
        Self { metadata }
    }

    /// What the server calls this very object.
    pub(super) fn uid(&self) -> &str {
        self.metadata.uid.as_deref().unwrap_or_default()
    }

    /// Whether applying `object` has changed what was there. Applying what is there already leaves the
    /// resource version as it is, but controllers write the status meanwhile: where there is a generation,
    /// which the status does not raise, that and our part of the metadata tell.
    pub(super) fn differs(&self, before: &Live, object: &Object, manager: &str) -> bool {
        let (now, then) = (&self.metadata, &before.metadata);
        if now.resource_version == then.resource_version {
            return false;
        }
        if now.generation.is_none() || now.generation != then.generation {
            return true;
        }
        let applied = |map: &str| object.value.get("metadata")?.get(map)?.as_object();
        let differ = |map: &str, now: &Texts, then: &Texts| {
            let value = |texts: &Texts, key: &str| texts.as_ref()?.get(key).cloned();
            let mut keys = applied(map).into_iter().flatten().map(|(key, _)| key);
            keys.any(|key| value(now, key) != value(then, key))
        };
        differ("labels", &now.labels, &then.labels)
            || differ("annotations", &now.annotations, &then.annotations)
            || self.fields_of(manager) != before.fields_of(manager)
    }

    fn fields_of(&self, manager: &str) -> Option<&FieldsV1> {
        let mut entries = self.metadata.managed_fields.iter().flatten();
        let ours = entries.find(|entry| {
            entry.manager.as_deref() == Some(manager) && entry.operation.as_deref() == Some("Apply")
        })?;
        ours.fields_v1.as_ref()
    }

    pub(super) fn is_being_deleted(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
    }

    pub(super) fn finalizers(&self) -> &[String] {
        self.metadata.finalizers.as_deref().unwrap_or_default()
    }
}

type Texts = Option<BTreeMap<String, String>>;

/// Does all of them, a bounded number at a time.
pub(super) async fn together<F: Future>(requests: Vec<F>) -> Vec<F::Output> {
    stream::iter(requests)
        .buffer_unordered(CONCURRENCY)
        .collect()
        .await
}

/// The same; the answers are in the order of the requests.
pub(super) async fn together_in_order<F: Future>(requests: Vec<F>) -> Vec<F::Output> {
    stream::iter(requests).buffered(CONCURRENCY).collect().await
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
        next = items.metadata.continue_.filter(|token| !token.is_empty());
        for item in items.items {
            let name = item.metadata.name.as_deref();
            if let Some(id) = name.and_then(|name| wanted.get(name)) {
                found.push(((*id).clone(), Live::new(item.metadata)));
            }
        }
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
        Ok(found) => Ok(found.map(|found| (id.clone(), Live::new(found.metadata)))),
        Err(Failure::NotFound) => Ok(None),
        Err(Failure::Forbidden(_)) if id.kind == "Namespace" => {
            Ok(Some((id.clone(), Live::default())))
        }
        Err(failure) => Err(asking.error(&format!("looking at {}", id.for_people()), failure)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_controllers_write_is_no_change_of_ours() {
        let object = Object::generated(
            "test",
            json!({"apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "a", "labels": {"a": "b"}}}),
        )
        .unwrap();
        let live = |version: &str, mut metadata: Value| {
            metadata["resourceVersion"] = version.into();
            Live::new(serde_json::from_value(metadata).unwrap())
        };
        let ours = |fields: Value| json!([{"manager": "towpath", "operation": "Apply", "fieldsV1": fields}]);
        let first =
            json!({"generation": 1, "labels": {"a": "b"}, "managedFields": ours(json!({"a": {}}))});
        let with = |key: &str, value: Value| {
            let mut metadata = first.clone();
            metadata[key] = value;
            metadata
        };
        let cases = [
            ("1", first.clone(), false),
            ("2", first.clone(), false),
            (
                "2",
                with(
                    "annotations",
                    json!({"deployment.kubernetes.io/revision": "1"}),
                ),
                false,
            ),
            ("2", with("generation", json!(2)), true),
            ("2", with("labels", json!({"a": "c"})), true),
            ("2", with("managedFields", ours(json!({}))), true),
            // ConfigMaps have no generation, and nobody else who writes.
            ("2", json!({}), true),
        ];
        for (version, metadata, differs) in cases {
            let after = live(version, metadata);
            let before = live("1", first.clone());
            assert_eq!(
                after.differs(&before, &object, "towpath"),
                differs,
                "{after:?}"
            );
        }
    }
}
