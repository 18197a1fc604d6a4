use std::sync::Arc;

use smol_str::SmolStr;

use crate::links::Links;
use crate::resid::{Gvk, split_api_version};
use crate::resource::Resource;
use crate::value::{Map, Scalar, Tag, Value};

/// Names a field of objects of some types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldSpec {
    /// Empty fields stand for any.
    pub(crate) gvk: Gvk,
    /// Names with `/` between them; `[]` behind one says that it is a list.
    path: SmolStr,
    /// The path in parts, without what escapes a `/`.
    names: Arc<[SmolStr]>,
    pub(crate) create: bool,
}

/// What is made where the field is missing and [`FieldSpec::create`] is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Make {
    Nothing,
    /// One without a tag; a null gets this one.
    Scalar(Tag),
    Mapping,
}

/// Two specs of one field that differ in `create`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Conflict;

impl FieldSpec {
    pub(crate) fn any(path: &str, create: bool) -> Self {
        Self::new(Gvk::default(), path, create)
    }

    pub(crate) fn new(gvk: Gvk, path: &str, create: bool) -> Self {
        Self {
            gvk,
            path: path.into(),
            names: split_path(path).into(),
            create,
        }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn applies_to(&self, gvk: &Gvk) -> bool {
        gvk.is_selected(&self.gvk)
    }

    /// Calls `set` with each node that the path leads to.
    ///
    /// # Errors
    /// When the path leads through a scalar, or when `set` fails; the message names field and object.
    pub(crate) fn apply(
        &self,
        resource: &mut Resource,
        make: Make,
        set: &mut dyn FnMut(&mut Value) -> Result<(), String>,
    ) -> Result<(), String> {
        match self.fits(resource) {
            true => self.apply_to_any(resource, make, set),
            false => Ok(()),
        }
    }

    /// The same for whatever type.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub(crate) fn apply_to_any(
        &self,
        resource: &mut Resource,
        make: Make,
        set: &mut dyn FnMut(&mut Value) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut walk = Walk {
            create: self.create,
            make,
            set,
            links: &mut resource.history.links,
        };
        walk.enter(&mut resource.value, &self.names)
            .map_err(|problem| {
                let id = resource.current_id();
                format!(
                    "considering field '{}' of object {id}: {problem}",
                    self.path
                )
            })
    }

    fn changes_type(&self) -> bool {
        matches!(
            self.names.first().map(SmolStr::as_str),
            Some("apiVersion" | "kind")
        )
    }

    /// As [`Self::applies_to`], without making a type of what stands there.
    fn fits(&self, resource: &Resource) -> bool {
        let (group, version) = split_api_version(resource.api_version());
        let fits = |want: &str, have: &str| want.is_empty() || want == have;
        fits(&self.gvk.kind, resource.kind())
            && fits(&self.gvk.group, group)
            && fits(&self.gvk.version, version)
    }
}

/// Applies all specs, one after another.
///
/// # Errors
/// As [`FieldSpec::apply`].
pub(crate) fn apply_all(
    specs: &[FieldSpec],
    resource: &mut Resource,
    make: Make,
    set: &mut dyn FnMut(&mut Value) -> Result<(), String>,
) -> Result<(), String> {
    let mut gvk = resource.gvk();
    for spec in specs {
        if spec.applies_to(&gvk) {
            spec.apply_to_any(resource, make, set)?;
            if spec.changes_type() {
                gvk = resource.gvk();
            }
        }
    }
    Ok(())
}

/// Adds specs that are not there yet (upstream's `FsSlice.MergeAll`).
///
/// # Errors
/// When one is there with another `create`.
pub(crate) fn merge(specs: &mut Vec<FieldSpec>, added: &[FieldSpec]) -> Result<(), Conflict> {
    for spec in added {
        let same = |have: &&FieldSpec| have.path == spec.path && have.gvk.is_selected(&spec.gvk);
        match specs.iter().find(same) {
            Some(have) if have.create != spec.create => return Err(Conflict),
            Some(_) => {}
            None => specs.push(spec.clone()),
        }
    }
    Ok(())
}

/// At `/`; a backslash before one makes it part of the name. A first `/` is ignored.
pub(crate) fn split_path(path: &str) -> Vec<SmolStr> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let mut names: Vec<String> = Vec::new();
    for part in path.split('/') {
        match names.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('/');
                last.push_str(part);
            }
            _ => names.push(part.to_owned()),
        }
    }
    names.into_iter().map(SmolStr::from).collect()
}

struct Walk<'s> {
    create: bool,
    make: Make,
    set: &'s mut dyn FnMut(&mut Value) -> Result<(), String>,
    links: &'s mut Links,
}

impl Walk<'_> {
    fn enter(&mut self, node: &mut Value, names: &[SmolStr]) -> Result<(), String> {
        let Some((name, rest)) = names.split_first() else {
            return self.links.visit(node, |node| (self.set)(node));
        };
        match node {
            Value::Array(list) => {
                let mut items = list.items.iter_mut();
                items.try_for_each(|item| self.enter(item, names))
            }
            Value::Object(map) => self.enter_field(map, name, rest),
            Value::Scalar(scalar) if scalar.is_null() => Ok(()),
            Value::Scalar(_) => Err("expected sequence or mapping node".to_owned()),
        }
    }

    fn enter_field(&mut self, map: &mut Map, name: &str, rest: &[SmolStr]) -> Result<(), String> {
        let field = name.strip_suffix("[]").unwrap_or(name);
        if field.is_empty() {
            return Err("cannot set or create an empty field name".to_owned());
        }
        let is_list = field.len() < name.len();
        let makes = self.create && self.make != Make::Nothing && !is_list;
        if makes && !map.contains_key(field) {
            map.insert(field, self.made(rest.is_empty()));
        }
        let Some(value) = map.get_mut(field) else {
            return Ok(());
        };
        if value.is_null() && (is_list || makes) {
            self.fill(value, is_list, rest.is_empty());
        }
        self.enter(value, rest)
    }

    fn made(&self, is_last: bool) -> Value {
        match (self.make, is_last) {
            (Make::Scalar(_), true) => Scalar::untagged("").into(),
            _ => Value::Object(Map::new()),
        }
    }

    /// What upstream makes of a null on the path: a list is made even where nothing is created, and a scalar keeps its
    /// text.
    fn fill(&self, value: &mut Value, is_list: bool, is_last: bool) {
        match (self.make, value) {
            (_, value) if is_list => *value = Vec::new().into(),
            (Make::Scalar(tag), Value::Scalar(scalar)) if is_last => scalar.tag = tag,
            (_, value) => *value = Value::Object(Map::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::value::json;

    use super::*;

    fn set(path: &str, create: bool, before: Value) -> Result<Value, String> {
        let mut resource = Resource::new(before);
        FieldSpec::any(path, create).apply(&mut resource, Make::Scalar(Tag::Str), &mut |node| {
            *node = "x".into();
            Ok(())
        })?;
        Ok(resource.value)
    }

    #[test]
    fn paths_lead_through_lists_and_make_what_is_missing() {
        for (path, create, before, after) in [
            ("a/b", false, json!({}), json!({})),
            ("a/b", true, json!({}), json!({"a": {"b": "x"}})),
            (
                "a/b",
                false,
                json!({"a": [{"b": 1}, {}]}),
                json!({"a": [{"b": "x"}, {}]}),
            ),
            ("a[]/b", true, json!({}), json!({})),
            ("a[]/b", true, json!({"a": null}), json!({"a": []})),
            (
                "a/b\\/c",
                false,
                json!({"a": {"b/c": 1}}),
                json!({"a": {"b/c": "x"}}),
            ),
        ] {
            let set = set(path, create, before).and_then(|set| set.to_json());
            assert_eq!(set, after.to_json(), "{path}");
        }
        assert!(set("a/b", false, json!({"a": 1})).is_err());
    }

    #[test]
    fn specs_that_disagree_are_a_conflict() {
        let mut specs = vec![FieldSpec::any("a", true)];
        assert_eq!(
            merge(&mut specs, &[FieldSpec::any("a", false)]),
            Err(Conflict)
        );
        assert_eq!(merge(&mut specs, &[FieldSpec::any("a", true)]), Ok(()));
        assert_eq!(specs.len(), 1);
    }
}
