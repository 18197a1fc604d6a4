//! `vars`: deprecated, replaced by replacements.

use towpath_model::Diagnostic;

use crate::fieldspec::FieldSpec;
use crate::kustomization::At;
use crate::resid::ResId;
use crate::resmap::ResMap;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Var {
    pub(crate) name: String,
    pub(crate) object: ResId,
    /// `metadata.name` where the file names none.
    pub(crate) field_path: String,
}

/// Marks the objects that the vars of one kustomization mean, and adds these to those that there are.
///
/// # Errors
/// When two vars have one name, or when one means several objects.
pub(crate) fn add(
    _map: &mut ResMap,
    _vars: &mut Vec<At<Var>>,
    added: &[At<Var>],
) -> Result<(), Diagnostic> {
    match added.first() {
        Some(first) => Err(Diagnostic::new(first.at.clone(), "not supported yet: vars")),
        None => Ok(()),
    }
}

/// Adds the vars of a base to those that there are.
///
/// # Errors
/// When two vars have one name.
pub(crate) fn merge(vars: &mut Vec<At<Var>>, base: Vec<At<Var>>) -> Result<(), Diagnostic> {
    vars.extend(base);
    Ok(())
}

/// Replaces `$(NAME)` in the fields that `fields` names.
///
/// # Errors
/// When a var's object or field does not exist.
pub(crate) fn resolve(
    _map: &mut ResMap,
    _vars: &[At<Var>],
    _fields: &[FieldSpec],
) -> Result<(), Diagnostic> {
    Ok(())
}
