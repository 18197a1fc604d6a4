//! `namePrefix`, `nameSuffix` and `namespace`.

use smol_str::format_smolstr;

use crate::fieldspec::{FieldSpec, Make};
use crate::resid::Gvk;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::value::{Map, Scalar, Style, Tag, Value, set_scalar};

/// At which end of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Prefix,
    Suffix,
}

/// Which subjects of role bindings get the namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Subjects {
    #[default]
    NamedDefault,
    AllServiceAccounts,
    None,
}

/// Upstream's `NamespaceTransformer`.
#[derive(Clone, Debug, Default)]
pub(crate) struct SetNamespace<'s> {
    pub(crate) namespace: &'s str,
    pub(crate) specs: &'s [FieldSpec],
    pub(crate) subjects: Subjects,
    /// Leaves what is set already.
    pub(crate) unset_only: bool,
}

/// Adds `text` to the names of all objects but namespaces, CRDs and API services (upstream's
/// `PrefixTransformer` and `SuffixTransformer`).
///
/// # Errors
/// When a spec leads to something that is no scalar.
pub(crate) fn affix(
    map: &mut ResMap,
    end: End,
    text: &str,
    specs: &[FieldSpec],
) -> Result<(), String> {
    for resource in &mut map.list {
        let original = resource.original_id().gvk;
        if keeps_its_name(&original) {
            continue;
        }
        for spec in specs.iter().filter(|spec| spec.applies_to(&original)) {
            if spec.path() == "metadata/name" {
                remember(resource, end, text);
            }
            let make = Make::Scalar(Tag::Str);
            spec.apply(resource, make, &mut |node| add(node, end, text))?;
        }
    }
    Ok(())
}

fn keeps_its_name(gvk: &Gvk) -> bool {
    match gvk.kind.as_str() {
        "CustomResourceDefinition" | "Namespace" => true,
        "APIService" => gvk.group == "apiregistration.k8s.io",
        _ => false,
    }
}

fn remember(resource: &mut Resource, end: End, text: &str) {
    if text.is_empty() {
        return;
    }
    let history = &mut resource.history;
    match end {
        End::Prefix => history.notes.prefixes.push(text.into()),
        End::Suffix => history.notes.suffixes.push(text.into()),
    }
    resource.store_previous_id();
}

fn add(node: &mut Value, end: End, text: &str) -> Result<(), String> {
    let old = node.text();
    let new = match end {
        End::Prefix => format_smolstr!("{text}{old}"),
        End::Suffix => format_smolstr!("{old}{text}"),
    };
    set_scalar(node, Scalar::untagged(new))
}

impl SetNamespace<'_> {
    /// # Errors
    /// When a field is no scalar, or when two objects get one id.
    pub(crate) fn apply(&self, map: &mut ResMap) -> Result<(), String> {
        let is_left = |resource: &Resource| resource.is_empty() || resource.history.from_helm;
        for resource in map.list.iter_mut().filter(|resource| !is_left(resource)) {
            resource.store_previous_id();
            self.one(resource)?;
        }
        map.check_unique()
            .map_err(|taken| format!("namespace transformation produces ID conflict: {}", taken.0))
    }

    fn one(&self, resource: &mut Resource) -> Result<(), String> {
        let id = resource.current_id();
        let mut set = |node: &mut Value| self.set(node);
        if !id.is_cluster_scoped() {
            let own = FieldSpec::any("metadata/namespace", true);
            own.apply(resource, Make::Scalar(Tag::None), &mut set)?;
        }
        let binds_roles = matches!(id.gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding");
        if binds_roles {
            self.set_subjects(&mut resource.value)?;
        }
        let is_core = id.gvk.api_version() == "v1";
        let applicable = self.specs.iter().filter(|spec| {
            let is_subjects =
                matches!(spec.gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding")
                    && spec.path() == "subjects/namespace";
            spec.path() != "metadata/namespace"
                && (is_core || spec.path() != "metadata/name")
                && !(binds_roles && is_subjects)
        });
        for spec in applicable {
            spec.apply(resource, Make::Scalar(Tag::Str), &mut set)
                .map_err(|problem| format!("namespace transformation failed: {problem}"))?;
        }
        Ok(())
    }

    fn set(&self, node: &mut Value) -> Result<(), String> {
        let is_set = !node.is_null() && !node.text().is_empty();
        match self.unset_only && is_set {
            true => Ok(()),
            false => set_scalar(node, self.namespace()),
        }
    }

    fn namespace(&self) -> Scalar {
        Scalar::new(self.namespace, Tag::Str, Style::PLAIN)
    }

    fn set_subjects(&self, object: &mut Value) -> Result<(), String> {
        let subjects = match object.get_mut("subjects") {
            None => return Ok(()),
            Some(Value::Array(subjects)) => &mut subjects.items,
            Some(subjects) if subjects.is_null() => return Ok(()),
            Some(_) => return Err("subjects of a role binding: expected a list".to_owned()),
        };
        for subject in subjects.iter_mut().filter_map(Value::as_object_mut) {
            if self.means(subject) {
                if !subject.contains_key("namespace") {
                    subject.insert("namespace", Scalar::untagged("").into());
                }
                subject
                    .get_mut("namespace")
                    .map_or(Ok(()), |node| self.set(node))?;
            }
        }
        Ok(())
    }

    fn means(&self, subject: &Map) -> bool {
        let is = |key: &str, text: &str| subject.get(key).is_some_and(|value| value.text() == text);
        match self.subjects {
            Subjects::NamedDefault => is("name", "default"),
            Subjects::AllServiceAccounts => is("kind", "ServiceAccount"),
            Subjects::None => false,
        }
    }
}
