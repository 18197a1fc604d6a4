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
use crate::resource::{Behavior, Resource};
use crate::value::{Map, Value, json};
use crate::written::Written;

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
            Ok(text) => data.push((key.into(), text.into())),
            Err(binary) => binary_data.push((key.into(), encode(binary.as_bytes()).into())),
        }
    }
    for (field, entries) in [("data", data), ("binaryData", binary_data)] {
        if !entries.is_empty() {
            object[field] = Value::Object(entries.into_iter().collect());
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
    object["type"] = match secret_type {
        "" => "Opaque".into(),
        given => given.into(),
    };
    let data = sources::read(&args, loader)?.into_iter();
    let data = data.map(|(key, content)| (key.into(), encode(&content).into()));
    object["data"] = Value::Object(data.collect());
    Ok(finish(object, &args.value, global))
}

fn base(kind: &str, args: &At<GeneratorArgs>) -> Result<Value, Diagnostic> {
    let GeneratorArgs {
        name, namespace, ..
    } = &args.value;
    if name.is_empty() {
        let message = format!("a generated {kind} must have a name");
        return Err(Diagnostic::new(args.at.clone(), message));
    }
    let mut object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}});
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = namespace.as_str().into();
    }
    Ok(object)
}

/// The generator's own options count before those of all generators; flags of either count.
fn finish(mut object: Value, args: &GeneratorArgs, global: &GeneratorOptions) -> Resource {
    let own = &args.options;
    let merged = |global: &BTreeMap<String, String>, own: &BTreeMap<String, String>| {
        let all = global.iter().chain(own);
        let all = all.map(|(key, text)| (key.into(), Value::from(text.as_str())));
        all.collect::<Map>()
    };
    for (field, entries) in [
        ("labels", merged(&global.labels, &own.labels)),
        ("annotations", merged(&global.annotations, &own.annotations)),
    ] {
        if !entries.is_empty() {
            object["metadata"][field] = entries.into();
        }
    }
    if own.immutable || global.immutable {
        object["immutable"] = true.into();
    }
    let written = Written::generated(&object);
    let mut resource = Resource::new(object);
    resource.history.written = written;
    resource.history.needs_hash =
        !(own.disable_name_suffix_hash || global.disable_name_suffix_hash);
    resource.history.behavior = behavior(&args.behavior);
    resource.history.annotated = true;
    resource
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
