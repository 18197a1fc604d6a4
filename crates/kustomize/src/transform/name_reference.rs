//! Mends names of objects in other objects, once prefixes, suffixes and hashes have changed them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use smol_str::SmolStr;
use towpath_model::Location;

use crate::config::NameReference;
use crate::fieldspec::{FieldSpec, Make};
use crate::resid::{Gvk, ResId};
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::value::{Key, Scalar, Style, Value, set_field, set_scalar};

/// Mends all references (upstream's `nameReferenceTransformer`).
///
/// # Errors
/// When a name may mean several objects; with the object that holds the name.
pub(crate) fn fix(map: &mut ResMap, references: &[NameReference]) -> Result<(), Problem> {
    let targets = Targets::of(map);
    let mut filters: HashMap<Gvk, Vec<Filter<'_>>> = HashMap::new();
    for resource in &mut map.list {
        let gvk = resource.original_id().gvk;
        let filters = filters
            .entry(gvk.clone())
            .or_insert_with(|| filters_for(&gvk, references));
        if filters.is_empty() {
            continue;
        }
        let referrer = Referrer::of(resource).map_err(|message| Problem::of(resource, message))?;
        for filter in filters.iter() {
            let mut fix = Fix {
                targets: &targets,
                referrer: &referrer,
                filter,
            };
            let fixed = fix.apply(resource);
            fixed.map_err(|message| Problem::of(resource, message))?;
        }
    }
    Ok(())
}

/// What is wrong in an object, and where the object stands.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) message: String,
    pub(crate) at: Option<Arc<Location>>,
}

impl Problem {
    fn of(resource: &Resource, message: String) -> Self {
        let at = resource.at.clone();
        Self { message, at }
    }
}

/// A field that may hold the name of an object of a type.
struct Filter<'r> {
    target: &'r Gvk,
    spec: &'r FieldSpec,
}

fn filters_for<'r>(gvk: &Gvk, references: &'r [NameReference]) -> Vec<Filter<'r>> {
    let all = references.iter().flat_map(|reference| {
        let specs = reference.referrers.iter();
        specs.map(move |spec| (&reference.target, spec))
    });
    all.filter(|(_, spec)| spec.applies_to(gvk))
        .map(|(target, spec)| Filter { target, spec })
        .collect()
}

/// An object whose name may stand in others, as it is before any reference is mended.
struct Target {
    id: ResId,
    original_namespace: SmolStr,
    previous: Vec<ResId>,
    prefixes: Vec<SmolStr>,
    suffixes: Vec<SmolStr>,
}

struct Targets {
    list: Vec<Target>,
    /// Indices by a name that the object had.
    by_name: HashMap<SmolStr, Vec<usize>>,
    by_original_namespace: HashMap<SmolStr, Vec<usize>>,
}

impl Targets {
    fn of(map: &ResMap) -> Self {
        let mut targets = Self {
            list: map.list.iter().map(Target::of).collect(),
            by_name: HashMap::new(),
            by_original_namespace: HashMap::new(),
        };
        for (index, target) in targets.list.iter().enumerate() {
            let names: HashSet<&SmolStr> = target.previous.iter().map(|id| &id.name).collect();
            for name in names {
                let indices = targets.by_name.entry(name.clone()).or_default();
                indices.push(index);
            }
            let namespace = target.original_namespace.clone();
            let indices = targets.by_original_namespace.entry(namespace).or_default();
            indices.push(index);
        }
        targets
    }
}

impl Target {
    fn of(resource: &Resource) -> Self {
        Self {
            id: resource.current_id(),
            original_namespace: resource.original_id().effective_namespace().into(),
            previous: resource.previous_ids(),
            prefixes: resource.history.notes.prefixes.clone(),
            suffixes: resource.history.notes.suffixes.clone(),
        }
    }
}

/// The object that holds names of others.
struct Referrer {
    id: ResId,
    prefixes: Vec<SmolStr>,
    suffixes: Vec<SmolStr>,
    /// Namespaces of the service accounts that a RoleBinding names.
    account_namespaces: Vec<SmolStr>,
    /// What a role binding's `roleRef` names, as far as it does.
    role: Option<Gvk>,
}

impl Referrer {
    fn of(resource: &Resource) -> Result<Self, String> {
        Ok(Self {
            id: resource.current_id(),
            prefixes: resource.history.notes.prefixes.clone(),
            suffixes: resource.history.notes.suffixes.clone(),
            account_namespaces: account_namespaces(resource)?,
            role: role(&resource.value),
        })
    }

    /// Whether an object may be referred to from here at all.
    fn sees(&self, target: &Target) -> bool {
        self.id.is_cluster_scoped()
            || target.id.is_cluster_scoped()
            || target.id.effective_namespace() == self.id.effective_namespace()
            || self.account_namespaces.contains(&target.id.namespace)
    }

    fn shares_namespace(&self, target: &Target) -> bool {
        self.id.is_cluster_scoped()
            || target.id.is_cluster_scoped()
            || target.id.gvk.kind == "ServiceAccount"
            || target.id.effective_namespace() == self.id.effective_namespace()
    }

    /// Whether both have gone through the same overlays.
    fn same_affixes(&self, target: &Target, allow_empty: bool) -> bool {
        let same = |a: &[SmolStr], b: &[SmolStr]| {
            (allow_empty && (a.is_empty() || b.is_empty())) || same_ending(a, b)
        };
        same(&target.prefixes, &self.prefixes) && same(&target.suffixes, &self.suffixes)
    }
}

fn account_namespaces(resource: &Resource) -> Result<Vec<SmolStr>, String> {
    if resource.kind() != "RoleBinding" {
        return Ok(Vec::new());
    }
    let subjects = resource.value.get("subjects").and_then(Value::as_array);
    let accounts = subjects.into_iter().flatten().filter(|subject| {
        subject
            .get("kind")
            .is_some_and(|kind| kind.text() == "ServiceAccount")
    });
    let namespaces = accounts.filter_map(|subject| subject.get("namespace"));
    let read = namespaces.map(|namespace| {
        let text = namespace.as_str().map(SmolStr::from);
        text.ok_or_else(|| {
            let id = resource.current_id();
            format!("Invalid Input: namespace is blank for resource {id}")
        })
    });
    read.collect()
}

fn role(object: &Value) -> Option<Gvk> {
    let role = object.get("roleRef")?;
    let text = |key: &str| role.get(key).map(|value| value.text().into());
    Some(Gvk {
        group: text("apiGroup")?,
        version: SmolStr::default(),
        kind: text("kind")?,
    })
}

/// Whether the shorter list is the end of the longer one; an empty one is only the end of an empty one.
fn same_ending(a: &[SmolStr], b: &[SmolStr]) -> bool {
    match a.is_empty() || b.is_empty() {
        true => a.is_empty() && b.is_empty(),
        false => a.ends_with(b) || b.ends_with(a),
    }
}

struct Fix<'f> {
    targets: &'f Targets,
    referrer: &'f Referrer,
    filter: &'f Filter<'f>,
}

impl Fix<'_> {
    fn apply(&mut self, resource: &mut Resource) -> Result<(), String> {
        let (filter, id) = (self.filter, &self.referrer.id);
        let mut set = |node: &mut Value| self.set(node);
        let applied = filter.spec.apply_to_any(resource, Make::Nothing, &mut set);
        applied.map_err(|problem| {
            let path = filter.spec.path();
            format!("updating name reference in '{path}' field of '{id}': {problem}")
        })
    }

    fn set(&mut self, node: &mut Value) -> Result<(), String> {
        match node {
            Value::Array(list) => list.items.iter_mut().try_for_each(|item| match item {
                Value::Array(_) => {
                    Err("a name is expected to be either a string or a mapping".to_owned())
                }
                item => self.set(item),
            }),
            Value::Object(_) => self.set_mapping(node),
            Value::Scalar(scalar) if scalar.is_null() => Ok(()),
            Value::Scalar(_) => self.set_scalar(node),
        }
    }

    fn set_scalar(&mut self, node: &mut Value) -> Result<(), String> {
        let old = node.text();
        let same = |a: &Target, b: &Target| a.id.name == b.id.name;
        let selected = self.select(old, |_| true, same)?;
        let new = selected.map(|index| &self.targets.list[index].id.name);
        match new.filter(|new| *new != old) {
            Some(new) => set_scalar(node, Scalar::untagged(new.clone())),
            None => Ok(()),
        }
    }

    /// Of a mapping with a name and perhaps a namespace: both come from the object that is meant.
    fn set_mapping(&mut self, node: &mut Value) -> Result<(), String> {
        let Some(name) = node.get("name") else {
            return Err("path config error; no 'name' field in node".to_owned());
        };
        let namespace = node.get("namespace").map(Value::text);
        let fits = self.fitting_namespace(namespace);
        let same =
            |a: &Target, b: &Target| a.id.name == b.id.name && a.id.namespace == b.id.namespace;
        let old = name.text();
        let selected = self.select(old, fits, same)?;
        let id = selected.map(|index| &self.targets.list[index].id);
        let changed = id.filter(|id| id.name != old || !id.namespace.is_empty());
        let (Some(id), Some(map)) = (changed, node.as_object_mut()) else {
            return Ok(());
        };
        for (key, text) in [("name", &id.name), ("namespace", &id.namespace)] {
            if !text.is_empty() {
                let key = Key::untagged(key, Style::PLAIN);
                set_field(map, key, Scalar::untagged(text.clone()).into());
            }
        }
        Ok(())
    }

    /// The namespace that a reference names is the original one of its object, else the current one.
    fn fitting_namespace(&self, namespace: Option<&str>) -> impl Fn(&Target) -> bool + use<> {
        let (targets, referrer) = (self.targets, self.referrer);
        let wanted = namespace.map(str::to_owned);
        let originals = namespace.and_then(|name| targets.by_original_namespace.get(name));
        let is_original = originals.is_some_and(|indices| {
            let mut targets = indices.iter().map(|index| &targets.list[*index]);
            targets.any(|target| referrer.sees(target))
        });
        move |target: &Target| match &wanted {
            None => true,
            Some(wanted) if is_original => target.original_namespace == *wanted,
            Some(wanted) => {
                !target.id.is_cluster_scoped() && target.id.effective_namespace() == wanted
            }
        }
    }

    fn select(
        &mut self,
        old: &str,
        fits: impl Fn(&Target) -> bool,
        same: impl Fn(&Target, &Target) -> bool,
    ) -> Result<Option<usize>, String> {
        let targets = self.targets;
        let mut candidates = self.candidates(old, fits);
        if candidates.len() > 1 {
            candidates.retain(|index| self.referrer.same_affixes(&targets.list[*index], true));
        }
        if candidates.len() > 1 {
            candidates.retain(|index| self.referrer.same_affixes(&targets.list[*index], false));
        }
        let Some((&first, others)) = candidates.split_first() else {
            return Ok(None);
        };
        let differs = |index: &usize| !same(&targets.list[first], &targets.list[*index]);
        if others.iter().any(differs) {
            return Err(self.ambiguous(&candidates));
        }
        Ok(Some(first))
    }

    fn candidates(&self, old: &str, fits: impl Fn(&Target) -> bool) -> Vec<usize> {
        let role = self.referrer.role.as_ref();
        let role = role.filter(|_| self.filter.spec.path().ends_with("roleRef/name"));
        let was =
            |target: &Target, gvk: &Gvk| target.previous.iter().any(|id| id.gvk.is_selected(gvk));
        let named = self.targets.by_name.get(old).into_iter().flatten().copied();
        named
            .filter(|index| {
                let target = &self.targets.list[*index];
                self.referrer.sees(target)
                    && fits(target)
                    && was(target, self.filter.target)
                    && role.is_none_or(|role| was(target, role))
                    && self.referrer.shares_namespace(target)
            })
            .collect()
    }

    fn ambiguous(&self, candidates: &[usize]) -> String {
        let ids = candidates
            .iter()
            .map(|index| self.targets.list[*index].id.to_string());
        let ids: Vec<String> = ids.collect();
        format!("found multiple possible referrals: {}", ids.join(", "))
    }
}
