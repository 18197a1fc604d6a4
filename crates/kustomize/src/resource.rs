use std::sync::Arc;

use smol_str::SmolStr;
use towpath_model::Location;

use crate::resid::{Gvk, ResId};
use crate::scope::Scopes;
use crate::shared::Shared;
use crate::value::{Map, Value};
use crate::written::Written;

/// An object and what the build knows about it. Upstream keeps the latter in annotations while it builds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Resource {
    /// A mapping; null once a patch has deleted the object. The order of keys means nothing: output sorts.
    pub(crate) value: Value,
    pub(crate) history: History,
    pub(crate) origin: Option<Origin>,
    pub(crate) transformations: Vec<Origin>,
    /// Where it stands in a file; none for one that was generated.
    pub(crate) at: Option<Arc<Location>>,
    /// Those of the kustomization's own schema.
    pub(crate) scopes: Option<Arc<Scopes>>,
}

/// What has happened to an object so far in this build.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct History {
    /// The oldest first.
    pub(crate) previous: Vec<PreviousId>,
    pub(crate) prefixes: Vec<SmolStr>,
    pub(crate) suffixes: Vec<SmolStr>,
    pub(crate) referred_by: Vec<ResId>,
    pub(crate) vars: Vec<String>,
    pub(crate) behavior: Behavior,
    pub(crate) needs_hash: bool,
    pub(crate) written: Written,
    pub(crate) shared: Shared,
    /// Whether upstream has annotations of its own on the object by now: patches see that.
    pub(crate) annotated: bool,
    /// Whether helm has rendered it, and has given it its namespace.
    pub(crate) from_helm: bool,
}

/// A name that an object had. Its group and version are those that it has now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PreviousId {
    pub(crate) kind: SmolStr,
    pub(crate) name: SmolStr,
    /// The effective one.
    pub(crate) namespace: SmolStr,
}

/// What a generated object does to one of the same id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Behavior {
    #[default]
    Unspecified,
    Create,
    Replace,
    Merge,
}

/// Where an object or a transformation comes from, for `buildMetadata`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) path: String,
    pub(crate) repo: String,
    pub(crate) git_ref: String,
    pub(crate) configured_in: String,
    pub(crate) configured_by: Option<ConfiguredBy>,
}

/// The generator or transformer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ConfiguredBy {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
}

impl Resource {
    pub(crate) fn new(value: Value) -> Self {
        Self {
            value,
            history: History::default(),
            origin: None,
            transformations: Vec::new(),
            at: None,
            scopes: None,
        }
    }

    pub(crate) fn gvk(&self) -> Gvk {
        Gvk::new(self.field("apiVersion"), self.field("kind"))
    }

    pub(crate) fn api_version(&self) -> &str {
        self.field("apiVersion")
    }

    pub(crate) fn kind(&self) -> &str {
        self.field("kind")
    }

    pub(crate) fn name(&self) -> &str {
        self.metadata_field("name")
    }

    pub(crate) fn namespace(&self) -> &str {
        self.metadata_field("namespace")
    }

    /// The id by what the object says now; unique in a [`ResMap`](crate::resmap::ResMap).
    pub(crate) fn current_id(&self) -> ResId {
        let gvk = self.gvk();
        ResId {
            own_scope: self.own_scope(&gvk),
            gvk,
            name: self.name().into(),
            namespace: self.namespace().into(),
        }
    }

    /// The first id that it had.
    pub(crate) fn original_id(&self) -> ResId {
        match self.history.previous.first() {
            Some(previous) => self.id_from(previous),
            None => self.current_id(),
        }
    }

    /// Whether it has this name, or had it.
    pub(crate) fn had_name(&self, name: &str) -> bool {
        let mut previous = self.history.previous.iter();
        self.name() == name || previous.any(|previous| previous.name == name)
    }

    /// Ids that it had, the oldest first, without the current one.
    pub(crate) fn previous_ids(&self) -> Vec<ResId> {
        let previous = self.history.previous.iter();
        previous.map(|previous| self.id_from(previous)).collect()
    }

    /// All ids that it had, the current one last.
    pub(crate) fn any_ids(&self) -> Vec<ResId> {
        let mut ids = self.previous_ids();
        ids.push(self.current_id());
        ids
    }

    /// Remembers the current id: to be called before a change of name, namespace or kind.
    pub(crate) fn store_previous_id(&mut self) {
        let id = self.current_id();
        self.history.previous.push(PreviousId {
            kind: id.gvk.kind.clone(),
            name: id.name.clone(),
            namespace: id.effective_namespace().into(),
        });
        self.history.annotated = true;
    }

    /// Upstream writes all annotations anew with those that say where an object comes from.
    pub(crate) fn writes_annotations(&mut self) {
        self.history.shared.forget(&["metadata", "annotations"]);
        self.history.written.set_annotations_anew(&self.value);
    }

    pub(crate) fn set_kind(&mut self, kind: &str) {
        self.set_field("kind", kind);
    }

    pub(crate) fn set_name(&mut self, name: &str) {
        if let Some(metadata) = self.metadata_mut() {
            metadata.insert("name", name.into());
        }
    }

    /// Sets the namespace; the empty one removes the field.
    pub(crate) fn set_namespace(&mut self, namespace: &str) {
        if namespace.is_empty() {
            if let Some(metadata) = self
                .value
                .get_mut("metadata")
                .and_then(Value::as_object_mut)
            {
                metadata.remove("namespace");
            }
        } else if let Some(metadata) = self.metadata_mut() {
            metadata.insert("namespace", namespace.into());
        }
    }

    /// Whether a patch has deleted it, or nothing is left of it.
    pub(crate) fn is_empty(&self) -> bool {
        self.value.as_object().is_none_or(Map::is_empty)
    }

    /// `metadata.annotations` or `metadata.labels`, as far as it is a mapping.
    pub(crate) fn metadata_map(&self, key: &str) -> Option<&Map> {
        self.value.get("metadata")?.get(key)?.as_object()
    }

    /// The mapping under `metadata`, made where it is missing; none for an object that is no mapping.
    pub(crate) fn metadata_map_mut(&mut self, key: &str) -> Option<&mut Map> {
        let metadata = self.metadata_mut()?;
        let value = metadata.get_or_insert(key);
        if value.is_null() {
            *value = Value::Object(Map::new());
        }
        value.as_object_mut()
    }

    fn metadata_mut(&mut self) -> Option<&mut Map> {
        let object = self.value.as_object_mut()?;
        let metadata = object.get_or_insert("metadata");
        if metadata.is_null() {
            *metadata = Value::Object(Map::new());
        }
        metadata.as_object_mut()
    }

    fn field(&self, key: &str) -> &str {
        let value = self.value.get(key).and_then(Value::as_str);
        value.unwrap_or_default()
    }

    fn set_field(&mut self, key: &str, text: &str) {
        if let Some(object) = self.value.as_object_mut() {
            object.insert(key, text.into());
        }
    }

    fn metadata_field(&self, key: &str) -> &str {
        let value = self.value.get("metadata").and_then(|m| m.get(key));
        value.and_then(Value::as_str).unwrap_or_default()
    }

    fn id_from(&self, previous: &PreviousId) -> ResId {
        let gvk = Gvk {
            kind: previous.kind.clone(),
            ..self.gvk()
        };
        ResId {
            own_scope: self.own_scope(&gvk),
            gvk,
            name: previous.name.clone(),
            namespace: previous.namespace.clone(),
        }
    }

    fn own_scope(&self, gvk: &Gvk) -> Option<bool> {
        self.scopes.as_ref()?.is_cluster_scoped(gvk)
    }
}
