use smol_str::SmolStr;
use towpath_yaml::syntax::Node;

use super::{DEFAULT_PATH, FieldOptions, Replacement, Source, namespace_or_default};
use crate::field_path::{Create, lookup, split};
use crate::resid::ResId;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::value::{Scalar, Value};

/// What is copied, as it is by now. Upstream copies from the object's own node: when a replacement changes its
/// own source, the targets that follow get the new value. A part of a text is a copy from the start.
pub(super) struct Live {
    value: Value,
    /// Where it stands; nowhere if it is a text of the kustomization.
    place: Option<Place>,
}

/// The object by its index, and the path in it.
struct Place {
    index: usize,
    path: Vec<String>,
}

impl Live {
    /// For targets that are no scalars.
    pub(super) fn value(&self) -> &Value {
        &self.value
    }

    /// For targets that are scalars; empty for a mapping or a list.
    pub(super) fn text(&self) -> SmolStr {
        let scalar = self.value.as_scalar();
        scalar.map(Scalar::smol_text).cloned().unwrap_or_default()
    }

    /// What is made where a target is missing.
    pub(super) fn kind(&self) -> Create {
        match self.value {
            Value::Object(_) => Create::Mapping,
            Value::Array(_) => Create::List,
            Value::Scalar(_) => Create::Scalar,
        }
    }

    /// The node that upstream copies in the place of a mapping, a list or an alias within a text of YAML.
    ///
    /// # Errors
    /// When its text is not what its tag says.
    pub(super) fn node(&self) -> Result<Node, String> {
        let checked = self.value.to_json();
        checked.map_err(|problem| format!("cannot replace a field within YAML: {problem}"))?;
        Ok(self.value.to_node())
    }

    /// Whether the node that is copied is within the object at this index.
    pub(super) fn is_in(&self, index: usize) -> bool {
        self.place
            .as_ref()
            .is_some_and(|place| place.index == index)
    }

    /// The node that is copied, in its own object.
    pub(super) fn node_in<'o>(&self, object: &'o Value) -> Option<&'o Value> {
        let place = self.place.as_ref()?;
        lookup(object, &place.path).ok().flatten()
    }

    /// To be called after a change of its own object.
    pub(super) fn refresh(&mut self, object: &Value) {
        if let Some(node) = self.node_in(object) {
            self.set_to(node);
        }
    }

    /// To be called when it was set itself.
    pub(super) fn set_to(&mut self, node: &Value) {
        self.value = node.clone().unlinked();
    }
}

/// # Errors
/// When there is not exactly one source, or when it has no such field.
pub(super) fn value(map: &ResMap, replacement: &Replacement) -> Result<Live, String> {
    if replacement.targets.is_empty() {
        return Err("replacements must specify a source and at least one target".to_owned());
    }
    match (&replacement.source, &replacement.source_value) {
        (None, None) => {
            Err("replacements must specify a source and at least one target".to_owned())
        }
        (Some(_), Some(_)) => Err("value and resource selectors are mutually exclusive".to_owned()),
        (None, Some(text)) => Ok(Live {
            value: Scalar::untagged(text).into(),
            place: None,
        }),
        (Some(source), None) => from_object(map, source),
    }
}

fn from_object(map: &ResMap, source: &Source) -> Result<Live, String> {
    let (index, object) = select(map, &source.id)?;
    let path = split(path_of(source));
    let found = lookup(&object.value, &path)
        .map_err(|problem| format!("error looking up replacement source: {problem}"))?;
    let node = found
        .filter(|node| !node.is_nil_or_empty())
        .ok_or_else(|| {
            format!(
                "fieldPath `{}` is missing for replacement source {}",
                path_of(source),
                source.id
            )
        })?;
    let options = source.options.as_ref();
    Ok(
        match options.filter(|options| !options.delimiter.is_empty()) {
            Some(options) => Live {
                value: part(node, options)?.into(),
                place: None,
            },
            None => Live {
                value: node.clone().unlinked(),
                place: Some(Place { index, path }),
            },
        },
    )
}

fn path_of(source: &Source) -> &str {
    match source.field_path.as_str() {
        "" => DEFAULT_PATH,
        path => path,
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

/// One part of the text, with tag and style of the whole.
fn part(node: &Value, options: &FieldOptions) -> Result<Scalar, String> {
    let Value::Scalar(whole) = node else {
        return Err("delimiter option can only be used with scalar nodes".to_owned());
    };
    let index = usize::try_from(options.index).ok();
    let part = index.and_then(|index| whole.text().split(&options.delimiter).nth(index));
    let part = part.ok_or_else(|| {
        format!(
            "options.index {} is out of bounds for value {}",
            options.index,
            whole.text()
        )
    })?;
    Ok(Scalar::new(part, whole.tag, whole.style))
}
