use regex::Regex;
use towpath_model::{Diagnostic, Location};

use crate::resid::{Gvk, ResId};
use crate::resmap::ResMap;
use crate::resource::Resource;

/// Which objects a patch or a replacement is for. Empty fields select everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    /// Each field is a regular expression that has to match the whole text.
    pub(crate) id: ResId,
    pub(crate) annotations: String,
    pub(crate) labels: String,
}

/// A [`Selector`] that is ready to be asked.
#[derive(Debug)]
pub(crate) struct Matcher {
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
}

impl Matcher {
    /// # Errors
    /// When a field is no regular expression.
    pub(crate) fn new(id: &ResId, at: &Location) -> Result<Self, Diagnostic> {
        Ok(Self {
            group: whole(&id.gvk.group, at)?,
            version: whole(&id.gvk.version, at)?,
            kind: whole(&id.gvk.kind, at)?,
            name: whole(&id.name, at)?,
            namespace: whole(&id.namespace, at)?,
        })
    }

    pub(crate) fn gvk(&self, gvk: &Gvk) -> bool {
        matches(&self.group, &gvk.group)
            && matches(&self.version, &gvk.version)
            && matches(&self.kind, &gvk.kind)
    }

    pub(crate) fn name(&self, name: &str) -> bool {
        matches(&self.name, name)
    }

    pub(crate) fn namespace(&self, namespace: &str) -> bool {
        matches(&self.namespace, namespace)
    }
}

fn matches(regex: &Option<Regex>, text: &str) -> bool {
    regex.as_ref().is_none_or(|regex| regex.is_match(text))
}

fn whole(pattern: &str, at: &Location) -> Result<Option<Regex>, Diagnostic> {
    if pattern.is_empty() {
        return Ok(None);
    }
    let regex = Regex::new(&format!("^(?:{pattern})$"));
    regex
        .map(Some)
        .map_err(|error| Diagnostic::new(at.clone(), format!("not a regular expression: {error}")))
}

/// Indices of the objects that a selector selects (upstream's `resWrangler.Select`).
///
/// # Errors
/// When a field is no regular expression or a label selector cannot be read.
pub(crate) fn select(
    map: &ResMap,
    selector: &Selector,
    at: &Location,
) -> Result<Vec<usize>, Diagnostic> {
    let matcher = Matcher::new(&selector.id, at)?;
    let labels = crate::label_selector::parse(&selector.labels, at)?;
    let annotations = crate::label_selector::parse(&selector.annotations, at)?;
    let selected = map.list.iter().enumerate().filter(|(_, resource)| {
        fits(&matcher, resource)
            && labels.matches(resource.metadata_map("labels"))
            && annotations.matches(resource.metadata_map("annotations"))
    });
    Ok(selected.map(|(index, _)| index).collect())
}

/// The original id may match instead of the current one.
fn fits(matcher: &Matcher, resource: &Resource) -> bool {
    let (current, original) = (resource.current_id(), resource.original_id());
    (matcher.namespace(original.effective_namespace())
        || matcher.namespace(current.effective_namespace()))
        && (matcher.name(&original.name) || matcher.name(&current.name))
        && matcher.gvk(&current.gvk)
}
