use towpath_model::{Diagnostic, Location};

use super::source::Live;
use super::{DEFAULT_PATH, FieldOptions, Target, structured};
use crate::field_path::{find, split};
use crate::label_selector::{self, LabelSelector};
use crate::resid::ResId;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::selector::{Matcher, Selector};
use crate::size;
use crate::value::{Scalar, Value};

/// Copies a value to all fields that a target names.
///
/// # Errors
/// When a selected object has no such field.
pub(super) fn apply(
    map: &mut ResMap,
    target: &Target,
    live: &mut Live,
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
        let is_own = live.is_in(index);
        for path in paths {
            let copied = copy(resource, path, (live, is_own), target.options.as_ref());
            let bounded = copied.and_then(|()| size::check(&resource.value));
            bounded.map_err(|problem| {
                let id = resource.current_id();
                Diagnostic::new(at.clone(), format!("{problem}, in {id}"))
            })?;
            resource.settle();
            if is_own {
                live.refresh(&resource.value);
            }
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

/// Copies to all fields of a path in one object, which may be the source's own.
fn copy(
    resource: &mut Resource,
    path: &str,
    (live, is_own): (&mut Live, bool),
    options: Option<&FieldOptions>,
) -> Result<(), String> {
    let creates = options.is_some_and(|options| options.create);
    let create = creates.then(|| live.kind());
    let parts = split(path);
    if structured::set(&mut resource.value, &parts, live, create)? {
        return Ok(());
    }
    let missing = || match creates {
        true => format!("unable to find or create field \"{path}\" in replacement target"),
        false => format!("unable to find field \"{path}\" in replacement target"),
    };
    let wrong = |problem| format!("{}: {problem}", missing());
    let mut source = None;
    if is_own {
        // What is missing is made first, so that nothing moves any more.
        find(&mut resource.value, &parts, create).map_err(wrong)?;
        source = live.node_in(&resource.value).map(std::ptr::from_ref);
    }
    let found = find(&mut resource.value, &parts, create).map_err(wrong)?;
    if found.is_empty() {
        return Err(missing());
    }
    for node in found.nodes {
        set(node, live, options)?;
        if source.is_some_and(|source| std::ptr::eq(node, source)) {
            live.set_to(node);
        }
    }
    Ok(())
}

fn set(node: &mut Value, live: &Live, options: Option<&FieldOptions>) -> Result<(), String> {
    match (
        node,
        options.filter(|options| !options.delimiter.is_empty()),
    ) {
        (Value::Scalar(scalar), Some(options)) => set_part(scalar, &live.text(), options),
        (Value::Scalar(scalar), None) => scalar.set_text(live.text()),
        (_, Some(_)) => {
            return Err("delimiter option can only be used with scalar nodes".to_owned());
        }
        (node, None) => node.become_all(live.value().clone()),
    }
    Ok(())
}

fn set_part(scalar: &mut Scalar, part: &str, options: &FieldOptions) {
    let mut parts: Vec<&str> = scalar.text().split(&options.delimiter).collect();
    match usize::try_from(options.index) {
        Err(_) => parts.insert(0, part),
        Ok(index) => match parts.get_mut(index) {
            Some(own) => *own = part,
            None => parts.push(part),
        },
    }
    let text = parts.join(&options.delimiter);
    scalar.set_text(text);
}
