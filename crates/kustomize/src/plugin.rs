//! The fields `generators`, `transformers` and `validators`: builtin plugins given as objects.

use towpath_model::Diagnostic;

use crate::kustomization::At;
use crate::loader::Loader;
use crate::resmap::ResMap;
use crate::resource::Resource;

/// The objects that plugins of `generators` make.
///
/// # Errors
/// When a plugin cannot be read or fails.
pub(crate) fn generate(
    plugins: &[At<String>],
    _loader: &Loader<'_>,
) -> Result<Vec<Resource>, Diagnostic> {
    not_yet(plugins, "generators").map(|()| Vec::new())
}

/// # Errors
/// When a plugin cannot be read or fails.
pub(crate) fn transform(
    _map: &mut ResMap,
    plugins: &[At<String>],
    _loader: &Loader<'_>,
) -> Result<(), Diagnostic> {
    not_yet(plugins, "transformers")
}

/// # Errors
/// When a plugin cannot be read or fails, or when it changes an object.
pub(crate) fn validate(
    _map: &ResMap,
    plugins: &[At<String>],
    _loader: &Loader<'_>,
) -> Result<(), Diagnostic> {
    not_yet(plugins, "validators")
}

fn not_yet(plugins: &[At<String>], field: &str) -> Result<(), Diagnostic> {
    match plugins.first() {
        Some(first) => Err(Diagnostic::new(
            first.at.clone(),
            format!("not supported yet: {field}"),
        )),
        None => Ok(()),
    }
}
