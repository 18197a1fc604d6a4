//! `namePrefix`, `nameSuffix` and `namespace`.

use smol_str::SmolStr;

use crate::fieldspec::{FieldSpec, Make};
use crate::resid::Gvk;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::scalar;
use crate::value::{Map, Value};

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
            let old = text_at(resource, spec.names());
            spec.apply(resource, Make::Scalar, &mut |node| add(node, end, text))?;
            if let (Some(old), Some(new)) = (old, text_at(resource, spec.names())) {
                let written = &mut resource.history.written;
                written.changed(spec.names(), &old, &new);
            }
        }
    }
    Ok(())
}

/// The text of a string, where the path leads to one without lists on the way.
fn text_at(resource: &Resource, path: &[SmolStr]) -> Option<SmolStr> {
    let mut names = path.iter();
    let node = names.try_fold(&resource.value, |node, name| node.get(name))?;
    node.as_str().map(SmolStr::new)
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
        End::Prefix => history.prefixes.push(text.into()),
        End::Suffix => history.suffixes.push(text.into()),
    }
    resource.store_previous_id();
}

fn add(node: &mut Value, end: End, text: &str) -> Result<(), String> {
    expect_scalar(node)?;
    let old = scalar::text(node);
    let new = match end {
        End::Prefix => format!("{text}{old}"),
        End::Suffix => format!("{old}{text}"),
    };
    *node = match node {
        Value::String(_) => new.into(),
        _ => scalar::resolve(&new),
    };
    Ok(())
}

pub(super) fn expect_scalar(node: &Value) -> Result<(), String> {
    match node {
        Value::Array(_) => Err("wrong node kind: expected a scalar, found a list".to_owned()),
        Value::Object(_) => Err("wrong node kind: expected a scalar, found a mapping".to_owned()),
        _ => Ok(()),
    }
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
            own.apply(resource, Make::Scalar, &mut set)?;
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
            spec.apply(resource, Make::Scalar, &mut set)
                .map_err(|problem| format!("namespace transformation failed: {problem}"))?;
        }
        Ok(())
    }

    fn set(&self, node: &mut Value) -> Result<(), String> {
        expect_scalar(node)?;
        if !self.unset_only || scalar::text(node).is_empty() {
            *node = self.namespace.into();
        }
        Ok(())
    }

    fn set_subjects(&self, object: &mut Value) -> Result<(), String> {
        let subjects = match object.get_mut("subjects") {
            None | Some(Value::Null) => return Ok(()),
            Some(Value::Array(subjects)) => subjects,
            Some(_) => return Err("subjects of a role binding: expected a list".to_owned()),
        };
        for subject in subjects.iter_mut().filter_map(Value::as_object_mut) {
            if self.means(subject) {
                let node = subject.get_or_insert("namespace");
                self.set(node)?;
            }
        }
        Ok(())
    }

    fn means(&self, subject: &Map) -> bool {
        let is = |key: &str, text: &str| subject.get(key).and_then(Value::as_str) == Some(text);
        match self.subjects {
            Subjects::NamedDefault => is("name", "default"),
            Subjects::AllServiceAccounts => is("kind", "ServiceAccount"),
            Subjects::None => false,
        }
    }
}
