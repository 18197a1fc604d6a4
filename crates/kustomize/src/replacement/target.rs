use std::borrow::Cow;

use towpath_model::{Diagnostic, Location};

use super::source::{Copied, Live};
use super::{DEFAULT_PATH, FieldOptions, Target, structured};
use crate::field_path::{Create, Found, find, split};
use crate::label_selector::{self, LabelSelector};
use crate::object_value::point_in_time;
use crate::resid::ResId;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::scalar;
use crate::selector::{Matcher, Selector};
use crate::size;
use crate::value::Value;
use crate::written::Written;

/// Copies a value to all fields that a target names.
///
/// # Errors
/// When a selected object has no such field.
pub(super) fn apply(
    map: &mut ResMap,
    target: &Target,
    live: &mut Live<'_, '_>,
    at: &Location,
) -> Result<(), Diagnostic> {
    let choice = Choice::new(target, at)?;
    let default = [DEFAULT_PATH.to_owned()];
    let paths = match target.field_paths.is_empty() {
        true => &default[..],
        false => &target.field_paths,
    };
    for (index, resource) in map.list.iter_mut().enumerate() {
        if resource.is_empty() || !choice.takes(resource) {
            continue;
        }
        for path in paths {
            let source = live.node_in(index, resource).map(std::ptr::from_ref);
            let from = (&live.copied, source);
            let copied = copy(resource, path, from, target.options.as_ref());
            let bounded = copied.and_then(|()| size::check(&resource.value));
            bounded.map_err(|problem| {
                let id = resource.current_id();
                Diagnostic::new(at.clone(), format!("{problem}, in {id}"))
            })?;
            live.refresh(index, resource);
        }
    }
    Ok(())
}

/// Which objects are meant.
struct Choice {
    select: Asked,
    reject: Vec<Asked>,
}

/// A selector that is ready to be asked.
struct Asked {
    names_ids: bool,
    names_metadata: bool,
    id: Matcher,
    labels: LabelSelector,
    annotations: LabelSelector,
}

impl Choice {
    fn new(target: &Target, at: &Location) -> Result<Self, Diagnostic> {
        let Some(select) = &target.select else {
            return Err(Diagnostic::new(
                at.clone(),
                "target must specify resources to select",
            ));
        };
        let reject = target
            .reject
            .iter()
            .map(|selector| Asked::new(selector, at));
        Ok(Self {
            select: Asked::new(select, at)?,
            reject: reject.collect::<Result<_, _>>()?,
        })
    }

    fn takes(&self, resource: &Resource) -> bool {
        let ids = resource.any_ids();
        self.select.metadata(resource)
            && !self
                .reject
                .iter()
                .any(|reject| reject.names_metadata && reject.metadata(resource))
            && !self
                .reject
                .iter()
                .any(|reject| reject.names_ids && reject.any(&ids))
            && self.select.any(&ids)
    }
}

impl Asked {
    fn new(selector: &Selector, at: &Location) -> Result<Self, Diagnostic> {
        Ok(Self {
            names_ids: !selector.id.is_empty(),
            names_metadata: !selector.labels.is_empty() || !selector.annotations.is_empty(),
            id: Matcher::new(&selector.id, at)?,
            labels: label_selector::parse(&selector.labels, at)?,
            annotations: label_selector::parse(&selector.annotations, at)?,
        })
    }

    fn metadata(&self, resource: &Resource) -> bool {
        self.labels.matches(resource.metadata_map("labels"))
            && self
                .annotations
                .matches(resource.metadata_map("annotations"))
    }

    fn any(&self, ids: &[ResId]) -> bool {
        ids.iter().any(|id| {
            self.id.gvk(&id.gvk) && self.id.name(&id.name) && self.id.namespace(&id.namespace)
        })
    }
}

/// `source` is the node that is copied, if the object holds it.
fn copy(
    resource: &mut Resource,
    path: &str,
    (copied, source): (&Copied<'_>, Option<*const Value>),
    options: Option<&FieldOptions>,
) -> Result<(), String> {
    let creates = options.is_some_and(|options| options.create);
    let create = creates.then(|| kind_of(&copied.value));
    let parts = split(path);
    let (object, written) = (&mut resource.value, &mut resource.history.written);
    if structured::set(object, &parts, copied, create)? {
        return Ok(());
    }
    let missing = || match creates {
        true => format!("unable to find or create field \"{path}\" in replacement target"),
        false => format!("unable to find field \"{path}\" in replacement target"),
    };
    let found = find(object, &parts, create, written)
        .map_err(|problem| format!("{}: {problem}", missing()))?;
    if found.is_empty() {
        return Err(missing());
    }
    // Something else may have stood there, in brackets.
    found.made.iter().for_each(|path| written.forget(path));
    for (path, text) in &found.made_keys {
        written.make(path.clone(), text);
    }
    let source = source.filter(|_| found.made.is_empty());
    let mut copied = Cow::Borrowed(copied);
    for Found { node, path, is_new } in found.nodes {
        let own = Found {
            node: &mut *node,
            path: path.clone(),
            is_new,
        };
        set(own, &copied, options, written)?;
        if source.is_some_and(|source| std::ptr::eq(node, source)) {
            let text = written.text_of(&path, node);
            copied.to_mut().set_to(node, &text);
        }
    }
    Ok(())
}

fn kind_of(value: &Value) -> Create {
    match value {
        Value::Object(_) => Create::Mapping,
        Value::Array(_) => Create::List,
        _ => Create::Scalar,
    }
}

fn set(
    found: Found<'_>,
    copied: &Copied<'_>,
    options: Option<&FieldOptions>,
    written: &mut Written,
) -> Result<(), String> {
    let is_scalar = !found.node.is_object() && !found.node.is_array();
    let Some(options) = options.filter(|options| !options.delimiter.is_empty()) else {
        return set_whole(found, copied, written);
    };
    if !is_scalar {
        return Err("delimiter option can only be used with scalar nodes".to_owned());
    }
    let before = written.text_of(&found.path, found.node);
    let mut parts: Vec<&str> = before.split(&options.delimiter).collect();
    match usize::try_from(options.index) {
        Err(_) => parts.insert(0, &copied.text),
        Ok(index) => match parts.get_mut(index) {
            Some(part) => *part = &copied.text,
            None => parts.push(&copied.text),
        },
    }
    let text = parts.join(&options.delimiter);
    set_text(found, &text, written)
}

/// A scalar takes the text and keeps its type; anything else is replaced.
pub(super) fn set_whole(
    found: Found<'_>,
    copied: &Copied<'_>,
    written: &mut Written,
) -> Result<(), String> {
    match found.node {
        Value::Object(_) | Value::Array(_) => {
            *found.node = copied.value.clone();
            Ok(())
        }
        _ => set_text(found, &copied.text, written),
    }
}

fn set_text(found: Found<'_>, text: &str, written: &mut Written) -> Result<(), String> {
    let path = found.path.clone();
    put_text(found, text, written)?;
    written.set_to(&path, text);
    Ok(())
}

fn put_text(found: Found<'_>, text: &str, written: &mut Written) -> Result<(), String> {
    if found.is_new || written.is_made(&found.path, found.node) {
        *found.node = written.make(found.path, text);
        return Ok(());
    }
    let time = written.is_time(&found.path, found.node);
    let value = match text.is_empty() && written.is_in_flow(&found.path) {
        true => "".into(),
        false => point_in_time(text).map_or_else(|| scalar::resolve(text), Value::from),
    };
    let fits = match &*found.node {
        Value::String(_) if time => point_in_time(text).is_some(),
        Value::String(old) => {
            let tag = written.tag_of(&found.path, old);
            if tag.is_none_or(|tag| has_type(&value, tag)) {
                written.changed(&found.path, old, text);
                *found.node = text.into();
                return Ok(());
            }
            false
        }
        other => has_type(&value, other),
    };
    match fits {
        true => {
            *found.node = value;
            Ok(())
        }
        false => Err(format!(
            "cannot put `{text}` in the place of {}, which is not a text",
            found.node
        )),
    }
}

/// Whether a node of this type can be set to the value.
fn has_type(value: &Value, node: &Value) -> bool {
    match node {
        Value::Bool(_) => matches!(value, Value::Bool(_)),
        Value::Number(number) if number.is_f64() => value.is_number(),
        Value::Number(_) => value.is_whole(),
        _ => value.is_null() || *value == "",
    }
}
