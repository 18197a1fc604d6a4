use crate::resid::Gvk;

/// What others need comes first (kyaml's `resid.orderFirst`).
pub(crate) const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
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
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

/// Webhooks come last: they may refuse the others (kyaml's `resid.orderLast`).
pub(crate) const LAST: [&str; 2] = [
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// Sorts types as kyaml's `Gvk.IsLessThan` does.
pub(crate) fn key(gvk: &Gvk) -> (i32, String) {
    (rank(&gvk.kind), text(gvk))
}

fn rank(kind: &str) -> i32 {
    let position = |kinds: &[&str]| kinds.iter().position(|known| *known == kind);
    let number = |index: usize| i32::try_from(index).unwrap_or(i32::MAX);
    match (position(&FIRST), position(&LAST)) {
        (Some(index), _) => number(index) - number(FIRST.len()),
        (_, Some(index)) => number(index) + 1,
        _ => 0,
    }
}

fn text(gvk: &Gvk) -> String {
    let or = |text: &str, none: &'static str| match text.is_empty() {
        true => none.to_owned(),
        false => text.to_owned(),
    };
    format!(
        "{}_{}_{}",
        or(&gvk.group, "~G"),
        or(&gvk.version, "~V"),
        or(&gvk.kind, "~K")
    )
}
