use crate::object::Object;

/// The order in which kinds are applied: what others need comes first. Kinds that are not listed come
/// after these and before webhooks, as in Flux and cli-utils (`ordering.SortableMetas`).
const FIRST: &[&str] = &[
    "CustomResourceDefinition",
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PodDisruptionBudget",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
];
const LAST: &[&str] = &[
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// Sorts for applying; reverse the result for deleting. Objects of one kind are ordered by namespace and name.
pub fn sort(objects: &mut [Object]) {
    objects.sort_by(|a, b| {
        (rank(&a.kind), &a.kind, &a.namespace, &a.name).cmp(&(
            rank(&b.kind),
            &b.kind,
            &b.namespace,
            &b.name,
        ))
    });
}

/// Lower comes first.
pub fn rank(kind: &str) -> usize {
    let position = |kinds: &[&str]| kinds.iter().position(|known| *known == kind);
    position(FIRST)
        .or_else(|| position(LAST).map(|index| FIRST.len() + 1 + index))
        .unwrap_or(FIRST.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_need_comes_first() {
        let mut kinds = [
            "Ingress",
            "Deployment",
            "MutatingWebhookConfiguration",
            "Service",
            "Namespace",
            "ConfigMap",
        ];
        kinds.sort_by_key(|kind| rank(kind));
        assert_eq!(
            kinds,
            [
                "Namespace",
                "ConfigMap",
                "Service",
                "Deployment",
                "Ingress",
                "MutatingWebhookConfiguration"
            ]
        );
    }
}
