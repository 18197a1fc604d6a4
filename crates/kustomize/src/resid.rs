use std::fmt;

use smol_str::{SmolStr, format_smolstr};

/// Group, version and kind of an object, each empty where it is not given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Gvk {
    pub(crate) group: SmolStr,
    pub(crate) version: SmolStr,
    pub(crate) kind: SmolStr,
}

/// What tells objects apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct ResId {
    pub(crate) gvk: Gvk,
    pub(crate) name: SmolStr,
    /// As written: empty is not yet `default`.
    pub(crate) namespace: SmolStr,
    /// Whether the object belongs to the whole cluster, where the kustomization's own schema says it.
    pub(crate) own_scope: Option<bool>,
}

/// The namespace of objects that name none.
const DEFAULT_NAMESPACE: &str = "default";

/// Stands in for the namespace of objects of the whole cluster (kyaml's `resid.TotallyNotANamespace`).
const NOT_A_NAMESPACE: &str = "_non_namespaceable_";

impl Gvk {
    pub(crate) fn new(api_version: &str, kind: &str) -> Self {
        let (group, version) = split_api_version(api_version);
        Self {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
        }
    }

    pub(crate) fn api_version(&self) -> SmolStr {
        match self.group.is_empty() {
            true => self.version.clone(),
            false => format_smolstr!("{}/{}", self.group, self.version),
        }
    }

    /// Whether `selector` selects this, its empty fields standing for anything.
    pub(crate) fn is_selected(&self, selector: &Gvk) -> bool {
        let fits = |want: &str, have: &str| want.is_empty() || want == have;
        fits(&selector.group, &self.group)
            && fits(&selector.version, &self.version)
            && fits(&selector.kind, &self.kind)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.group.is_empty() && self.version.is_empty() && self.kind.is_empty()
    }
}

/// Group and version.
pub(crate) fn split_api_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

impl fmt::Display for Gvk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or = |text: &str, none: &'static str| match text.is_empty() {
            true => none.to_owned(),
            false => text.to_owned(),
        };
        write!(
            f,
            "{}.{}.{}",
            or(&self.kind, "[noKind]"),
            or(&self.version, "[noVer]"),
            or(&self.group, "[noGrp]")
        )
    }
}

impl ResId {
    /// The namespace that counts: `default` for none, and none for objects of the whole cluster.
    pub(crate) fn effective_namespace(&self) -> &str {
        if self.is_cluster_scoped() {
            NOT_A_NAMESPACE
        } else if self.namespace.is_empty() {
            DEFAULT_NAMESPACE
        } else {
            &self.namespace
        }
    }

    pub(crate) fn is_cluster_scoped(&self) -> bool {
        let own = self.own_scope;
        own.unwrap_or_else(|| crate::scope::is_cluster_scoped(&self.gvk))
    }

    /// Whether group, version, kind and name are the same.
    pub(crate) fn gvkn_equals(&self, other: &ResId) -> bool {
        self.name == other.name && self.gvk == other.gvk
    }

    /// Whether both mean the same object: as [`Self::gvkn_equals`], and the same effective namespace. What one of
    /// them knows about the scope of their type holds for both.
    pub(crate) fn same(&self, other: &ResId) -> bool {
        let has_no_namespace = self.own_scope.or(other.own_scope) == Some(true);
        self.gvkn_equals(other)
            && (has_no_namespace || self.effective_namespace() == other.effective_namespace())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.gvk.is_empty() && self.name.is_empty() && self.namespace.is_empty()
    }
}

impl fmt::Display for ResId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or = |text: &str, none: &'static str| match text.is_empty() {
            true => none.to_owned(),
            false => text.to_owned(),
        };
        write!(
            f,
            "{}/{}.{}",
            self.gvk,
            or(&self.name, "[noName]"),
            or(&self.namespace, "[noNs]")
        )
    }
}
