use std::collections::BTreeMap;

use serde_json::Value;
use towpath_store::{ClusterReplicaSet, Store, StoreError};

use super::wanted::{Key, images};
use crate::object::Object;
use crate::rollout::{ReplicaSet, TemplateHash};
use crate::spec::{self, PodTemplate};

/// The replica sets of all deployments: rows, and what they say.
#[derive(Default)]
pub(super) struct ReplicaSets {
    kept: BTreeMap<Key, BTreeMap<TemplateHash, Kept>>,
}

struct Kept {
    set: ReplicaSet,
    template: Value,
}

impl ReplicaSets {
    pub(super) async fn load(store: &Store) -> Result<Self, StoreError> {
        let mut sets = Self::default();
        for row in store.cluster_replica_sets().await? {
            sets.take_in(row);
        }
        Ok(sets)
    }

    fn take_in(&mut self, row: ClusterReplicaSet) {
        let (Ok(namespace), Ok(template)) =
            (row.namespace.parse(), serde_json::from_str(&row.template))
        else {
            tracing::error!(
                deployment = row.deployment,
                "a replica set's row cannot be read"
            );
            return;
        };
        let set = ReplicaSet {
            hash: TemplateHash(row.hash),
            revision: row.revision,
            replicas: u32::try_from(row.replicas).unwrap_or(0),
        };
        let sets = self.kept.entry((namespace, row.deployment)).or_default();
        sets.insert(set.hash.clone(), Kept { set, template });
    }

    /// By revision, the newest last.
    pub(super) fn of(&self, deployment: &Key) -> Vec<ReplicaSet> {
        let kept = self
            .kept
            .get(deployment)
            .into_iter()
            .flat_map(BTreeMap::values);
        let mut sets: Vec<ReplicaSet> = kept.map(|kept| kept.set.clone()).collect();
        sets.sort_by_key(|set| set.revision);
        sets
    }

    pub(super) fn deployments(&self) -> Vec<Key> {
        self.kept.keys().cloned().collect()
    }

    /// Every image that a set names: a version that still serves may be gone from the objects.
    pub(super) fn images(&self) -> impl Iterator<Item = String> {
        let kept = self.kept.values().flat_map(BTreeMap::values);
        kept.flat_map(|kept| images(&kept.template))
    }

    /// The template of a set, typed.
    pub(super) fn template(&self, deployment: &Key, hash: &TemplateHash) -> Option<PodTemplate> {
        let kept = self.kept.get(deployment)?.get(hash)?;
        read_template(&kept.template)
    }

    /// Writes the row, then knows it.
    pub(super) async fn put(
        &mut self,
        store: &Store,
        deployment: &Key,
        set: ReplicaSet,
        newest_template: &Value,
    ) -> Result<(), StoreError> {
        let sets = self.kept.entry(deployment.clone()).or_default();
        let template = sets
            .get(&set.hash)
            .map_or(newest_template, |kept| &kept.template)
            .clone();
        let row = ClusterReplicaSet {
            namespace: deployment.0.to_string(),
            deployment: deployment.1.clone(),
            hash: set.hash.0.clone(),
            revision: set.revision,
            replicas: set.replicas.into(),
            template: template.to_string(),
        };
        store.put_cluster_replica_set(&row).await?;
        sets.insert(set.hash.clone(), Kept { set, template });
        Ok(())
    }

    pub(super) async fn forget(
        &mut self,
        store: &Store,
        deployment: &Key,
        hash: &TemplateHash,
    ) -> Result<(), StoreError> {
        let (namespace, name) = deployment;
        store
            .delete_cluster_replica_set(namespace.as_str(), name, &hash.0)
            .await?;
        if let Some(sets) = self.kept.get_mut(deployment) {
            sets.remove(hash);
            if sets.is_empty() {
                self.kept.remove(deployment);
            }
        }
        Ok(())
    }
}

fn read_template(template: &Value) -> Option<PodTemplate> {
    let mut value = template.clone();
    // A template has no identity of its own; the reader wants one.
    value["apiVersion"] = "apps/v1".into();
    value["kind"] = "ReplicaSet".into();
    if value.pointer("/metadata/name").is_none() {
        value["metadata"]["name"] = "template".into();
    }
    let object = Object::generated("(the cluster)", value)?;
    match spec::read_template(&object) {
        Ok(template) => Some(template),
        Err(error) => {
            tracing::error!(%error, "the template of a replica set cannot be read");
            None
        }
    }
}
