use std::collections::{BTreeMap, BTreeSet};

use kube::api::{Api, DynamicObject};
use towpath_model::{Namespace, ProjectName};
use towpath_store::KubernetesObject;

use super::Inner;
use super::asking::Asking;
use super::kinds::Kind;
use super::ownership::{INSTALLATION, PROJECT};
use crate::error::ClusterError;
use crate::health;
use crate::inventory::id;
use crate::object::ObjectId;

/// What a project has of one kind in one namespace.
pub(super) struct Group {
    pub(super) kind: Kind,
    pub(super) namespace: Option<Namespace>,
    pub(super) ids: BTreeSet<ObjectId>,
}

impl Group {
    pub(super) fn api(&self, asking: &Asking) -> Api<DynamicObject> {
        self.kind.api(asking, self.namespace.as_ref())
    }

    pub(super) fn in_words(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{} in namespace {namespace}", self.kind.resource.plural),
            None => self.kind.resource.plural.clone(),
        }
    }
}

/// What of the newest apply can be anything but healthy.
pub(super) async fn groups(
    cluster: &Inner,
    project: &ProjectName,
    release: i64,
) -> Result<Vec<Group>, ClusterError> {
    let rows = cluster
        .store
        .kubernetes_inventory(&cluster.asking.cluster, project)
        .await?;
    let newest = rows
        .into_iter()
        .filter(|row| row.number == release)
        .filter(|row| health::is_waited_for(&row.key.group, &row.key.kind));
    let mut groups: BTreeMap<(String, String, Option<Namespace>), BTreeSet<ObjectId>> =
        BTreeMap::new();
    for row in newest {
        let api_version = api_version(&row);
        let id = id(row.key);
        let key = (api_version, id.kind.clone(), id.namespace.clone());
        groups.entry(key).or_default().insert(id);
    }
    let mut found = Vec::new();
    for ((api_version, kind, namespace), ids) in groups {
        let kind = cluster
            .kinds
            .one(&cluster.asking, &api_version, &kind)
            .await?
            .ok_or_else(|| {
                ClusterError::NotFound(format!(
                    "kind {kind} of {api_version} in cluster {}",
                    cluster.asking.cluster
                ))
            })?;
        found.push(Group {
            kind,
            namespace,
            ids,
        });
    }
    Ok(found)
}

pub(super) fn api_version(row: &KubernetesObject) -> String {
    match row.key.group.as_str() {
        "" => row.version.clone(),
        group => format!("{group}/{}", row.version),
    }
}

/// Selects the objects of a project on the server.
pub(super) fn selector(cluster: &Inner, project: &ProjectName) -> String {
    format!(
        "{PROJECT}={project},{INSTALLATION}={}",
        cluster.installation
    )
}
