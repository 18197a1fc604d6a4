//! The fields `patches`, `patchesStrategicMerge` and `patchesJson6902`.

mod json6902;
mod strategic;

use towpath_model::{Diagnostic, Location};
use towpath_yaml::{Node, Resolution};

use crate::kustomization::{At, Patch};
use crate::links::Links;
use crate::loader::Loader;
use crate::objects;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::selector::{Selector, select};
use crate::value::Value;
use json6902::JsonPatch;
use strategic::StrategicPatch;

/// `patchesStrategicMerge`: paths or patches.
///
/// # Errors
/// When a patch cannot be read, or when it has no target.
pub(crate) fn apply_strategic(
    map: &mut ResMap,
    patches: &[At<String>],
    loader: &Loader<'_>,
) -> Result<(), Diagnostic> {
    let mut read = Vec::new();
    for patch in patches {
        read.extend(strategic_or_path(patch, loader)?);
    }
    for patch in &read {
        let target = patch.find(map)?;
        patch.apply_to(map, &[target], loader.schema())?;
    }
    Ok(())
}

/// `patches`: of either kind.
///
/// # Errors
/// When a patch cannot be read, or when it has no target.
pub(crate) fn apply(
    map: &mut ResMap,
    patches: &[At<Patch>],
    loader: &Loader<'_>,
) -> Result<(), Diagnostic> {
    for entry in patches {
        apply_one(map, entry, loader)?;
        map.drop_empties();
    }
    Ok(())
}

/// `patchesJson6902`.
///
/// # Errors
/// When a patch cannot be read, or when it has no target.
pub(crate) fn apply_json6902(
    map: &mut ResMap,
    patches: &[At<Patch>],
    loader: &Loader<'_>,
) -> Result<(), Diagnostic> {
    for entry in patches {
        let wrong = |message: &str| Err(Diagnostic::new(entry.at.clone(), message));
        let Some(target) = entry
            .value
            .target
            .as_ref()
            .filter(|target| !target.id.name.is_empty())
        else {
            return wrong("must specify the target name");
        };
        let text = Text::of(entry, loader)?;
        let patch = json_patch(&text)?;
        if patch.is_empty() {
            return wrong("patch appears to be empty");
        }
        for index in select(map, target, &entry.at)? {
            apply_json(&patch, &mut map.list[index], &text.at)?;
        }
    }
    Ok(())
}

/// A patch's text, the file that it is in, and where the kustomization names it.
struct Text<'t> {
    file: String,
    text: &'t str,
    at: Location,
}

impl<'t> Text<'t> {
    fn of(entry: &'t At<Patch>, loader: &Loader<'t>) -> Result<Self, Diagnostic> {
        let Patch { path, inline, .. } = &entry.value;
        match (path.as_str(), inline.trim()) {
            ("", "") => Err(Diagnostic::new(
                entry.at.clone(),
                "must specify one of patch and path",
            )),
            ("", inline) => Ok(Self::inline(inline, &entry.at)),
            (path, "") => Ok(Self {
                file: loader.path_of(path),
                text: loader.load_text(path, &entry.at)?,
                at: entry.at.clone(),
            }),
            _ => Err(Diagnostic::new(
                entry.at.clone(),
                "patch and path can't be set at the same time",
            )),
        }
    }

    /// Lines count from the patch's own first one.
    fn inline(text: &'t str, at: &Location) -> Self {
        Self {
            file: format!("{at}: patch"),
            text,
            at: at.clone(),
        }
    }
}

/// The patches of a text.
enum Read {
    Strategic(Vec<StrategicPatch>),
    Json(JsonPatch),
}

fn apply_one(map: &mut ResMap, entry: &At<Patch>, loader: &Loader<'_>) -> Result<(), Diagnostic> {
    let text = Text::of(entry, loader)?;
    let patch = &entry.value;
    match (read(&text)?, &patch.target) {
        (Read::Strategic(mut patches), target) => {
            for strategic in &mut patches {
                strategic.may_rename = patch.allow_name_change;
                strategic.may_change_kind = patch.allow_kind_change;
            }
            match target {
                Some(target) => apply_to_target(map, &patches, target, entry, loader),
                None => patches
                    .iter()
                    .try_for_each(|patch| patch.apply_by_id(map, loader.schema())),
            }
        }
        (Read::Json(patch), Some(target)) => {
            for index in select(map, target, &entry.at)? {
                map.list[index].store_previous_id();
                apply_json(&patch, &mut map.list[index], &entry.at)?;
            }
            Ok(())
        }
        (Read::Json(_), None) => Err(Diagnostic::new(
            entry.at.clone(),
            "must specify a target for JSON patch",
        )),
    }
}

fn apply_to_target(
    map: &mut ResMap,
    patches: &[StrategicPatch],
    target: &Selector,
    entry: &At<Patch>,
    loader: &Loader<'_>,
) -> Result<(), Diagnostic> {
    match patches {
        [] => Ok(()),
        [patch] => {
            let targets = select(map, target, &entry.at)?;
            // Upstream reads the builtin schema only when it merges, which a schema of one's own depends on.
            if targets.is_empty() {
                return Ok(());
            }
            patch.apply_to(map, &targets, loader.schema())
        }
        _ => Err(Diagnostic::new(
            entry.at.clone(),
            "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` field",
        )),
    }
}

fn apply_json(patch: &JsonPatch, resource: &mut Resource, at: &Location) -> Result<(), Diagnostic> {
    let patched = patched(patch, &resource.value);
    resource.value = patched.map_err(|problem| {
        let id = resource.original_id();
        Diagnostic::new(at.clone(), format!("{problem}, in {id}"))
    })?;
    resource.history.links = Links::default();
    resource.renew_annotations();
    Ok(())
}

fn patched(patch: &JsonPatch, object: &Value) -> Result<Value, String> {
    let mut json = object.to_json()?;
    patch.apply(&mut json)?;
    match json.is_object() {
        true => Ok(Value::from_json(json)),
        false => Err("the patch makes something else of the object".to_owned()),
    }
}

/// A list is a JSON patch, anything else a strategic merge patch.
fn read(text: &Text<'_>) -> Result<Read, Diagnostic> {
    if text.text.starts_with('[') {
        return json_patch(text).map(Read::Json);
    }
    let documents = objects::parse(&text.file, text.text)?;
    if documents
        .first()
        .is_some_and(|first| !first.items().is_empty())
    {
        return json_patch(text).map(Read::Json);
    }
    strategic(&text.file, text.text, &documents).map(Read::Strategic)
}

fn strategic(
    file: &str,
    text: &str,
    documents: &[Node],
) -> Result<Vec<StrategicPatch>, Diagnostic> {
    let objects = objects::objects(file, text, documents)?;
    objects.iter().map(StrategicPatch::new).collect()
}

/// YAML, or JSON where it begins with a bracket; only the first document counts.
fn json_patch(text: &Text<'_>) -> Result<JsonPatch, Diagnostic> {
    let wrong = |message: String| Diagnostic::new(text.at.clone(), message);
    let value = if text.text.starts_with('[') {
        serde_json::from_str(text.text).map_err(|error| {
            wrong(format!(
                "a patch that begins with `[` has to be JSON: {error}"
            ))
        })?
    } else {
        let documents = towpath_yaml::parse_with(&text.file, text.text, Resolution::GoYaml2)?;
        documents
            .first()
            .map(|first| first.root.to_json())
            .unwrap_or_default()
    };
    JsonPatch::decode(value).map_err(wrong)
}

/// An entry is a patch; where it cannot be read as one, it is the path of a file of them.
fn strategic_or_path(
    entry: &At<String>,
    loader: &Loader<'_>,
) -> Result<Vec<StrategicPatch>, Diagnostic> {
    let read = |file: &str, text: &str| {
        let documents = objects::parse(file, text)?;
        strategic(file, text, &documents)
    };
    let inline = Text::inline(&entry.value, &entry.at);
    let patches = match read(&inline.file, inline.text) {
        Err(problem) if entry.value.contains('\n') => return Err(problem),
        Err(_) => {
            let text = loader.load_text(&entry.value, &entry.at)?;
            read(&loader.path_of(&entry.value), text)?
        }
        Ok(patches) => patches,
    };
    match patches.is_empty() {
        true => Err(Diagnostic::new(
            entry.at.clone(),
            "patch appears to be empty",
        )),
        false => Ok(patches),
    }
}
