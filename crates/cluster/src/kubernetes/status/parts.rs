//! The objects of an application that can be anything but healthy, and how each stands.

use serde_json::Value;
use towpath_model::ProjectName;

use super::super::failure::Failure;
use super::super::inventory::{self, Group};
use super::super::lists::{Items, Wanted};
use super::super::ownership::INSTALLATION;
use super::super::{Inner, live};
use crate::error::ClusterError;
use crate::health::{self, Judgement};
use crate::object::ObjectId;

/// An object, and how it stands.
pub(super) struct Part {
    pub(super) id: ObjectId,
    pub(super) object: Value,
    pub(super) judgement: Judgement,
}

/// What of a release is there, and what is not, each in the order of its name.
pub(super) struct Parts {
    pub(super) found: Vec<Part>,
    pub(super) missing: Vec<ObjectId>,
}

/// How much is listed at once.
#[derive(Clone, Copy)]
pub(super) enum Scope {
    /// What the project has.
    Project,
    /// What all projects of this installation have: as dear as one, when all of them are looked at.
    Installation,
}

pub(super) async fn find(
    cluster: &Inner,
    project: &ProjectName,
    release: i64,
    scope: Scope,
) -> Result<Parts, ClusterError> {
    let groups = inventory::groups(cluster, project, release).await?;
    let looks = groups.iter().map(|group| async move {
        let items = list(cluster, project, group, scope).await?;
        Ok::<_, ClusterError>(pick(group, &items))
    });
    let mut parts = Parts {
        found: Vec::new(),
        missing: Vec::new(),
    };
    for looked in live::together(looks.collect()).await {
        let (found, missing) = looked?;
        parts.found.extend(found);
        parts.missing.extend(missing);
    }
    parts.found.sort_by(|a, b| a.id.cmp(&b.id));
    parts.missing.sort();
    Ok(parts)
}

async fn list(
    cluster: &Inner,
    project: &ProjectName,
    group: &Group,
    scope: Scope,
) -> Result<Items, ClusterError> {
    let namespace = group.namespace.as_ref().map(ToString::to_string);
    let wanted = |namespace, labels| Wanted {
        resource: group.kind.resource.clone(),
        namespace,
        labels,
        most: usize::MAX,
    };
    let asking = &cluster.asking;
    let listed = match scope {
        Scope::Project => {
            let labels = inventory::selector(cluster, project);
            cluster.lists.get(asking, wanted(namespace, labels)).await
        }
        Scope::Installation => {
            let labels = format!("{INSTALLATION}={}", cluster.installation);
            let everywhere = wanted(None, labels.clone());
            match cluster.lists.get(asking, everywhere).await {
                // Whoever may not look everywhere may still look where it deploys to.
                Err(Failure::Forbidden(_)) if namespace.is_some() => {
                    cluster.lists.get(asking, wanted(namespace, labels)).await
                }
                listed => listed,
            }
        }
    };
    listed.map_err(|failure| asking.error(&format!("listing {}", group.in_words()), failure))
}

/// Those of the group among what was listed, and those that were not.
fn pick(group: &Group, items: &Items) -> (Vec<Part>, Vec<ObjectId>) {
    let mut found = Vec::new();
    let mut missing = group.ids.clone();
    let namespace = group.namespace.as_ref().map(|namespace| namespace.as_str());
    for item in items.iter() {
        if item.metadata.namespace.as_deref() != namespace {
            continue;
        }
        let name = item.metadata.name.as_deref().unwrap_or_default();
        let Some(id) = missing.iter().find(|id| id.name == name).cloned() else {
            continue;
        };
        missing.remove(&id);
        // Objects of a list do not say what they are.
        let mut object = serde_json::to_value(item).unwrap_or_default();
        object["apiVersion"] = group.kind.resource.api_version.as_str().into();
        object["kind"] = group.kind.resource.kind.as_str().into();
        found.push(Part {
            judgement: health::judge(&object),
            id,
            object,
        });
    }
    (found, missing.into_iter().collect())
}
