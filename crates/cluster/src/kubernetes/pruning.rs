use std::collections::{BTreeMap, BTreeSet};

use kube::api::{DeleteParams, Preconditions, PropagationPolicy};
use towpath_store::KubernetesObject;

use super::Inner;
use super::failure::Failure;
use super::kinds::Kind;
use super::live::{self, Live};
use super::ownership::{Mark, Owner, is_kept};
use crate::error::ClusterError;
use crate::inventory::{Inventory, id, key, to_prune};
use crate::object::ObjectId;
use crate::order;

#[derive(Debug, Default)]
pub(super) struct Pruned {
    pub(super) gone: Vec<ObjectId>,
    /// What stays although it is wanted no more, one sentence each.
    pub(super) left: Vec<String>,
}

/// Deletes what the project has in the cluster and is not in `wanted`: users before what they use.
pub(super) async fn prune(
    cluster: &Inner,
    mark: &Mark<'_>,
    wanted: &BTreeSet<ObjectId>,
) -> Result<Pruned, ClusterError> {
    let asking = &cluster.asking;
    let rows = cluster
        .store
        .kubernetes_inventory(&asking.cluster, mark.project)
        .await?;
    let rows: BTreeMap<ObjectId, KubernetesObject> = rows
        .into_iter()
        .map(|row| (id(row.key.clone()), row))
        .collect();
    let old: Inventory = rows.keys().cloned().collect();
    let gone: Vec<ObjectId> = old.difference(wanted).cloned().collect();
    let (kinds, lives) = look(cluster, &rows, &gone).await?;
    let (mut pruned, mut forgotten) = (Pruned::default(), Vec::new());
    let mut doomed: BTreeMap<std::cmp::Reverse<usize>, Vec<&ObjectId>> = BTreeMap::new();
    for id in &gone {
        match judge(mark, rows.get(id), lives.get(id)) {
            Fate::Forget => {}
            Fate::Leave(why) => pruned
                .left
                .push(format!("{} stays: {why}", id.for_people())),
            Fate::Delete => {
                let rank = std::cmp::Reverse(order::rank(&id.kind));
                doomed.entry(rank).or_default().push(id);
                continue;
            }
        }
        forgotten.push(key(id));
    }
    for rank in doomed.into_values() {
        delete_rank(cluster, &rank, &kinds, &lives).await?;
        forgotten.extend(rank.into_iter().map(key));
    }
    let deleted: Inventory = gone
        .iter()
        .filter(|id| matches!(judge(mark, rows.get(*id), lives.get(*id)), Fate::Delete))
        .cloned()
        .collect();
    pruned.gone = to_prune(&deleted, &Inventory::new());
    cluster
        .store
        .forget_kubernetes_objects(&asking.cluster, mark.project, &forgotten)
        .await?;
    Ok(pruned)
}

#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Delete,
    /// It is gone, or never came.
    Forget,
    /// Why.
    Leave(String),
}

fn judge(mark: &Mark<'_>, row: Option<&KubernetesObject>, live: Option<&Live>) -> Fate {
    let (Some(row), Some(live)) = (row, live) else {
        return Fate::Forget;
    };
    if row.key.kind == "Namespace" && row.key.group.is_empty() {
        return Fate::Leave("a namespace is never pruned".to_owned());
    }
    match mark.owner(&live.metadata) {
        Owner::Other(owner) => Fate::Leave(format!("it belongs to {owner} now")),
        Owner::Nobody => Fate::Leave("it does not carry the project's mark any more".to_owned()),
        Owner::Us if !row.uid.is_empty() && row.uid != live.uid() => {
            Fate::Leave("somebody has made it anew".to_owned())
        }
        Owner::Us if is_kept(&live.metadata) => {
            Fate::Leave("an annotation asks not to prune it".to_owned())
        }
        Owner::Us => Fate::Delete,
    }
}

type Kinds = BTreeMap<ObjectId, Kind>;

/// Objects of a kind that the server does not have any more are gone with it.
async fn look(
    cluster: &Inner,
    rows: &BTreeMap<ObjectId, KubernetesObject>,
    gone: &[ObjectId],
) -> Result<(Kinds, BTreeMap<ObjectId, Live>), ClusterError> {
    let mut kinds = Kinds::new();
    for id in gone {
        let version = rows.get(id).map_or("v1", |row| row.version.as_str());
        let api_version = match id.group.is_empty() {
            true => version.to_owned(),
            false => format!("{}/{version}", id.group),
        };
        let kind = cluster
            .kinds
            .one(&cluster.asking, &api_version, &id.kind)
            .await?;
        if let Some(kind) = kind {
            kinds.insert(id.clone(), kind);
        }
    }
    let wanted: Vec<(ObjectId, Kind)> = kinds
        .iter()
        .map(|(id, kind)| (id.clone(), kind.clone()))
        .collect();
    let lives = live::look(&cluster.asking, &wanted).await?;
    Ok((kinds, lives))
}

async fn delete_rank(
    cluster: &Inner,
    rank: &[&ObjectId],
    kinds: &Kinds,
    lives: &BTreeMap<ObjectId, Live>,
) -> Result<(), ClusterError> {
    let deletes: Vec<_> = rank
        .iter()
        .filter_map(|id| Some((*id, kinds.get(*id)?, lives.get(*id)?)))
        .map(|(id, kind, live)| delete(cluster, id, kind, live))
        .collect();
    live::together(deletes).await.into_iter().collect()
}

/// What belongs to the object goes after it, as with `kubectl delete` and Flux.
async fn delete(
    cluster: &Inner,
    id: &ObjectId,
    kind: &Kind,
    live: &Live,
) -> Result<(), ClusterError> {
    let api = kind.api(&cluster.asking, id.namespace.as_ref());
    let params = DeleteParams {
        propagation_policy: Some(PropagationPolicy::Background),
        preconditions: Some(Preconditions {
            uid: live.metadata.uid.clone(),
            resource_version: None,
        }),
        ..DeleteParams::default()
    };
    let answer = cluster.asking.again(|| api.delete(&id.name, &params)).await;
    match answer {
        // Somebody was faster; with another uid it is not the object that was ours.
        Ok(_) | Err(Failure::NotFound) => Ok(()),
        Err(Failure::Refused(status)) if status.code == 409 => Ok(()),
        Err(failure) => Err(cluster
            .asking
            .error(&format!("deleting {}", id.for_people()), failure)),
    }
}

#[cfg(test)]
mod tests {
    use kube::api::ObjectMeta;
    use serde_json::json;
    use towpath_model::ProjectName;
    use towpath_store::ClusterKey;

    use super::*;

    #[test]
    fn only_what_is_ours_and_the_same_is_deleted() {
        let project: ProjectName = "hello".parse().unwrap();
        let mark = Mark {
            installation: "aa",
            project: &project,
        };
        let row = |uid: &str| KubernetesObject {
            key: ClusterKey {
                namespace: "a".to_owned(),
                name: "b".to_owned(),
                group: String::new(),
                kind: "ConfigMap".to_owned(),
            },
            version: "v1".to_owned(),
            uid: uid.to_owned(),
            number: 1,
        };
        let live = |metadata: serde_json::Value| {
            let metadata: ObjectMeta = serde_json::from_value(metadata).unwrap();
            Live::new(metadata)
        };
        let ours = || {
            live(json!({"uid": "1", "labels":
                {"towpath.dev/project": "hello", "towpath.dev/installation": "aa"}}))
        };
        assert_eq!(judge(&mark, Some(&row("1")), Some(&ours())), Fate::Delete);
        assert_eq!(judge(&mark, Some(&row("")), Some(&ours())), Fate::Delete);
        assert_eq!(judge(&mark, Some(&row("1")), None), Fate::Forget);
        for (uid, metadata, why) in [
            ("1", json!({"uid": "1"}), "mark"),
            (
                "1",
                json!({"uid": "1", "labels": {"helm.toolkit.fluxcd.io/name": "x"}}),
                "Flux",
            ),
            (
                "2",
                json!({"uid": "1", "labels":
                    {"towpath.dev/project": "hello", "towpath.dev/installation": "aa"}}),
                "anew",
            ),
        ] {
            match judge(&mark, Some(&row(uid)), Some(&live(metadata))) {
                Fate::Leave(told) => assert!(told.contains(why), "{told}"),
                fate => panic!("{fate:?}"),
            }
        }
    }
}
