use super::{DEFAULT_PATH, FieldOptions, Replacement, Source, namespace_or_default};
use crate::field_path::{lookup, split};
use crate::resid::ResId;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::scalar;
use crate::value::Value;

/// What is copied.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Copied {
    /// For targets that are scalars, whose own type stays.
    pub(super) text: String,
    /// For targets that are not.
    pub(super) value: Value,
}

impl Copied {
    fn from_value(value: Value) -> Self {
        let text = match &value {
            Value::Null => "null".into(),
            other => scalar::text(other),
        };
        Self {
            text: text.into_owned(),
            value,
        }
    }

    fn from_text(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            value: scalar::resolve(text),
        }
    }
}

/// What is copied, as it is by now. Upstream copies from the object's own node: when a replacement changes its
/// own source, the targets that follow get the new value. A part of a text is a copy from the start.
pub(super) struct Live<'r> {
    pub(super) copied: Copied,
    source: Option<(usize, &'r Source)>,
}

impl Live<'_> {
    /// To be called after a change of the object at this index.
    pub(super) fn refresh(&mut self, index: usize, object: &Value) {
        let Some((_, source)) = self.source.filter(|(own, _)| *own == index) else {
            return;
        };
        if let Ok(Some(value)) = lookup(object, &split(path_of(source))) {
            self.copied = Copied::from_value(value.clone());
        }
    }
}

/// # Errors
/// When there is not exactly one source, or when it has no such field.
pub(super) fn value<'r>(map: &ResMap, replacement: &'r Replacement) -> Result<Live<'r>, String> {
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
        }),
        (Some(source), None) => from_object(map, source),
    }
}

fn from_object<'r>(map: &ResMap, source: &'r Source) -> Result<Live<'r>, String> {
    let (index, object) = select(map, &source.id)?;
    let path = path_of(source);
    let found = lookup(&object.value, &split(path))
        .map_err(|problem| format!("error looking up replacement source: {problem}"))?;
    match found.filter(|value| !is_nothing(value)) {
        Some(value) => {
            let options = source.options.as_ref();
            let is_part = options.is_some_and(|options| !options.delimiter.is_empty());
            Ok(Live {
                copied: refine(value, options)?,
                source: (!is_part).then_some((index, source)),
            })
        }
        None => Err(format!(
            "fieldPath `{path}` is missing for replacement source {}",
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
fn refine(value: &Value, options: Option<&FieldOptions>) -> Result<Copied, String> {
    let Some(options) = options.filter(|options| !options.delimiter.is_empty()) else {
        return Ok(Copied::from_value(value.clone()));
    };
    if value.is_object() || value.is_array() {
        return Err("delimiter option can only be used with scalar nodes".to_owned());
    }
    let text = scalar::text(value);
    let part = usize::try_from(options.index).ok();
    let part = part.and_then(|index| text.split(&options.delimiter).nth(index));
    let part = part.ok_or_else(|| {
        format!(
            "options.index {} is out of bounds for value {text}",
            options.index
        )
    })?;
    Ok(match value {
        Value::String(_) => Copied::from_value(part.into()),
        _ => Copied::from_text(part),
    })
}
