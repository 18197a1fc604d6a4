//! The fields `patches`, `patchesStrategicMerge` and `patchesJson6902`.

use towpath_model::Diagnostic;

use crate::kustomization::{At, Patch};
use crate::loader::Loader;
use crate::resmap::ResMap;

/// `patchesStrategicMerge`: paths or patches.
///
/// # Errors
/// When a patch cannot be read, or when it has no target.
pub(crate) fn apply_strategic(
    _map: &mut ResMap,
    patches: &[At<String>],
    _loader: &Loader<'_>,
) -> Result<(), Diagnostic> {
    not_yet(patches, "patchesStrategicMerge")
}

/// `patches`: of either kind.
///
/// # Errors
/// When a patch cannot be read, or when it has no target.
pub(crate) fn apply(
    _map: &mut ResMap,
    patches: &[At<Patch>],
    _loader: &Loader<'_>,
) -> Result<(), Diagnostic> {
    not_yet(patches, "patches")
}

/// `patchesJson6902`.
///
/// # Errors
/// When a patch cannot be read, or when it has no target.
pub(crate) fn apply_json6902(
    _map: &mut ResMap,
    patches: &[At<Patch>],
    _loader: &Loader<'_>,
) -> Result<(), Diagnostic> {
    not_yet(patches, "patchesJson6902")
}

fn not_yet<T>(patches: &[At<T>], field: &str) -> Result<(), Diagnostic> {
    match patches.first() {
        Some(first) => Err(Diagnostic::new(
            first.at.clone(),
            format!("not supported yet: {field}"),
        )),
        None => Ok(()),
    }
}
