//! Strategic merge patches on the objects of a build.

use towpath_model::{Diagnostic, Location};
use towpath_yaml::{Entry, Node};

use crate::merge::{self, Schema};
use crate::object_value::patch_value;
use crate::objects::Object;
use crate::resid::ResId;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::value::{Map, Value};
use crate::written::Written;

/// A patch and what it may change of an object's id.
#[derive(Clone, Debug)]
pub(super) struct StrategicPatch {
    value: Value,
    written: Written,
    id: ResId,
    at: Location,
    pub(super) may_rename: bool,
    pub(super) may_change_kind: bool,
    /// `metadata.labels` and `metadata.annotations` as texts.
    labels: Map,
    annotations: Map,
}

impl StrategicPatch {
    /// # Errors
    /// When a key is no string.
    pub(super) fn new(object: &Object<'_>) -> Result<Self, Diagnostic> {
        let value = patch_value(&object.at.file, object.node)?;
        let resource = Resource::new(value);
        Ok(Self {
            id: resource.current_id(),
            value: resource.value,
            written: Written::of(object.node),
            at: object.at.clone(),
            may_rename: false,
            may_change_kind: false,
            labels: texts(object.node, "labels"),
            annotations: texts(object.node, "annotations"),
        })
    }

    /// Applies the patch to the object that has its id, or had it.
    ///
    /// # Errors
    /// When there is no such object or more than one, or when the patch does not fit it.
    pub(super) fn apply_by_id(&self, map: &mut ResMap, schema: &Schema) -> Result<(), Diagnostic> {
        let index = self.find(map)?;
        self.merge(&mut map.list[index], self.value.clone(), schema)
    }

    /// The object that has the patch's id, or had it.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub(super) fn find(&self, map: &ResMap) -> Result<usize, Diagnostic> {
        let id = &self.id;
        match map.by_any_id(&id.name, |other| other.same(id))[..] {
            [index] => Ok(index),
            [] => Err(self.problem(format!(
                "no resource matches strategic merge patch \"{id}\": no matches for Id {id}; failed to find unique target for patch {id}"
            ))),
            _ => Err(self.problem(format!(
                "multiple matches for Id {id}; failed to find unique target for patch {id}"
            ))),
        }
    }

    /// Applies the patch to these objects whatever its id is.
    ///
    /// # Errors
    /// When the patch does not fit one of them, or when two have got one id.
    pub(super) fn apply_to(
        &self,
        map: &mut ResMap,
        targets: &[usize],
        schema: &Schema,
    ) -> Result<(), Diagnostic> {
        for &index in targets {
            let target = &mut map.list[index];
            let patch = self.retargeted(target);
            self.merge(target, patch, schema)?;
            if target.api_version().is_empty() && !target.is_empty() {
                // Upstream sets the version that the object does not have.
                target.value["apiVersion"] = Value::Null;
            }
        }
        map.drop_empties();
        map.check_unique()
            .map_err(|taken| self.problem(taken.message()))
    }

    /// The patch with the object's version. Upstream sets labels and annotations anew on the way, which makes
    /// texts of whatever they were: a null is the label `null` then.
    fn retargeted(&self, target: &Resource) -> Value {
        let mut patch = self.value.clone();
        if let Some(object) = patch.as_object_mut() {
            object.insert("apiVersion".to_owned(), target.gvk().api_version().into());
        }
        for (key, texts) in [("labels", &self.labels), ("annotations", &self.annotations)] {
            let metadata = patch.get_mut("metadata").and_then(Value::as_object_mut);
            let Some(metadata) = metadata else { continue };
            metadata.remove(key);
            if !texts.is_empty() {
                metadata.insert(key.to_owned(), Value::Object(texts.clone()));
            }
        }
        patch
    }

    fn merge(
        &self,
        target: &mut Resource,
        patch: Value,
        schema: &Schema,
    ) -> Result<(), Diagnostic> {
        let (name, namespace) = (target.name().to_owned(), target.namespace().to_owned());
        let kind = target.kind().to_owned();
        if self.may_rename || self.may_change_kind {
            target.store_previous_id();
        }
        target.history.shared.forget_replaced(&patch);
        let merged = merge::merge(
            target.value.take(),
            patch,
            schema,
            &mut target.history.written,
            &self.written,
        );
        target.value = merged
            .map_err(|problem| self.problem(problem))?
            .unwrap_or_default();
        if target.is_empty() {
            return Ok(());
        }
        if !self.may_change_kind {
            target.set_kind(&kind);
        }
        if !self.may_rename {
            target.set_name(&name);
        }
        target.set_namespace(&namespace);
        Ok(())
    }

    fn problem(&self, message: String) -> Diagnostic {
        Diagnostic::new(self.at.clone(), message)
    }
}

fn texts(node: &Node, key: &str) -> Map {
    let entries = node
        .at(&["metadata", key])
        .map(Node::entries)
        .unwrap_or_default();
    let text = |entry: &Entry| {
        let text = entry.value.text().unwrap_or_default();
        (entry.name().into(), text.into())
    };
    entries.iter().map(text).collect()
}
