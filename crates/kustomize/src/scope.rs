use std::collections::BTreeMap;

use serde_json::Value;
use smol_str::{SmolStr, format_smolstr};

use crate::resid::Gvk;

/// Whether objects of this type are known to belong to the whole cluster. Types that the schema of this
/// release does not know belong to a namespace (kyaml's `openapi.IsCertainlyClusterScoped`).
pub(crate) fn is_cluster_scoped(gvk: &Gvk) -> bool {
    let key = (gvk.group.as_str(), gvk.version.as_str(), gvk.kind.as_str());
    CLUSTER_SCOPED.binary_search(&key).is_ok()
}

/// Types that the `paths` of a kustomization's own OpenAPI document tell of, by `apiVersion` and kind: whether their
/// objects belong to the whole cluster (kyaml's `findNamespaceability`).
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Scopes(BTreeMap<(SmolStr, SmolStr), bool>);

impl Scopes {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// None for a type that they do not tell of.
    pub(crate) fn is_cluster_scoped(&self, gvk: &Gvk) -> Option<bool> {
        let key = (gvk.api_version(), gvk.kind.clone());
        self.0.get(&key).copied()
    }

    /// From a document's `paths`, without the types that `is_known` holds for. A path with a namespace outweighs
    /// all without.
    pub(crate) fn of(paths: Option<&Value>, is_known: impl Fn(&str, &str) -> bool) -> Self {
        let mut scopes = BTreeMap::new();
        let all = paths.and_then(Value::as_object).into_iter().flatten();
        for (path, item) in all.filter(|(path, _)| path.starts_with('/')) {
            let Some((api_version, kind)) = item.get("get").and_then(|get| type_of(get.get(GVK)?))
            else {
                continue;
            };
            if !is_known(&api_version, &kind) {
                let is_cluster_scoped = scopes.entry((api_version, kind)).or_insert(true);
                *is_cluster_scoped &= !path.contains("namespaces/{namespace}");
            }
        }
        Self(scopes)
    }
}

/// The extension that says of which type a definition or a path is.
pub(crate) const GVK: &str = "x-kubernetes-group-version-kind";

/// `apiVersion` and `kind` of an entry of the extension.
pub(crate) fn type_of(extension: &Value) -> Option<(SmolStr, SmolStr)> {
    let text = |key| extension.get(key).and_then(Value::as_str);
    let (version, kind) = (text("version")?, text("kind")?);
    let api_version = match text("group").unwrap_or_default() {
        "" => version.into(),
        group => format_smolstr!("{group}/{version}"),
    };
    Some((api_version, kind.into()))
}

/// Group, version and kind, sorted (kyaml 0.21.1, `precomputedIsNamespaceScoped`).
const CLUSTER_SCOPED: [(&str, &str, &str); 36] = [
    ("", "v1", "ComponentStatus"),
    ("", "v1", "Namespace"),
    ("", "v1", "Node"),
    ("", "v1", "NodeProxyOptions"),
    ("", "v1", "PersistentVolume"),
    (
        "admissionregistration.k8s.io",
        "v1",
        "MutatingWebhookConfiguration",
    ),
    (
        "admissionregistration.k8s.io",
        "v1",
        "ValidatingWebhookConfiguration",
    ),
    (
        "admissionregistration.k8s.io",
        "v1beta1",
        "MutatingWebhookConfiguration",
    ),
    (
        "admissionregistration.k8s.io",
        "v1beta1",
        "ValidatingWebhookConfiguration",
    ),
    ("apiextensions.k8s.io", "v1", "CustomResourceDefinition"),
    (
        "apiextensions.k8s.io",
        "v1beta1",
        "CustomResourceDefinition",
    ),
    ("apiregistration.k8s.io", "v1", "APIService"),
    ("apiregistration.k8s.io", "v1beta1", "APIService"),
    ("certificates.k8s.io", "v1", "CertificateSigningRequest"),
    (
        "certificates.k8s.io",
        "v1beta1",
        "CertificateSigningRequest",
    ),
    ("flowcontrol.apiserver.k8s.io", "v1beta1", "FlowSchema"),
    (
        "flowcontrol.apiserver.k8s.io",
        "v1beta1",
        "PriorityLevelConfiguration",
    ),
    ("networking.k8s.io", "v1", "IngressClass"),
    ("networking.k8s.io", "v1beta1", "IngressClass"),
    ("node.k8s.io", "v1", "RuntimeClass"),
    ("node.k8s.io", "v1beta1", "RuntimeClass"),
    ("policy", "v1beta1", "PodSecurityPolicy"),
    ("rbac.authorization.k8s.io", "v1", "ClusterRole"),
    ("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding"),
    ("rbac.authorization.k8s.io", "v1beta1", "ClusterRole"),
    ("rbac.authorization.k8s.io", "v1beta1", "ClusterRoleBinding"),
    ("scheduling.k8s.io", "v1", "PriorityClass"),
    ("scheduling.k8s.io", "v1beta1", "PriorityClass"),
    ("storage.k8s.io", "v1", "CSIDriver"),
    ("storage.k8s.io", "v1", "CSINode"),
    ("storage.k8s.io", "v1", "StorageClass"),
    ("storage.k8s.io", "v1", "VolumeAttachment"),
    ("storage.k8s.io", "v1beta1", "CSIDriver"),
    ("storage.k8s.io", "v1beta1", "CSINode"),
    ("storage.k8s.io", "v1beta1", "StorageClass"),
    ("storage.k8s.io", "v1beta1", "VolumeAttachment"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_path_with_a_namespace_is_enough() {
        let gvk =
            |kind| serde_json::json!({"get": {GVK: {"group": "g", "version": "v1", "kind": kind}}});
        let paths = serde_json::json!({
            "/apis/g/v1/boats": gvk("Boat"),
            "/apis/g/v1/namespaces/{namespace}/boats/{name}": gvk("Boat"),
            "/apis/g/v1/locks": gvk("Lock"),
            "/apis/g/v1/weirs": gvk("Weir"),
            "/healthz": {"get": {}},
        });
        let scopes = Scopes::of(Some(&paths), |_, kind| kind == "Weir");
        for (kind, expect) in [("Boat", Some(false)), ("Lock", Some(true)), ("Weir", None)] {
            assert_eq!(
                scopes.is_cluster_scoped(&Gvk::new("g/v1", kind)),
                expect,
                "{kind}"
            );
        }
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(CLUSTER_SCOPED.is_sorted());
        assert!(is_cluster_scoped(&Gvk::new("v1", "Namespace")));
        assert!(!is_cluster_scoped(&Gvk::new("v1", "Pod")));
    }
}
