use std::sync::Arc;

use smol_str::SmolStr;
use towpath_model::Location;

use crate::links::Links;
use crate::notes::{Notes, PreviousId};
use crate::resid::{Gvk, ResId};
use crate::scope::Scopes;
use crate::value::{Key, Map, Scalar, Style, Value, set_field};

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
    pub(crate) notes: Notes,
    pub(crate) vars: Vec<String>,
    pub(crate) links: Links,
    /// Whether helm has rendered it, and has given it its namespace.
    pub(crate) from_helm: bool,
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
        match self.history.notes.previous.first() {
            Some(previous) => self.id_from(previous),
            None => self.current_id(),
        }
    }

    /// Whether it has this name, or had it.
    pub(crate) fn had_name(&self, name: &str) -> bool {
        let mut previous = self.history.notes.previous.iter();
        self.name() == name || previous.any(|previous| previous.name == name)
    }

    /// Ids that it had, the oldest first, without the current one.
    pub(crate) fn previous_ids(&self) -> Vec<ResId> {
        let previous = self.history.notes.previous.iter();
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
        self.history.notes.previous.push(PreviousId {
            kind: id.gvk.kind.clone(),
            name: id.name.clone(),
            namespace: id.effective_namespace().into(),
        });
        self.note();
    }

    /// Sets all annotations anew, as upstream does to add some of its own: they are strings then.
    pub(crate) fn renew_annotations(&mut self) {
        let metadata = self.value.get_mut("metadata");
        if let Some(metadata) = metadata.and_then(Value::as_object_mut) {
            renew(metadata, "annotations");
        }
        self.keep_notes();
    }

    /// To be called after each patch and replacement: what it has changed in one place changes in all that are linked, and
    /// what it has removed takes along what was noted in it.
    pub(crate) fn settle(&mut self) {
        self.history.links.settle(&mut self.value);
        self.forget_lost_notes();
    }

    pub(crate) fn set_kind(&mut self, kind: &str) {
        if let Some(object) = self.value.as_object_mut() {
            set_text(object, "kind", kind);
        }
    }

    pub(crate) fn set_api_version(&mut self, api_version: &str) {
        if let Some(object) = self.value.as_object_mut() {
            set_text(object, "apiVersion", api_version);
        }
    }

    pub(crate) fn set_name(&mut self, name: &str) {
        if let Some(metadata) = self.metadata_mut() {
            set_text(metadata, "name", name);
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
            set_text(metadata, "namespace", namespace);
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
        metadata.get_or_make(key).as_object_mut()
    }

    fn metadata_mut(&mut self) -> Option<&mut Map> {
        let object = self.value.as_object_mut()?;
        object.get_or_make("metadata").as_object_mut()
    }

    fn field(&self, key: &str) -> &str {
        self.value.get(key).map(Value::text).unwrap_or_default()
    }

    fn metadata_field(&self, key: &str) -> &str {
        let value = self.value.get("metadata").and_then(|m| m.get(key));
        let value = value.filter(|value| !value.is_null());
        value.map(Value::text).unwrap_or_default()
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

/// Makes a mapping of strings anew; one without entries goes, and so does what is no mapping.
pub(crate) fn renew(metadata: &mut Map, field: &str) {
    let old = metadata.remove(field);
    let entries = old.as_ref().and_then(Value::as_object).map(Map::iter);
    let entries = entries.into_iter().flatten();
    let texts = strings(entries.map(|(key, value)| (key.clone(), value.text())));
    if !texts.is_empty() {
        metadata.insert(field, texts.into());
    }
}

/// A mapping of strings, with quotes where YAML 1.1 needs them. Of two entries with one key the last one counts.
pub(crate) fn strings<'t>(entries: impl IntoIterator<Item = (SmolStr, &'t str)>) -> Map {
    let strings = entries.into_iter().map(|(key, text)| {
        let mut string = Scalar::string(text);
        string.quote_if_needed();
        (key, Value::Scalar(string))
    });
    strings.collect()
}

/// Sets a field to what a text says.
fn set_text(map: &mut Map, name: &str, text: &str) {
    let key = Key::untagged(name, Style::PLAIN);
    set_field(map, key, Scalar::untagged(text).into());
}
