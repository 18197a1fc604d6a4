//! Strategic merge patches on the objects of a build.

use towpath_model::{Diagnostic, Location};

use crate::merge::{self, Schema};
use crate::objects::Object;
use crate::resid::ResId;
use crate::resmap::ResMap;
use crate::resource::{Resource, renew};
use crate::value::Value;

/// A patch and what it may change of an object's id.
#[derive(Clone, Debug)]
pub(super) struct StrategicPatch {
    value: Value,
    id: ResId,
    at: Location,
    pub(super) may_rename: bool,
    pub(super) may_change_kind: bool,
}

impl StrategicPatch {
    /// # Errors
    /// When a key is no string.
    pub(super) fn new(object: &Object<'_>) -> Result<Self, Diagnostic> {
        let resource = Resource::new(object.value()?);
        Ok(Self {
            id: resource.current_id(),
            value: resource.value,
            at: object.at.clone(),
            may_rename: false,
            may_change_kind: false,
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
                target.value["apiVersion"] = Value::default();
            }
        }
        map.drop_empties();
        map.check_unique()
            .map_err(|taken| self.problem(taken.message()))
    }

    /// The patch with the object's version. Upstream sets labels and annotations anew on the way, which makes
    /// texts of whatever they were: a null is the label `null` then.
    fn retargeted(&self, target: &Resource) -> Value {
        let mut patch = Resource::new(self.value.clone());
        let metadata = patch.value.get_mut("metadata");
        if let Some(metadata) = metadata.and_then(Value::as_object_mut) {
            renew(metadata, "labels");
            renew(metadata, "annotations");
        }
        patch.set_api_version(&target.gvk().api_version());
        patch.value
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
        let merged = merge::merge(
            target.value.take(),
            patch,
            schema,
            &mut target.history.links,
        );
        target.value = merged
            .map_err(|problem| self.problem(problem))?
            .unwrap_or_default();
        if target.is_empty() {
            return Ok(());
        }
        target.settle();
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
