use std::fmt;

use smol_str::SmolStr;

use super::schema::{Schema, Type};
use crate::value::{Map, Value};

/// Where in the object we are, and what is known of the nodes there.
#[derive(Clone, Copy, Default)]
pub(super) struct Place<'p, 's> {
    parent: Option<&'p Place<'p, 's>>,
    step: Step<'p>,
    pub(super) ty: Option<Type<'s>>,
    /// Whether the patch's nodes here are merged again, for another element of a list: then they are copied where they
    /// would be moved.
    pub(super) is_met_again: bool,
}

#[derive(Clone, Copy, Default)]
enum Step<'p> {
    #[default]
    Root,
    Field(&'p str),
    /// By the values of its keys.
    Element(&'p [SmolStr]),
}

impl<'s> Place<'_, 's> {
    pub(super) fn field<'c>(&'c self, name: &'c str) -> Place<'c, 's> {
        Place {
            parent: Some(self),
            step: Step::Field(name),
            ty: self.ty.and_then(|ty| ty.field(name)),
            ..*self
        }
    }

    pub(super) fn element<'c>(&'c self, values: &'c [SmolStr]) -> Place<'c, 's> {
        Place {
            parent: Some(self),
            step: Step::Element(values),
            ty: self.ty.and_then(Type::elements),
            ..*self
        }
    }

    pub(super) fn met(self, is_met_again: bool) -> Self {
        Self {
            is_met_again,
            ..self
        }
    }

    /// The same with the type that a mapping says it is, where nothing else tells; also within an object whose own type
    /// does not.
    pub(super) fn typed(self, schema: &'s Schema, map: &Map) -> Self {
        let text = |key| map.get(key).filter(|value| !value.is_null());
        let said = || {
            let (api_version, kind) = (text("apiVersion")?, text("kind")?);
            schema.of_kind(api_version.text(), kind.text())
        };
        let ty = self.ty.or_else(said);
        Self { ty, ..self }
    }

    /// The type of a list whose elements are merged.
    pub(super) fn associative(&self) -> Option<Type<'s>> {
        self.ty.filter(|ty| ty.merges())
    }

    /// What another node takes over from one of the patch's.
    pub(super) fn adopted(&self, patch: &mut Value) -> Value {
        match self.is_met_again {
            true => patch.clone(),
            false => patch.take(),
        }
    }

    pub(super) fn problem(&self, message: &str) -> String {
        format!("{message}, in `{self}`")
    }
}

impl fmt::Display for Place<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent.filter(|parent| parent.parent.is_some()) {
            write!(f, "{parent}.")?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Field(name) => f.write_str(name),
            Step::Element(values) => write!(f, "[{}]", values.join(",")),
        }
    }
}
