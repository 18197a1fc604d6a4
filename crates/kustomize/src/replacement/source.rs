use towpath_yaml::syntax::Node;

use super::origin::Origin;
use super::{DEFAULT_PATH, FieldOptions, Replacement, Source, namespace_or_default};
use crate::field_path::{lookup, split};
use crate::loader::Loader;
use crate::resid::ResId;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::scalar;
use crate::value::Value;

/// What is copied.
#[derive(Clone, Debug)]
pub(super) struct Copied<'t> {
    /// For targets that are scalars, whose own type stays.
    pub(super) text: String,
    /// For targets that are not.
    pub(super) value: Value,
    origin: Option<Origin<'t>>,
    /// What the text is a part of, where it is one.
    whole: Option<Value>,
}

impl<'t> Copied<'t> {
    fn from_value(value: Value, origin: Origin<'t>) -> Self {
        let text = match &value {
            Value::Null => "null".into(),
            other => origin.text_of(other),
        };
        Self {
            text: text.into_owned(),
            value,
            origin: Some(origin),
            whole: None,
        }
    }

    fn from_text(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            value: scalar::resolve(text),
            origin: None,
            whole: None,
        }
    }

    /// The same after its node has been set.
    pub(super) fn set_to(&mut self, value: &Value, text: &str) {
        self.value = value.clone();
        text.clone_into(&mut self.text);
    }

    /// A part of a scalar, whose type it has.
    fn part(part: &str, whole: Value, origin: Origin<'t>) -> Self {
        let value = match &whole {
            Value::String(_) => part.into(),
            _ => scalar::resolve(part),
        };
        Self {
            text: part.to_owned(),
            value,
            origin: Some(origin),
            whole: Some(whole),
        }
    }

    /// The node that upstream copies in the place of a mapping, a list or an alias within a text of YAML.
    ///
    /// # Errors
    /// When we do not know how it is written.
    pub(super) fn node(&self) -> Result<Node, String> {
        let Some(origin) = &self.origin else {
            return Ok(Node::plain(&self.text));
        };
        let Some(whole) = &self.whole else {
            return origin.node(&self.value);
        };
        let mut node = origin.node(whole)?;
        let set = node.set_text(&self.text);
        set.map_err(|problem| format!("cannot copy a part of a scalar: {problem}"))?;
        Ok(node)
    }
}

/// What is copied, as it is by now. Upstream copies from the object's own node: when a replacement changes its
/// own source, the targets that follow get the new value. A part of a text is a copy from the start.
pub(super) struct Live<'r, 't> {
    pub(super) copied: Copied<'t>,
    source: Option<(usize, &'r Source)>,
    loader: &'r Loader<'t>,
}

impl Live<'_, '_> {
    /// The node that is copied, if it is within the object at this index.
    pub(super) fn node_in<'o>(&self, index: usize, object: &'o Resource) -> Option<&'o Value> {
        let (_, source) = self.source.filter(|(own, _)| *own == index)?;
        lookup(&object.value, &split(path_of(source)))
            .ok()
            .flatten()
    }

    /// To be called after a change of the object at this index.
    pub(super) fn refresh(&mut self, index: usize, object: &Resource) {
        let Some((_, source)) = self.source.filter(|(own, _)| *own == index) else {
            return;
        };
        let path = split(path_of(source));
        if let Ok(Some(value)) = lookup(&object.value, &path) {
            let origin = Origin::of(object, &path, self.loader);
            self.copied = Copied::from_value(value.clone(), origin);
        }
    }
}

/// # Errors
/// When there is not exactly one source, or when it has no such field.
pub(super) fn value<'r, 't>(
    map: &ResMap,
    replacement: &'r Replacement,
    loader: &'r Loader<'t>,
) -> Result<Live<'r, 't>, String> {
    if replacement.targets.is_empty() {
        return Err("replacements must specify a source and at least one target".to_owned());
    }
    match (&replacement.source, &replacement.source_value) {
        (None, None) => {
            Err("replacements must specify a source and at least one target".to_owned())
        }
        (Some(_), Some(_)) => Err("value and resource selectors are mutually exclusive".to_owned()),
        (None, Some(text)) => Ok(Live {
            copied: Copied::from_text(text),
            source: None,
            loader,
        }),
        (Some(source), None) => from_object(map, source, loader),
    }
}

fn from_object<'r, 't>(
    map: &ResMap,
    source: &'r Source,
    loader: &'r Loader<'t>,
) -> Result<Live<'r, 't>, String> {
    let (index, object) = select(map, &source.id)?;
    let path = split(path_of(source));
    let found = lookup(&object.value, &path)
        .map_err(|problem| format!("error looking up replacement source: {problem}"))?;
    match found.filter(|value| !is_nothing(value)) {
        Some(value) => {
            let options = source.options.as_ref();
            let is_part = options.is_some_and(|options| !options.delimiter.is_empty());
            let origin = Origin::of(object, &path, loader);
            Ok(Live {
                copied: refine(value, options, origin)?,
                source: (!is_part).then_some((index, source)),
                loader,
            })
        }
        None => Err(format!(
            "fieldPath `{}` is missing for replacement source {}",
            path_of(source),
            source.id
        )),
    }
}

fn path_of(source: &Source) -> &str {
    match source.field_path.as_str() {
        "" => DEFAULT_PATH,
        path => path,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

fn select<'m>(map: &'m ResMap, selector: &ResId) -> Result<(usize, &'m Resource), String> {
    let objects = map.list.iter().enumerate();
    let mut selected = objects.filter(|(_, resource)| {
        !resource.is_empty()
            && resource
                .any_ids()
                .iter()
                .any(|id| is_selected(id, selector))
    });
    match (selected.next(), selected.next()) {
        (Some(found), None) => Ok(found),
        (None, _) => Err(format!("nothing selected by {selector}")),
        (Some(_), Some(_)) => Err(format!("multiple matches for selector {selector}")),
    }
}

fn is_selected(id: &ResId, selector: &ResId) -> bool {
    (selector.name.is_empty() || selector.name == id.name)
        && (selector.namespace.is_empty()
            || namespace_or_default(&selector.namespace) == namespace_or_default(&id.namespace))
        && id.gvk.is_selected(&selector.gvk)
}

/// One part of the text, where a delimiter is given.
fn refine<'t>(
    value: &Value,
    options: Option<&FieldOptions>,
    origin: Origin<'t>,
) -> Result<Copied<'t>, String> {
    let Some(options) = options.filter(|options| !options.delimiter.is_empty()) else {
        return Ok(Copied::from_value(value.clone(), origin));
    };
    if value.is_object() || value.is_array() {
        return Err("delimiter option can only be used with scalar nodes".to_owned());
    }
    let text = origin.text_of(value);
    let part = usize::try_from(options.index).ok();
    let part = part.and_then(|index| text.split(&options.delimiter).nth(index));
    let part = part.ok_or_else(|| {
        format!(
            "options.index {} is out of bounds for value {text}",
            options.index
        )
    })?;
    Ok(Copied::part(part, value.clone(), origin))
}
