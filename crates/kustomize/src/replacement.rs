//! Copies values from one object into others.

use towpath_model::Diagnostic;

use crate::kustomization::At;
use crate::loader::Loader;
use crate::resid::ResId;
use crate::resmap::ResMap;
use crate::selector::Selector;

/// One replacement, in the kustomization or in a file of its own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ReplacementField {
    Inline(Box<Replacement>),
    /// A file with one replacement or a list of them.
    Path(String),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Replacement {
    pub(crate) source: Option<Source>,
    pub(crate) source_value: Option<String>,
    pub(crate) targets: Vec<Target>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Source {
    pub(crate) id: ResId,
    pub(crate) field_path: String,
    pub(crate) options: Option<FieldOptions>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Target {
    pub(crate) select: Option<Selector>,
    pub(crate) reject: Vec<Selector>,
    pub(crate) field_paths: Vec<String>,
    pub(crate) options: Option<FieldOptions>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldOptions {
    pub(crate) delimiter: String,
    pub(crate) index: i64,
    pub(crate) encoding: String,
    pub(crate) create: bool,
}

/// # Errors
/// When a source or a target cannot be found.
pub(crate) fn apply(
    _map: &mut ResMap,
    replacements: &[At<ReplacementField>],
    _loader: &Loader<'_>,
) -> Result<(), Diagnostic> {
    match replacements.first() {
        Some(first) => Err(Diagnostic::new(
            first.at.clone(),
            "not supported yet: replacements",
        )),
        None => Ok(()),
    }
}
