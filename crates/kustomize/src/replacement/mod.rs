//! Copies values from one object into others (upstream's `filters/replacement`).

mod keys;
mod source;
mod structured;
mod target;
mod yaml_text;

use towpath_model::Diagnostic;

use crate::kustomization::{self, At};
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

/// What a path is where none is given.
const DEFAULT_PATH: &str = "metadata.name";

/// # Errors
/// When a source or a target cannot be found.
pub(crate) fn apply(
    map: &mut ResMap,
    replacements: &[At<ReplacementField>],
    loader: &Loader<'_>,
) -> Result<(), Diagnostic> {
    let mut read = Vec::new();
    for field in replacements {
        let at = |value| At {
            value,
            at: field.at.clone(),
        };
        match &field.value {
            ReplacementField::Inline(replacement) => read.push(at((**replacement).clone())),
            ReplacementField::Path(path) => {
                let text = loader.load_text(path, &field.at)?;
                let file = kustomization::replacements(&loader.path_of(path), text)?;
                read.extend(file.into_iter().map(at));
            }
        }
    }
    read.iter()
        .try_for_each(|replacement| apply_one(map, replacement))?;
    map.drop_empties();
    Ok(())
}

fn apply_one(map: &mut ResMap, replacement: &At<Replacement>) -> Result<(), Diagnostic> {
    let at = &replacement.at;
    let mut live = source::value(map, &replacement.value)
        .map_err(|problem| Diagnostic::new(at.clone(), problem))?;
    let mut targets = replacement.value.targets.iter();
    targets.try_for_each(|target| target::apply(map, target, &mut live, at))
}

/// Of an object for a source or target; upstream forgets here which objects belong to the whole cluster.
fn namespace_or_default(namespace: &str) -> &str {
    match namespace {
        "" => "default",
        namespace => namespace,
    }
}
