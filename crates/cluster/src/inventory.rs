use std::collections::BTreeSet;

use towpath_store::ClusterKey;

use crate::object::ObjectId;
use crate::order;

/// The objects that an application put into a cluster: what may be pruned, and nothing else.
pub type Inventory = BTreeSet<ObjectId>;

/// What is in `old` and no longer in `new`, in the order in which it is to be deleted: the reverse of
/// applying. Namespaces are never pruned: others' objects may live there.
pub fn to_prune(old: &Inventory, new: &Inventory) -> Vec<ObjectId> {
    let mut gone: Vec<ObjectId> = old
        .difference(new)
        .filter(|id| id.kind != "Namespace")
        .cloned()
        .collect();
    gone.sort_by_key(|id| std::cmp::Reverse(order::rank(&id.kind)));
    gone
}

/// As rows name it.
pub(crate) fn key(id: &ObjectId) -> ClusterKey {
    ClusterKey {
        namespace: id
            .namespace
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        name: id.name.clone(),
        group: id.group.clone(),
        kind: id.kind.clone(),
    }
}

pub(crate) fn id(key: ClusterKey) -> ObjectId {
    ObjectId {
        namespace: key.namespace.parse().ok(),
        name: key.name,
        group: key.group,
        kind: key.kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(ids: &[&str]) -> Inventory {
        ids.iter().map(|id| id.parse().unwrap()).collect()
    }

    #[test]
    fn what_is_gone_is_pruned_users_before_what_they_use() {
        let old = inventory(&[
            "_a__Namespace",
            "a_c__ConfigMap",
            "a_d_apps_Deployment",
            "a_s__Service",
        ]);
        let new = inventory(&["a_s__Service"]);
        let pruned: Vec<String> = to_prune(&old, &new)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(pruned, ["a_d_apps_Deployment", "a_c__ConfigMap"]);
        assert!(to_prune(&new, &old).is_empty());
    }
}
