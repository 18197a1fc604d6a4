//! `configMapGenerator` and `secretGenerator`.

mod absorb;
mod chart;
mod sources;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use towpath_model::Diagnostic;

use crate::kustomization::{At, GeneratorArgs, GeneratorOptions, SecretArgs};
use crate::loader::Loader;
use crate::resource::{Behavior, Resource, strings};
use crate::value::{Key, Map, Scalar, Style, Tag, Value, set_field};

pub(crate) use absorb::absorb;
pub(crate) use chart::chart;

/// # Errors
/// When a source is malformed or missing, or when two have one key.
pub(crate) fn config_map(
    args: &At<GeneratorArgs>,
    global: &GeneratorOptions,
    loader: &Loader<'_>,
) -> Result<Resource, Diagnostic> {
    let mut object = base("ConfigMap", args)?;
    let (mut data, mut binary_data) = (Vec::new(), Vec::new());
    for (key, content) in sources::read(args, loader)? {
        match String::from_utf8(content) {
            Ok(text) => data.push((key, text)),
            Err(binary) => binary_data.push((key, encode(binary.as_bytes()))),
        }
    }
    for (field, entries) in [("data", data), ("binaryData", binary_data)] {
        if !entries.is_empty() {
            object.insert(field, self::data(entries).into());
        }
    }
    Ok(finish(object, &args.value, global))
}

/// # Errors
/// As [`config_map`].
pub(crate) fn secret(
    secret: &At<SecretArgs>,
    global: &GeneratorOptions,
    loader: &Loader<'_>,
) -> Result<Resource, Diagnostic> {
    let args = At {
        value: secret.value.args.clone(),
        at: secret.at.clone(),
    };
    let mut object = base("Secret", &args)?;
    let secret_type = secret.value.secret_type.as_str();
    let secret_type = match secret_type {
        "" => "Opaque",
        given => given,
    };
    set_field(&mut object, made("type"), secret_type.into());
    let entries = sources::read(&args, loader)?.into_iter();
    let entries = entries.map(|(key, content)| (key, encode(&content)));
    object.insert("data", data(entries.collect()).into());
    Ok(finish(object, &args.value, global))
}

/// In the order of the keys.
fn data(mut entries: Vec<(String, String)>) -> Map {
    entries.sort_unstable();
    let entries = entries.iter();
    strings(entries.map(|(key, text)| (key.into(), text.as_str())))
}

fn base(kind: &str, args: &At<GeneratorArgs>) -> Result<Map, Diagnostic> {
    let GeneratorArgs {
        name, namespace, ..
    } = &args.value;
    if name.is_empty() {
        let message = format!("a generated {kind} must have a name");
        return Err(Diagnostic::new(args.at.clone(), message));
    }
    let mut metadata = Map::new();
    for (field, text) in [("name", name), ("namespace", namespace)] {
        if !text.is_empty() {
            set_field(&mut metadata, made(field), text.as_str().into());
        }
    }
    let fields = [
        ("apiVersion", "v1".into()),
        ("kind", kind.into()),
        ("metadata", metadata.into()),
    ];
    let fields = fields.map(|(name, value)| (name.into(), value));
    Ok(fields.into_iter().collect())
}

/// The generator's own options count before those of all generators; flags of either count.
fn finish(mut object: Map, args: &GeneratorArgs, global: &GeneratorOptions) -> Resource {
    let own = &args.options;
    let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
    if let Some(metadata) = metadata {
        set_strings(metadata, "labels", [&global.labels, &own.labels]);
        set_strings(
            metadata,
            "annotations",
            [&global.annotations, &own.annotations],
        );
    }
    if own.immutable || global.immutable {
        let immutable = Scalar::new("true", Tag::Bool, Style::PLAIN);
        set_field(&mut object, made("immutable"), immutable.into());
    }
    let mut resource = Resource::new(object.into());
    let notes = &mut resource.history.notes;
    notes.needs_hash = !(own.disable_name_suffix_hash || global.disable_name_suffix_hash);
    notes.behavior = behavior(&args.behavior);
    resource.note();
    resource
}

/// Of two entries with one key the last one counts.
fn set_strings(metadata: &mut Map, field: &str, entries: [&BTreeMap<String, String>; 2]) {
    let entries = entries.into_iter().flatten();
    let strings = strings(entries.map(|(key, text)| (key.into(), text.as_str())));
    if !strings.is_empty() {
        metadata.insert(field, strings.into());
    }
}

fn made(field: &str) -> Key {
    Key::untagged(field, Style::PLAIN)
}

/// What upstream does not know counts as none.
fn behavior(name: &str) -> Behavior {
    match name {
        "create" => Behavior::Create,
        "replace" => Behavior::Replace,
        "merge" => Behavior::Merge,
        _ => Behavior::Unspecified,
    }
}

/// Base64 in lines of 70 characters; what fits on one is not ended.
fn encode(bytes: &[u8]) -> String {
    const LINE: usize = 70;
    let encoded = STANDARD.encode(bytes);
    if encoded.len() < LINE {
        return encoded;
    }
    let lines = encoded.as_bytes().chunks(LINE);
    lines
        .map(|line| format!("{}\n", String::from_utf8_lossy(line)))
        .collect()
}
